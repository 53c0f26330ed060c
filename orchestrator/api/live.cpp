#include "api/live.h"

#include <utility>

#include "base/log.h"

namespace reallive::api {
namespace {

const char* kind_of(const signaling::Session& session) {
  return session.kind == signaling::Kind::publish ? "publish" : "view";
}

/// Somebody wanted this end: the client left without DELETE, the camera was removed, the server stops.
bool is_orderly(std::string_view reason) {
  return reason.empty() || reason == "peer-closed" || reason == "removed" || reason == "shutdown" ||
         reason == "access-withdrawn";
}

/// Adds what a counter grew by, and remembers it. A counter that went back began anew.
uint64_t advance(uint64_t& known, uint64_t now) {
  const uint64_t before = std::exchange(known, now);
  return now >= before ? now - before : now;
}

}  // namespace

StatusWords status_words(media::StreamState state, bool was_there) {
  switch (state) {
    case media::StreamState::online:
      return {"online", "streaming"};
    case media::StreamState::idle:
      return {"online", "online"};
    case media::StreamState::connecting:
      return {"connecting", was_there ? "online" : "offline"};
    case media::StreamState::error:
      return {"error", "offline"};
    case media::StreamState::offline:
      break;
  }
  return {"offline", "offline"};
}

void Live::attach(const media::Media* media, std::function<void(const std::string&, const std::string&)> session_gone) {
  media_ = media;
  session_gone_ = std::move(session_gone);
}

void Live::stream_changed(const std::string& stream, const media::StreamStatus& status) {
  const StatusWords words = status_words(status.state, is_there(stream));
  Seen& seen = seen_[stream];
  if (status.state == media::StreamState::online || seen.status == "streaming") {
    seen.last_seen = base::format_time(clock_.now());
  }
  if (seen.stream_status == words.stream_status && seen.status == words.status && seen.error == status.error) return;
  const auto stored = cameras_.set_status(stream, words.stream_status, words.status);
  if (!stored && stored.error().code == "CAMERA_NOT_FOUND") {  // removed: nobody asks for it any more
    seen_.erase(stream);
    return;
  }
  seen.error = status.error;
  if (stored) {
    seen.stream_status = words.stream_status;
    seen.status = words.status;
  } else {  // the next report tries again
    base::log::warning("api", "a camera's status could not be stored",
                       {{"camera", stream}, {"why", stored.error().message}});
  }
  bus_.publish(events::CameraStatus{stream, words.stream_status, words.status, status.error, clock_.now()});
}

void Live::session_connected(const std::string& session) {
  base::log::debug("api", "session connected", {{"media", session}});
}

void Live::session_gone(const std::string& session, const std::string& reason) {
  if (session_gone_) session_gone_(session, reason);
}

void Live::session_started(const signaling::Session& session) {
  ++totals_.sessions_started;
  const auto camera = cameras_.find_anywhere(session.stream);
  Record& record = records_[session.media];
  catalog::NewSession row;
  row.camera_id = session.stream;
  row.organization_id = camera ? camera->organization_id : std::string();
  row.user_id = session.caller.user_id;
  row.kind = kind_of(session);
  row.protocol = "webrtc";
  row.remote_address = session.caller.remote_address;
  row.user_agent = session.caller.user_agent;
  if (auto id = sessions_.start(row)) {
    record.row = *id;
  } else {
    base::log::warning("api", "a session could not be recorded", {{"why", id.error().message}});
  }
  bus_.publish(events::SessionChanged{
      record.row, session.stream, session.caller.user_id, kind_of(session), true, {}, clock_.now()});
}

std::string Live::peer_started(catalog::NewSession row) {
  ++totals_.sessions_started;
  const auto camera = cameras_.find_anywhere(row.camera_id);
  row.organization_id = camera ? camera->organization_id : std::string();
  const auto id = sessions_.start(row);
  if (!id) {
    base::log::warning("api", "a session could not be recorded", {{"why", id.error().message}});
    return {};
  }
  bus_.publish(events::SessionChanged{*id, row.camera_id, row.user_id, row.kind, true, {}, clock_.now()});
  peers_.emplace(*id, std::move(row));
  return *id;
}

void Live::peer_ended(const std::string& id) {
  const auto node = peers_.extract(id);
  if (node.empty()) return;
  ++totals_.sessions_ended;
  if (const auto ended = sessions_.end(id, 0); !ended)
    base::log::warning("api", "a session's end could not be recorded", {{"why", ended.error().message}});
  const catalog::NewSession& row = node.mapped();
  bus_.publish(events::SessionChanged{id, row.camera_id, row.user_id, row.kind, false, {}, clock_.now()});
}

void Live::session_ended(const signaling::Session& session, std::string_view reason) {
  if (on_session_over) on_session_over(session, reason);
  ++totals_.sessions_ended;
  const std::string error(is_orderly(reason) ? std::string_view() : reason);
  if (!error.empty()) ++totals_.sessions_failed;
  const auto node = records_.extract(session.media);
  if (node.empty()) return;
  const Record& record = node.mapped();
  if (!record.row.empty()) {
    const auto ended = sessions_.end(record.row, static_cast<int64_t>(record.bytes), error);
    if (!ended) {
      base::log::warning("api", "a session's end could not be recorded", {{"why", ended.error().message}});
    }
  }
  bus_.publish(events::SessionChanged{record.row, session.stream, session.caller.user_id, kind_of(session), false,
                                      error, clock_.now()});
}

void Live::sample() {
  if (!media_) return;
  sampled_ = clock_.steady();
  for (const media::SessionStats& now : media_->sessions())
    take(now);
}

void Live::sample_one(const std::string& row) {
  if (!media_) return;
  if (const auto now = media_->session(media_session(row))) take(*now);
}

void Live::take(const media::SessionStats& now) {
  const auto found = records_.find(now.session);
  if (found == records_.end()) return;
  Record& record = found->second;
  record.catching_up = now.catching_up;
  const bool publishes = now.kind == "publish";
  (publishes ? totals_.packets_received : totals_.packets_sent) += advance(record.packets, now.packets);
  (publishes ? totals_.bytes_received : totals_.bytes_sent) += advance(record.bytes, now.bytes);
  const uint64_t again = advance(record.retransmissions, now.retransmissions);
  const uint64_t lost = advance(record.lost, now.lost);
  (publishes ? totals_.lost : totals_.lost_by_viewers) += lost;
  if (!publishes) totals_.retransmissions += again;
}

void Live::sample_soon() {
  if (clock_.steady() - sampled_ >= std::chrono::seconds(1)) sample();
}

std::string Live::media_session(const std::string& row) const {
  for (const auto& [media, record] : records_)
    if (record.row == row && !row.empty()) return media;
  return {};
}

std::string Live::row_of(const std::string& media_session) const {
  const auto found = records_.find(media_session);
  return found == records_.end() ? std::string() : found->second.row;
}

bool Live::catching_up(const std::string& row) const {
  const auto found = records_.find(media_session(row));
  return found != records_.end() && found->second.catching_up;
}

uint64_t Live::bytes_of(const std::string& row) const {
  const auto found = records_.find(media_session(row));
  return found == records_.end() ? 0 : found->second.bytes;
}

bool Live::is_there(const std::string& camera_id) const {
  const auto found = seen_.find(camera_id);
  return found != seen_.end() && (found->second.status == "online" || found->second.status == "streaming");
}

std::string Live::last_seen(const std::string& camera_id) const {
  const auto found = seen_.find(camera_id);
  return found == seen_.end() ? std::string() : found->second.last_seen;
}

}  // namespace reallive::api
