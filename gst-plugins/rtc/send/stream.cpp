#include "rtc/send/stream.h"

#include <algorithm>
#include <set>

#include "rtc/transport/answer.h"

namespace reallive::rtc {

namespace {

constexpr auto kKeyFramePause = std::chrono::milliseconds(500);

int64_t rtp_time(int64_t running_ns, CodecKind codec) {
  return static_cast<int64_t>(static_cast<__int128>(running_ns) * codec_clock_rate(codec) / 1'000'000'000);
}

}  // namespace

Stream::Stream(const CacheLimits& limits, std::shared_ptr<Listener> listener)
    : listener_(std::move(listener)), history_(limits) {}

size_t Stream::add_track() {
  std::lock_guard lock(mutex_);
  tracks_.emplace_back();
  return tracks_.size() - 1;
}

void Stream::remove_track(size_t track) {
  std::lock_guard lock(mutex_);
  tracks_[track] = {};
  tracks_[track].present = false;
}

void Stream::set_codec(size_t index, CodecKind codec, const std::string& profile) {
  bool changed;
  {
    std::lock_guard lock(mutex_);
    Track& track = tracks_[index];
    track.profile = profile;
    if (track.codec == codec) return;
    changed = track.codec.has_value();
    ++generation_;
    track.codec = codec;
    track.payloader = make_payloader(codec);
  }
  if (!changed) return;
  stop("codec-changed");
  std::lock_guard lock(mutex_);
  forget_frames();
}

bool Stream::ready() const {
  std::lock_guard lock(mutex_);
  bool any = false;
  for (const auto& track : tracks_) {
    if (track.present && !track.codec) return false;
    any = any || track.present;
  }
  return any;
}

Result<void> Stream::push(size_t index, Bytes access_unit, const UnitTime& time) {
  std::shared_ptr<Payloader> payloader;
  FrameMeta meta;
  {
    std::lock_guard lock(mutex_);
    const Track& track = tracks_[index];
    if (!track.codec) return fail("not-ready", "the track has no codec yet");
    payloader = track.payloader;
    meta.rtp_time = rtp_time(time.running_ns, *track.codec);
    meta.capture_unix_ns = time.capture_unix_ns;
  }
  auto frame = payloader->packetize(access_unit, meta);  // only this track's thread uses its payloader
  const std::string profile = frame ? payloader->profile() : std::string();

  bool key_frame_wanted;
  {
    std::lock_guard lock(mutex_);
    if (!frame) {
      ++totals_.units_refused;
      return tl::unexpected(frame.error());
    }
    ++totals_.frames_in;
    totals_.bytes_in += access_unit.size();
    if (!profile.empty()) tracks_[index].profile = profile;
    zero_ = time.zero;
    const FrameHistory::Entry entry{std::move(*frame), index, time.arrival};
    key_frame_wanted = history_.push(entry);
    for (const auto& [shard, shared] : shares_)
      key_frame_wanted = shared.share->post(entry, zero_) || key_frame_wanted;
  }
  if (key_frame_wanted) on_key_frame_wanted(index);
  return {};
}

void Stream::reset() {
  std::lock_guard lock(mutex_);
  ++generation_;
  for (auto& track : tracks_) {
    track.codec.reset();
    track.payloader.reset();
  }
  forget_frames();
}

void Stream::set_limits(const CacheLimits& limits) {
  std::lock_guard lock(mutex_);
  history_ = FrameHistory(limits);
}

// Under the mutex.
void Stream::forget_frames() {
  history_.clear();
  for (const auto& [shard, shared] : shares_) {
    shared.share->shard()->post([share = shared.share] { share->clear(); });
  }
}

Result<ViewerAnswer> Stream::add_viewer(Endpoint& endpoint, std::string_view offer_text,
                                        const std::vector<std::string>& announced) {
  if (!ready()) return fail("not-ready", "the stream has no media yet");
  auto offer = sdp::parse(offer_text, endpoint.max_sdp_bytes());
  if (!offer) return tl::unexpected(offer.error());

  const Codecs now = codecs();
  auto plan = negotiate_viewer(*offer, now.descriptions);
  if (!plan) return tl::unexpected(plan.error());
  for (auto& track : plan->tracks)
    track.track = now.numbers[track.track];
  auto remote = remote_transport_of(*offer);
  if (!remote) return tl::unexpected(remote.error());
  auto session = endpoint.create_session(std::move(*remote));
  if (!session) return tl::unexpected(session.error());

  finish_answer(plan->answer, (*session)->local_credentials(), endpoint.fingerprint(), endpoint.candidates(announced));
  ViewerAnswer answer{(*session)->id(), sdp::write(plan->answer)};
  std::shared_ptr<ViewerSession> viewer;
  {
    std::lock_guard lock(mutex_);
    if (generation_ != now.generation) return fail("not-ready", "the stream has just changed its codecs");
    viewer =
        std::make_shared<ViewerSession>(*session, share_for(*session), weak_from_this(), std::move(*plan), now.kinds);
    viewers_[answer.viewer] = viewer;
    ++totals_.viewers_total;
  }
  (*session)->start(viewer);
  return answer;
}

Stream::Codecs Stream::codecs() const {
  std::lock_guard lock(mutex_);
  Codecs codecs;
  codecs.generation = generation_;
  for (size_t index = 0; index < tracks_.size(); ++index) {
    const Track& track = tracks_[index];
    codecs.kinds.push_back(track.codec.value_or(CodecKind::kOpus));
    if (!track.present || !track.codec) continue;
    codecs.descriptions.push_back({*track.codec, track.profile});
    codecs.numbers.push_back(index);
  }
  return codecs;
}

// Under the mutex, so that the copy of the cache and the frames that follow join without a gap.
std::shared_ptr<StreamShare> Stream::share_for(const std::shared_ptr<Session>& session) {
  SharedBy& shared = shares_[&session->shard()];
  if (!shared.share) shared.share = std::make_shared<StreamShare>(session->shared_shard(), history_, zero_);
  ++shared.viewers;
  return shared.share;
}

std::shared_ptr<ViewerSession> Stream::find(const std::string& viewer) const {
  std::lock_guard lock(mutex_);
  const auto found = viewers_.find(viewer);
  return found == viewers_.end() ? nullptr : found->second;
}

bool Stream::add_candidates(const Endpoint& endpoint, const std::string& viewer, std::string_view fragment) {
  return find(viewer) && sdp::parse_fragment(fragment, endpoint.max_sdp_bytes()).has_value();
}

Result<ViewerAnswer> Stream::restart_ice(Endpoint& endpoint, const std::string& id, std::string_view fragment_text,
                                         const std::vector<std::string>& announced) {
  auto fragment = sdp::parse_fragment(fragment_text, endpoint.max_sdp_bytes());
  if (!fragment) return tl::unexpected(fragment.error());
  if (fragment->ufrag().empty() || fragment->pwd().empty()) {
    return fail("bad-offer", "the fragment has no a=ice-ufrag and a=ice-pwd");
  }
  const auto viewer = find(id);
  if (!viewer) return fail("failed", "there is no such viewer");
  const IceCredentials local = viewer->session()->restart_ice({fragment->ufrag(), fragment->pwd()});
  return ViewerAnswer{id, restart_answer(local, endpoint.candidates(announced))};
}

bool Stream::remove_viewer(const std::string& id, const std::string& reason) {
  const auto viewer = find(id);
  if (viewer) viewer->session()->close(reason);
  return viewer != nullptr;
}

void Stream::stop(const std::string& reason) {
  std::vector<std::shared_ptr<ViewerSession>> viewers;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, viewer] : viewers_)
      viewers.push_back(viewer);
  }
  std::set<Shard*> shards;
  for (const auto& viewer : viewers) {
    viewer->session()->close(reason);
    shards.insert(&viewer->session()->shard());
  }
  for (auto* shard : shards)
    shard->run([] {});
}

