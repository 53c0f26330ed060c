// POST /api/v1/cameras/test and the same below /api/cameras: tries a source once, before or after a camera has it.
#include <utility>

#include "api/context.h"
#include "api/json_input.h"
#include "api/json_output.h"
#include "api/source_rules.h"
#include "base/interfaces.h"
#include "pipeline/camera_source.h"

namespace reallive::api {
namespace {

base::Json result_json(const media::SourceTestResult& result) {
  const media::StreamStatus& status = result.status;
  base::Json video, audio;
  if (!status.video_codec.empty()) {
    video = base::Json::object({{"codec", status.video_codec},
                                {"width", status.width > 0 ? base::Json(status.width) : base::Json()},
                                {"height", status.height > 0 ? base::Json(status.height) : base::Json()},
                                {"fps", status.fps > 0 ? base::Json(status.fps) : base::Json()}});
  }
  if (!status.audio_codec.empty()) audio = base::Json::object({{"codec", status.audio_codec}});
  return base::Json::object({{"ok", result.ok},
                             {"code", result.code},
                             {"message", result.message},
                             {"video", video},
                             {"audio", audio},
                             {"picture", text_or_null(result.picture)},
                             {"elapsedMs", result.elapsed_ms}});
}

struct Wanted {
  std::string url, transport = "auto", username, password, camera_id;
};

base::Result<Wanted> read_wanted(const http::Request& request) {
  auto input = JsonInput::parse(request);
  if (!input) return tl::unexpected(input.error());
  Wanted wanted;
  wanted.camera_id = input->text("cameraId").value_or("");
  if (auto source = input->object("source")) {
    wanted.url = source->required_text("url");
    wanted.transport = source->text("transport").value_or("auto");
    wanted.username = source->text("username").value_or("");
    wanted.password = source->text("password").value_or("");
    // What a camera's form has beside; a test does not depend on it.
    source->boolean("onDemand");
    source->text("transcode");
    input->check(source->finish());
  } else {
    input->check(base::invalid("source", "a source to test is missing"));
  }
  if (auto finished = input->finish(); !finished) return tl::unexpected(finished.error());
  if (wanted.transport != "auto" && wanted.transport != "tcp" && wanted.transport != "udp")
    return base::invalid("source.transport", "expected auto, tcp or udp");
  return wanted;
}

/// The source to try. User and password that are not shown are taken from the camera that has them, as long as it is
/// the same camera that is asked.
base::Result<pipeline::CameraSource> find_source(const Wanted& wanted, const std::string& stored_url) {
  auto stored = pipeline::parse_camera_source(stored_url);
  if (stored && wanted.url == pipeline::describe(*stored) && wanted.username.empty() && wanted.password.empty())
    return stored;
  auto source = pipeline::parse_camera_source(wanted.url);
  if (!source) return source;
  if (!wanted.username.empty() || !wanted.password.empty()) {
    source->user = wanted.username;
    source->password = wanted.password;
  }
  const bool hidden = source->user == "***" || source->password == "***";
  if (stored && source->host == stored->host && source->port == stored->port && !stored->host.empty()) {
    if (hidden || source->user.empty()) source->user = stored->user;
    if (hidden || source->password.empty()) source->password = stored->password;
  } else if (hidden) {
    return base::invalid("source.url", "*** stands for what is not shown: write user and password again");
  }
  return source;
}

void run(Context& context, const http::Reply& reply, const Wanted& wanted, const auth::Principal& principal,
         const std::string& stored_url) {
  auto source = find_source(wanted, stored_url);
  if (!source) return reply_error(reply, source.error());
  source->transport = pipeline::transport_of(wanted.transport);
  if (const auto allowed = check_source(context.config.sources, principal, *source, base::own_addresses()); !allowed) {
    if (allowed.error().code != "SOURCE_NOT_ALLOWED") return reply_error(reply, allowed.error());
    media::SourceTestResult refused;
    refused.code = "not_allowed";
    refused.message = allowed.error().message;
    return reply(http::Response::json(result_json(refused)));
  }
  const bool started = context.deps.media.test_source(
      *source, [reply](const media::SourceTestResult& result) { reply(http::Response::json(result_json(result))); });
  if (!started)
    reply_error(reply, {"RATE_LIMIT_EXCEEDED", "Two cameras are being tested already; try again in a few seconds."});
}

void test(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal& principal) {
    if (const auto refusal = access_error(auth::can_create(principal))) return reply_error(reply, *refusal);
    const auto wanted = read_wanted(*reply.request());
    if (!wanted) return reply_error(reply, wanted.error());
    std::string stored_url;
    if (!wanted->camera_id.empty()) {
      const auto camera = context.deps.cameras.find(principal.organization_id, wanted->camera_id);
      if (!camera) return reply_error(reply, camera.error());
      const auto access = auth::can(principal, auth::Action::change, resource_of(*camera));
      if (const auto refusal = access_error(access)) return reply_error(reply, *refusal);
      stored_url = camera->source.url;
    }
    run(context, reply, *wanted, principal, stored_url);
  });
}

}  // namespace

void install_camera_test(http::Router& router, Context& context) {
  for (const std::string prefix : {"/api/v1/cameras", "/api/cameras"}) {
    router.add("POST", prefix + "/test",
               [&context](const http::RequestPtr&, const http::Reply& reply) { test(context, reply); });
  }
}

}  // namespace reallive::api
