#include "media/rtc_sessions.h"

namespace reallive::media {

/// The element's words for its sessions.
struct RtcSessions::Names {
  const char* add;
  const char* remove;
  const char* stats;
  const char* id;
  const char* connected;
  const char* gone;
};

namespace {

// Every viewer begins with pictures that are a little old, and nobody notices.
constexpr uint64_t kNoticeablyBehindMs = 1000;

std::string string_of(const GstStructure* structure, const char* field) {
  const char* value = gst_structure_get_string(structure, field);
  return value ? value : "";
}

uint64_t count_of(const GstStructure* structure, const char* field) {
  guint64 value = 0;
  gst_structure_get_uint64(structure, field, &value);
  return value;
}

bool is(const GstStructure* structure, const char* field) {
  gboolean value = FALSE;
  return gst_structure_get_boolean(structure, field, &value) && value;
}

base::Error error_of(const GstStructure* structure) {
  if (!structure) return {"failed", "the WebRTC element gave no answer", {}};
  return {string_of(structure, "code"), string_of(structure, "reason"), {}};
}

/// Sums up the tracks of a session's statistics.
void add_tracks(const GstStructure* structure, SessionStats& stats) {
  const GValue* tracks = gst_structure_get_value(structure, "tracks");
  if (!tracks || !GST_VALUE_HOLDS_ARRAY(tracks)) return;
  for (guint i = 0; i < gst_value_array_get_size(tracks); ++i) {
    const GstStructure* track = gst_value_get_structure(gst_value_array_get_value(tracks, i));
    if (!track) continue;
    const std::string codec = string_of(track, "codec");
    (codec == "opus" || codec == "OPUS" ? stats.audio_codec : stats.video_codec) = codec;
    int lost = 0;
    if (gst_structure_get_int(track, "packets-lost", &lost) && lost > 0) stats.lost += static_cast<uint64_t>(lost);
    double rtt = 0;
    if (gst_structure_get_double(track, "round-trip-ms", &rtt)) stats.rtt_ms = std::max(stats.rtt_ms, rtt);
    stats.catching_up |= is(track, "catching-up") && count_of(track, "behind-ms") > kNoticeablyBehindMs;
  }
}

}  // namespace

RtcSessions::RtcSessions(Side side, Ref<GstElement> element, SessionEvents events)
    : side_(side),
      names_([side]() -> const Names& {
        static const Names view{"add-viewer", "remove-viewer",    "viewer-stats",
                                "viewer",     "viewer-connected", "viewer-gone"};
        static const Names publish{"publish",   "remove-publisher",    "publisher-stats",
                                   "publisher", "publisher-connected", "publisher-gone"};
        return side == Side::view ? view : publish;
      }()),
      element_(std::move(element)),
      events_(std::move(events)) {
  const auto post = mailbox_.poster();
  connected_ = Connection::make<void, const char*>(element_.get(), names_.connected, [this, post](const char* session) {
    post([this, id = std::string(session)] {
      if (contains(id)) events_.connected(id);
    });
  });
  gone_ = Connection::make<void, const char*, const char*>(
      element_.get(), names_.gone, [this, post](const char* session, const char* reason) {
        post([this, id = std::string(session), why = std::string(reason ? reason : "")] {
          if (sessions_.erase(id) > 0) events_.gone(id, why);
        });
      });
}

base::Result<SessionReply> RtcSessions::answer(const std::string& offer) {
  GstStructure* raw = nullptr;
  g_signal_emit_by_name(element_.get(), names_.add, offer.c_str(), nullptr, &raw);
  const StructurePtr structure(raw);
  if (!structure || !gst_structure_has_name(structure.get(), "answer"))
    return tl::unexpected(error_of(structure.get()));
  SessionReply reply{string_of(structure.get(), names_.id), string_of(structure.get(), "sdp")};
  sessions_.insert(reply.session);
  return reply;
}

bool RtcSessions::trickle(const std::string& session, const std::string& fragment) {
  gboolean known = FALSE;
  g_signal_emit_by_name(element_.get(), "add-candidates", session.c_str(), fragment.c_str(), &known);
  return known;
}

base::Result<std::string> RtcSessions::restart_ice(const std::string& session, const std::string& fragment) {
  if (!contains(session)) return base::fail("no-such-session", "this session has ended");
  GstStructure* raw = nullptr;
  g_signal_emit_by_name(element_.get(), "restart-ice", session.c_str(), fragment.c_str(), &raw);
  const StructurePtr structure(raw);
  if (!structure || !gst_structure_has_name(structure.get(), "answer"))
    return tl::unexpected(error_of(structure.get()));
  return string_of(structure.get(), "sdp");
}

bool RtcSessions::remove(const std::string& session) {
  gboolean known = FALSE;
  g_signal_emit_by_name(element_.get(), names_.remove, session.c_str(), &known);
  // Gone as of now, not when the element has said goodbye: a publisher that left may come back with its next request.
  if (known && sessions_.erase(session) > 0) events_.gone(session, "removed");
  return known;
}

void RtcSessions::announce(const std::string& addresses) {
  g_object_set(element_.get(), "announced-addresses", addresses.c_str(), nullptr);
}

void RtcSessions::close(const std::string& reason) {
  connected_.disconnect();
  gone_.disconnect();
  const std::set<std::string> ended = std::exchange(sessions_, {});
  for (const std::string& session : ended) {
    remove(session);
    events_.gone(session, reason);
  }
}

void RtcSessions::append_stats(const std::string& stream, std::vector<SessionStats>& to) const {
  for (const std::string& session : sessions_) {
    if (auto one = stats(stream, session)) to.push_back(std::move(*one));
  }
}

std::optional<SessionStats> RtcSessions::stats(const std::string& stream, const std::string& session) const {
  if (!contains(session)) return std::nullopt;
  GstStructure* raw = nullptr;
  g_signal_emit_by_name(element_.get(), names_.stats, session.c_str(), &raw);
  const StructurePtr structure(raw);
  if (!structure) return std::nullopt;
  SessionStats stats;
  stats.session = session;
  stats.stream = stream;
  stats.kind = side_ == Side::view ? "view" : "publish";
  stats.remote_address = string_of(structure.get(), "remote-address");
  stats.srtp_profile = string_of(structure.get(), "srtp-profile");
  stats.connected = is(structure.get(), "connected");
  const char* direction = side_ == Side::view ? "sent" : "received";
  stats.packets = count_of(structure.get(), (std::string("packets-") + direction).c_str());
  stats.bytes = count_of(structure.get(), (std::string("bytes-") + direction).c_str());
  stats.retransmissions = count_of(structure.get(), "packets-repeated");
  add_tracks(structure.get(), stats);
  return stats;
}

}  // namespace reallive::media
