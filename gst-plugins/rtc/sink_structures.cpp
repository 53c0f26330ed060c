#include "rtc/sink_structures.h"

#include <algorithm>

namespace reallive::rtc {

namespace {

constexpr GType kCount = G_TYPE_UINT64;

StructurePtr to_structure(const ViewerTrackStats& track) {
  const TrackSenderStats& sender = track.sender;
  return StructurePtr(gst_structure_new(
      "track", "codec", G_TYPE_STRING, codec_name(track.codec), "packets", kCount, sender.packets, "bytes", kCount,
      sender.bytes, "frames", kCount, sender.frames, "key-frames", kCount, sender.key_frames, "frames-skipped", kCount,
      track.frames_skipped, "packets-repeated", kCount, sender.packets_repeated, "packets-asked-again", kCount,
      sender.packets_asked_again, "repeats-refused", kCount, sender.repeats_refused, "packets-refused", kCount,
      sender.packets_refused, "packets-lost", G_TYPE_INT, sender.packets_lost, "fraction-lost", G_TYPE_DOUBLE,
      sender.fraction_lost / 256.0, "jitter-ms", G_TYPE_DOUBLE, sender.jitter_ms, "round-trip-ms", G_TYPE_DOUBLE,
      sender.round_trip_ms, "rtx", G_TYPE_BOOLEAN, track.rtx, "catching-up", G_TYPE_BOOLEAN, track.catching_up,
      "behind-ms", kCount, static_cast<guint64>(std::max<int64_t>(track.behind.count(), 0)), nullptr));
}

}  // namespace

StructurePtr to_structure(const Result<ViewerAnswer>& answer, const char* id_field) {
  if (!answer) {
    return StructurePtr(gst_structure_new("error", "code", G_TYPE_STRING, answer.error().code.c_str(), "reason",
                                          G_TYPE_STRING, answer.error().message.c_str(), nullptr));
  }
  return StructurePtr(gst_structure_new("answer", id_field, G_TYPE_STRING, answer->viewer.c_str(), "sdp", G_TYPE_STRING,
                                        answer->sdp.c_str(), nullptr));
}

StructurePtr to_structure(const ViewerReport& report) {
  uint64_t packets = 0;
  uint64_t repeated = 0;
  GValue tracks = G_VALUE_INIT;
  gst_value_array_init(&tracks, static_cast<guint>(report.viewer.tracks.size()));
  for (const auto& track : report.viewer.tracks) {
    packets += track.sender.packets;
    repeated += track.sender.packets_repeated;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value, to_structure(track).release());
    gst_value_array_append_and_take_value(&tracks, &value);
  }
  const SessionStats& session = report.session;
  StructurePtr structure(gst_structure_new(
      "viewer-stats", "viewer", G_TYPE_STRING, report.id.c_str(), "connected", G_TYPE_BOOLEAN, session.connected,
      "srtp-profile", G_TYPE_STRING, session.srtp_profile.c_str(), "remote-address", G_TYPE_STRING,
      session.remote_address.c_str(), "packets-sent", kCount, packets, "packets-repeated", kCount, repeated,
      "bytes-sent", kCount, session.bytes_sent, "packets-received", kCount, session.packets_received,
      "packets-rejected", kCount, session.packets_rejected, "path-changes", kCount, session.path_changes,
      "picture-losses", kCount, report.viewer.picture_losses, "remb-bps", kCount, report.viewer.remb_bps, nullptr));
  gst_structure_take_value(structure.get(), "tracks", &tracks);
  return structure;
}

StructurePtr to_structure(const StreamStats& stats, const EndpointStats& endpoint) {
  return StructurePtr(gst_structure_new(
      "rtcsink-stats", "viewers", G_TYPE_UINT, stats.viewers, "viewers-connected", G_TYPE_UINT, stats.viewers_connected,
      "viewers-total", kCount, stats.viewers_total, "frames-in", kCount, stats.frames_in, "bytes-in", kCount,
      stats.bytes_in, "units-refused", kCount, stats.units_refused, "key-frame-requests", kCount,
      stats.key_frame_requests, "packets-sent", kCount, stats.packets_sent, "bytes-sent", kCount, stats.bytes_sent,
      "packets-repeated", kCount, stats.packets_repeated, "packets-refused", kCount, stats.packets_refused,
      "frames-lost", kCount, stats.frames_lost, "cached-bytes", kCount, stats.cached_bytes, "cached-ms", kCount,
      static_cast<guint64>(stats.cached_span.count()), "bitrate-bps", kCount, stats.bitrate, "sessions", G_TYPE_UINT,
      endpoint.sessions, "packets-received", kCount, endpoint.packets_received, "strangers", kCount, endpoint.strangers,
      "checks-answered", kCount, endpoint.checks_answered, "checks-refused", kCount, endpoint.checks_refused,
      "handshakes", kCount, endpoint.handshakes, "handshakes-deferred", kCount, endpoint.handshakes_deferred, nullptr));
}

}  // namespace reallive::rtc
