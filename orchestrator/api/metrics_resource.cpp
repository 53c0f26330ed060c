// GET /metrics in Prometheus' text format, for admins, and without credentials from this machine itself.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "api/context.h"
#include "reallive-config.h"

namespace reallive::api {
namespace {

/// A reverse proxy on this machine speaks for somebody else. So does a browser whose page comes from a name that its
/// owner let point here (DNS rebinding): such a request names another host.
bool is_this_machine(const http::Request& request) {
  const bool loopback = request.remote_address.rfind("127.", 0) == 0 || request.remote_address == "::1";
  const std::string host = request.host.substr(0, request.host.rfind(':'));
  const bool named_so = host == "localhost" || host.rfind("127.", 0) == 0 || host == "[::1]" || request.host == "[::1]";
  return loopback && named_so && !request.headers.has("X-Forwarded-For") && !request.headers.has("Forwarded") &&
         !request.headers.has("X-Real-IP");
}

struct StreamFigures {
  std::string stream;
  media::StreamStatus status;
};

void write_streams(MetricsText& text, const std::vector<StreamFigures>& streams) {
  static constexpr std::array<std::pair<media::StreamState, const char*>, 5> states = {{
      {media::StreamState::offline, "offline"},
      {media::StreamState::connecting, "connecting"},
      {media::StreamState::online, "online"},
      {media::StreamState::error, "error"},
      {media::StreamState::idle, "idle"},
  }};
  text.family("reallive_streams", "gauge", "Cameras by the state of their stream.");
  for (const auto& state : states) {
    const auto is = [&](const StreamFigures& figures) { return figures.status.state == state.first; };
    text.sample(static_cast<double>(std::count_if(streams.begin(), streams.end(), is)), {{"state", state.second}});
  }
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    text.family(name, type, help);
    for (const StreamFigures& figures : streams)
      text.sample(static_cast<double>(value(figures.status)), {{"stream", figures.stream}});
  };
  each("reallive_stream_viewers", "gauge", "Viewers of a stream.", [](const auto& status) { return status.viewers; });
  each("reallive_stream_bitrate", "gauge", "Bits a second that come in.",
       [](const auto& status) { return status.bitrate; });
  each("reallive_stream_fps", "gauge", "Frames a second that come in.", [](const auto& status) { return status.fps; });
  each("reallive_stream_received_bytes_total", "counter", "Bytes of media that came in since the source started.",
       [](const auto& status) { return status.bytes_in; });
  each("reallive_stream_dropped_frames_total", "counter",
       "Pictures that were lost or left out since the source started.",
       [](const auto& status) { return status.dropped_frames; });
  // A stream from which nothing comes has no newest picture.
  const auto flowing = [&](const char* name, const char* help, auto value) {
    text.family(name, "gauge", help);
    for (const StreamFigures& figures : streams) {
      const std::optional<double> seconds = value(figures.status);
      if (figures.status.state == media::StreamState::online && seconds)
        text.sample(*seconds, {{"stream", figures.stream}, {"clock", figures.status.capture_time}});
    }
  };
  flowing("reallive_stream_capture_age_seconds",
          "Since the newest picture was made, by the clock of its sender or from its arrival.",
          [](const auto& status) { return status.capture_age_s; });
  flowing(
      "reallive_stream_latency_seconds",
      "How old pictures are when they come, by the clock of their sender (median of a second).",
      [](const auto& status) { return status.latency_ms ? std::optional(*status.latency_ms / 1000) : std::nullopt; });
}

void write_sessions(MetricsText& text, Context& context) {
  context.deps.live.sample();
  double viewers = 0, publishers = 0, connected = 0;
  for (const media::SessionStats& session : context.deps.media.sessions()) {
    (session.kind == "publish" ? publishers : viewers) += 1;
    connected += session.connected ? 1 : 0;
  }
  const Totals& totals = context.deps.live.totals();
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    text.family(name, "counter", help).sample(static_cast<double>(value));
  };
  text.family("reallive_sessions", "gauge", "WebRTC sessions.")
      .sample(viewers, {{"kind", "view"}})
      .sample(publishers, {{"kind", "publish"}});
  text.family("reallive_viewers", "gauge", "Viewers of all streams.").sample(viewers);
  text.family("reallive_sessions_connected", "gauge", "WebRTC sessions whose connection is up.").sample(connected);
  counter("reallive_sessions_started_total", "Sessions that were answered.", totals.sessions_started);
  counter("reallive_sessions_ended_total", "Sessions that ended.", totals.sessions_ended);
  counter("reallive_sessions_failed_total", "Sessions that ended without being asked to.", totals.sessions_failed);
  counter("reallive_webrtc_sent_packets_total", "RTP packets sent to viewers.", totals.packets_sent);
  counter("reallive_webrtc_sent_bytes_total", "Bytes sent to viewers.", totals.bytes_sent);
  counter("reallive_webrtc_retransmissions_total", "RTP packets sent again on request.", totals.retransmissions);
  counter("reallive_webrtc_received_packets_total", "RTP packets received from publishers.", totals.packets_received);
  counter("reallive_webrtc_received_bytes_total", "Bytes received from publishers.", totals.bytes_received);
  counter("reallive_webrtc_viewers_lost_packets_total", "RTP packets that viewers report as lost.",
          totals.lost_by_viewers);
  counter("reallive_webrtc_lost_packets_total", "RTP packets of publishers that never came.", totals.lost);
}

void write_all(Context& context, const http::Reply& reply) {
  const auto cameras = context.deps.cameras.all();
  if (!cameras) return reply_error(reply, cameras.error());
  std::vector<StreamFigures> streams;
  for (const catalog::Camera& camera : *cameras)
    streams.push_back({camera.stream, context.deps.media.status(camera.id)});
  MetricsText text;
  text.family("reallive_build_info", "gauge", "Version of this server; always 1.")
      .sample(1, {{"version", REALLIVE_VERSION}});
  write_streams(text, streams);
  write_sessions(text, context);
  context.metrics.write(text);
  write_process_metrics(text);
  reply(http::Response::text(text.text(), "text/plain; version=0.0.4; charset=utf-8"));
}

}  // namespace

void install_metrics(http::Router& router, Context& context) {
  router.add("GET", "/metrics", [&context](const http::RequestPtr& request, const http::Reply& reply) {
    if (is_this_machine(*request) && !request->headers.has("Authorization")) return write_all(context, reply);
    context.require(reply, [&context, reply](const auth::Principal& principal) {
      if (const auto refusal = access_error(auth::can_manage_users(principal))) return reply_error(reply, *refusal);
      // The figures are the whole server's, so they are for those who run it and not for every tenant's admin.
      if (principal.organization_id != auth::default_organization) {
        return reply.error(403, "AUTH_INSUFFICIENT_PERMISSIONS", "Metrics are for the admins of this server.");
      }
      write_all(context, reply);
    });
  });
}

}  // namespace reallive::api
