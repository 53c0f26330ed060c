#include "rtc/source_structures.h"

#include <algorithm>

namespace reallive::rtc {

namespace {

constexpr GType kCount = G_TYPE_UINT64;

StructurePtr to_structure(const TrackStats& track) {
  return StructurePtr(gst_structure_new(
      "track", "codec", G_TYPE_STRING, std::string(to_string(track.codec)).c_str(), "ssrc", G_TYPE_UINT, track.ssrc,
      "packets", kCount, track.packets, "bytes", kCount, track.bytes, "frames", kCount, track.frames,
      "packets-repaired", kCount, track.repaired, "packets-lost", G_TYPE_INT,
      static_cast<gint>(std::min<uint64_t>(G_MAXINT, track.given_up)), "packets-duplicate", kCount, track.duplicates,
      "packets-refused", kCount, track.rejected, "packets-asked-again", kCount, track.nacks, "key-frame-requests",
      kCount, track.keyframe_requests, "restarts", kCount, track.restarts, "jitter-ms", G_TYPE_DOUBLE,
      static_cast<double>(track.jitter_us) / 1000, "round-trip-ms", G_TYPE_DOUBLE,
      static_cast<double>(track.rtt_us) / 1000, "sender-time", G_TYPE_BOOLEAN, track.sender_time, nullptr));
}

struct Sums {
  uint64_t packets = 0, bytes = 0, repaired = 0, lost = 0;
};

Sums sums_of(const PublisherStats& stats) {
  Sums sums;
  for (const TrackStats& track : stats.tracks) {
    sums.packets += track.packets;
    sums.bytes += track.bytes;
    sums.repaired += track.repaired;
    sums.lost += track.given_up;
  }
  return sums;
}

}  // namespace

StructurePtr to_structure(const Result<PublisherAnswer>& answer) {
  if (!answer) {
    return StructurePtr(gst_structure_new("error", "code", G_TYPE_STRING, answer.error().code.c_str(), "reason",
                                          G_TYPE_STRING, answer.error().message.c_str(), nullptr));
  }
  return StructurePtr(gst_structure_new("answer", "publisher", G_TYPE_STRING, answer->publisher.c_str(), "sdp",
                                        G_TYPE_STRING, answer->sdp.c_str(), nullptr));
}

StructurePtr to_structure(const PublisherReport& report) {
  GValue tracks = G_VALUE_INIT;
  gst_value_array_init(&tracks, static_cast<guint>(report.stats.tracks.size()));
  for (const TrackStats& track : report.stats.tracks) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value, to_structure(track).release());
    gst_value_array_append_and_take_value(&tracks, &value);
  }
  const SessionStats& session = report.stats.session;
  const Sums sums = sums_of(report.stats);
  StructurePtr structure(gst_structure_new(
      "publisher-stats", "publisher", G_TYPE_STRING, report.publisher.c_str(), "connected", G_TYPE_BOOLEAN,
      session.connected, "srtp-profile", G_TYPE_STRING, session.srtp_profile.c_str(), "remote-address", G_TYPE_STRING,
      session.remote_address.c_str(), "packets", kCount, sums.packets, "bytes", kCount, sums.bytes, "packets-repaired",
      kCount, sums.repaired, "packets-lost", kCount, sums.lost, "packets-received", kCount, session.packets_received,
      "bytes-received", kCount, session.bytes_received, "packets-rejected", kCount,
      session.packets_rejected + report.stats.rejected, "bytes-sent", kCount, session.bytes_sent, "path-changes",
      kCount, session.path_changes, "remb-bps", kCount, report.stats.bandwidth_estimate, nullptr));
  gst_structure_take_value(structure.get(), "tracks", &tracks);
  return structure;
}

StructurePtr to_structure(const SourceTotals& totals, const std::optional<PublisherStats>& publisher,
                          const EndpointStats& endpoint) {
  const Sums sums = publisher ? sums_of(*publisher) : Sums{};
  return StructurePtr(gst_structure_new(
      "rtcsrc-stats", "publishing", G_TYPE_BOOLEAN, totals.publishing, "connected", G_TYPE_BOOLEAN, totals.connected,
      "publishers-total", kCount, totals.publishers, "packets", kCount, sums.packets, "bytes", kCount, sums.bytes,
      "packets-repaired", kCount, sums.repaired, "packets-lost", kCount, sums.lost, "sessions", G_TYPE_UINT,
      endpoint.sessions, "packets-received", kCount, endpoint.packets_received, "strangers", kCount, endpoint.strangers,
      "checks-answered", kCount, endpoint.checks_answered, "checks-refused", kCount, endpoint.checks_refused,
      "handshakes", kCount, endpoint.handshakes, "handshakes-deferred", kCount, endpoint.handshakes_deferred, nullptr));
}

}  // namespace reallive::rtc
