// POST /api/v1/cameras/{id}/stream-key, and the same below /api/cameras: a new key, when somebody may know the old one.
#include "api/camera_json.h"
#include "api/context.h"

namespace reallive::api {
namespace {

void renew(Context& context, const http::Reply& reply) {
  context.with_camera(reply, auth::Action::change,
                      [&context, reply](const auth::Principal&, const catalog::Camera& camera) {
                        const auto renewed = context.deps.cameras.new_stream_key(camera.organization_id, camera.id);
                        if (!renewed) return reply_error(reply, renewed.error());
                        // Who came with the old key goes; who came with an account of their own stays.
                        context.endpoint.end_where(
                            [&](const std::string& stream, signaling::Kind kind, const signaling::Caller& caller) {
                              return stream == camera.id && kind == signaling::Kind::publish && caller.user_id.empty();
                            },
                            "access-withdrawn");
                        reply(http::Response::json(camera_json(*renewed, true)).with("ETag", camera_etag(*renewed)));
                      });
}

}  // namespace

void install_camera_key(http::Router& router, Context& context) {
  for (const std::string prefix : {"/api/v1/cameras", "/api/cameras"}) {
    router.add("POST", prefix + "/{id}/stream-key",
               [&context](const http::RequestPtr&, const http::Reply& reply) { renew(context, reply); });
  }
}

}  // namespace reallive::api
