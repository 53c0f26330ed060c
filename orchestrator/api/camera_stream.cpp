// GET /api/v1/cameras/{id}/stream and …/stream/webrtc (where to connect) and …/status (how it goes), and the same below
// /api/cameras.
#include <utility>

#include "api/context.h"
#include "api/json_output.h"
#include "pipeline/camera_source.h"

namespace reallive::api {
namespace {

/// `ws://…` of `http://…`, `wss://…` of `https://…`.
std::string signaling_url(const std::string& base) {
  return "ws" + base.substr(4) + "/ws/signaling";
}

/// What a WebRTC client needs, and nothing else. `token` is for the address, or for joining the room.
void webrtc(Context& context, const http::Reply& reply) {
  context.with_camera(
      reply, auth::Action::watch, [&context, reply](const auth::Principal& principal, const catalog::Camera& camera) {
        const std::string base = context.base_url(*reply.request());
        const auto token = context.deps.authenticator.issue_stream_token(principal, camera.id, auth::StreamUse::view);
        if (!token) return reply_error(reply, token.error());
        reply(http::Response::json(base::Json::object({
            {"whep", base + "/whep/" + camera.stream},
            {"iceServers", context.ice_servers_json(principal.user_id)},
            {"signaling", signaling_url(base)},
            {"token", token->token},
            {"expiresAt", base::format_time(token->expires_at)},
        })));
      });
}

/// Addresses of protocols that this server does not speak are null. Each carries a token of its own: whoever opens it
/// may not be able to send a header.
void stream(Context& context, const http::Reply& reply) {
  context.with_camera(
      reply, auth::Action::watch, [&context, reply](const auth::Principal& principal, const catalog::Camera& camera) {
        const std::string base = context.base_url(*reply.request());
        const auto source = pipeline::parse_camera_source(camera.source.url);
        const bool publishable =
            source && source->kind == pipeline::CameraSource::Kind::publish &&
            auth::can(principal, auth::Action::publish, resource_of(camera)) == auth::Access::allowed;
        auto& authenticator = context.deps.authenticator;
        const auto view = authenticator.issue_stream_token(principal, camera.id, auth::StreamUse::view);
        const auto publish = authenticator.issue_stream_token(principal, camera.id, auth::StreamUse::publish);
        if (!view || !publish) return reply_error(reply, view ? publish.error() : view.error());
        const auto address = [&](const std::string& path, const auth::IssuedToken& token) {
          return base::Json(base + path + camera.stream + "?token=" + token.token);
        };
        // A browser's WebSocket sends no header either. It joins as a viewer: who publishes has a token of its own.
        const std::string signaling = signaling_url(base) + "?token=" + view->token;
        reply(http::Response::json(base::Json::object({
            {"whep", address("/whep/", *view)},
            {"whip", publishable ? address("/whip/", *publish) : base::Json()},
            {"hls", nullptr},
            {"mse", nullptr},
            {"rtsp", nullptr},
            {"rtmp", nullptr},
            {"srt", nullptr},
            {"snapshot", nullptr},
            {"iceServers", context.ice_servers_json(principal.user_id)},
            {"signaling", signaling},
            {"expiresAt", base::format_time(view->expires_at)},
        })));
      });
}

/// Who only watches hears of the picture, not of who else watches, where the camera is and since when it is gone.
void status(Context& context, const http::Reply& reply) {
  context.with_camera(
      reply, auth::Action::watch, [&context, reply](const auth::Principal& principal, const catalog::Camera& camera) {
        const bool all = may_view(principal, camera);
        const auto when_all = [all](base::Json value) { return all ? std::move(value) : base::Json(); };
        const media::StreamStatus now = context.deps.media.status(camera.id);
        const StatusWords words = status_words(now.state, context.deps.live.is_there(camera.id));
        const std::string error = all ? now.error : fault_for_watchers(now.error);
        const bool flows = now.state == media::StreamState::online;
        const auto when_flowing = [flows](base::Json value) { return flows ? std::move(value) : base::Json(); };
        const std::string size =
            now.width > 0 ? std::to_string(now.width) + "x" + std::to_string(now.height) : std::string();
        reply(http::Response::json(base::Json::object({
            {"status", words.status},
            {"streamStatus", words.stream_status},
            {"lastSeen", when_all(text_or_null(context.deps.live.last_seen(camera.id)))},
            {"nodeId", when_all(text_or_null(camera.assigned_node))},
            {"viewerCount", when_all(now.viewers)},
            {"fps", when_flowing(now.fps)},
            {"bitrate", when_flowing(now.bitrate)},
            {"droppedFrames", when_flowing(static_cast<int64_t>(now.dropped_frames))},
            {"resolution", text_or_null(size)},
            {"codec", text_or_null(now.video_codec)},
            {"audioCodec", text_or_null(now.audio_codec)},
            {"bFrames", when_flowing(now.b_frames ? base::Json(*now.b_frames) : base::Json())},
            {"latencyMs", when_flowing(now.latency_ms ? base::Json(*now.latency_ms) : base::Json())},
            {"captureTime", text_or_null(flows ? now.capture_time : std::string())},
            {"conversions", strings_json(now.conversions)},
            {"error", text_or_null(error)},
            {"reason", text_or_null(error.empty() && all ? now.note : error)},
            {"startMs", when_all(now.start_ms ? base::Json(static_cast<int64_t>(*now.start_ms)) : base::Json())},
        })));
      });
}

}  // namespace

void install_camera_stream(http::Router& router, Context& context) {
  for (const std::string prefix : {"/api/v1/cameras", "/api/cameras"}) {
    router.add("GET", prefix + "/{id}/stream",
               [&context](const http::RequestPtr&, const http::Reply& reply) { stream(context, reply); });
    router.add("GET", prefix + "/{id}/stream/webrtc",
               [&context](const http::RequestPtr&, const http::Reply& reply) { webrtc(context, reply); });
    router.add("GET", prefix + "/{id}/status",
               [&context](const http::RequestPtr&, const http::Reply& reply) { status(context, reply); });
  }
}

}  // namespace reallive::api