void Stream::on_viewer_connected(const std::string& viewer) {
  {
    std::lock_guard lock(mutex_);
    ++totals_.viewers_connected;
  }
  listener_->on_viewer_connected(viewer);
}

void Stream::on_viewer_gone(const std::string& id, const std::string& reason) {
  std::shared_ptr<ViewerSession> viewer;
  {
    std::lock_guard lock(mutex_);
    const auto found = viewers_.find(id);
    if (found == viewers_.end()) return;
    viewer = std::move(found->second);
    viewers_.erase(found);
    if (viewer->session()->connected()) --totals_.viewers_connected;
    const auto shared = shares_.find(&viewer->session()->shard());
    if (--shared->second.viewers == 0) {
      totals_.frames_lost += shared->second.share->frames_lost();
      shares_.erase(shared);
    }
  }
  listener_->on_viewer_gone(id, reason);
}

void Stream::on_key_frame_wanted(size_t index) {
  {
    std::lock_guard lock(mutex_);
    Track& track = tracks_[index];
    const TimePoint now = Clock::now();
    if (!track.present || now - track.key_frame_asked < kKeyFramePause) return;
    track.key_frame_asked = now;
    ++totals_.key_frame_requests;
  }
  listener_->on_key_frame_wanted(index);
}

std::optional<ViewerReport> Stream::viewer_stats(const std::string& id) const {
  const auto viewer = find(id);
  if (!viewer) return std::nullopt;
  return viewer->report();
}

StreamStats Stream::stats() const {
  std::vector<std::shared_ptr<ViewerSession>> viewers;
  StreamStats stats;
  {
    std::lock_guard lock(mutex_);
    stats = totals_;
    stats.viewers = static_cast<unsigned>(viewers_.size());
    stats.cached_bytes = history_.bytes();
    stats.cached_span = std::chrono::duration_cast<std::chrono::milliseconds>(history_.span());
    for (size_t index = 0; index < tracks_.size(); ++index)
      stats.bitrate += history_.bitrate(index);
    for (const auto& [shard, shared] : shares_)
      stats.frames_lost += shared.share->frames_lost();
    for (const auto& [id, viewer] : viewers_)
      viewers.push_back(viewer);
  }
  for (const auto& viewer : viewers) {
    const ViewerReport report = viewer->report();
    stats.bytes_sent += report.session.bytes_sent;
    for (const auto& track : report.viewer.tracks) {
      stats.packets_sent += track.sender.packets;
      stats.packets_repeated += track.sender.packets_repeated;
      stats.packets_refused += track.sender.packets_refused;
    }
  }
  return stats;
}

}  // namespace reallive::rtc
