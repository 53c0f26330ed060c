#include "api/context.h"

#include <algorithm>
#include <array>
#include <climits>
#include <map>
#include <utility>

#include "api/event_feeds.h"
#include "api/signaling_sockets.h"
#include "base/log.h"
#include "http/forwarded.h"

namespace reallive::api {
namespace {

constexpr std::chrono::seconds sample_interval{5};

void pass_on(const signaling::MediaPort::Callback& done, base::Result<media::SessionReply> reply) {
  if (!reply) return done(tl::unexpected(reply.error()));
  done(signaling::MediaAnswer{std::move(reply->session), std::move(reply->sdp)});
}

const char* change_word(catalog::CameraEvent::Kind kind) {
  switch (kind) {
    case catalog::CameraEvent::Kind::created:
      return "added";
    case catalog::CameraEvent::Kind::removed:
      return "removed";
    case catalog::CameraEvent::Kind::changed:
      break;
  }
  return "changed";
}

}  // namespace

int status_of(std::string_view code) {
  static constexpr std::array<std::pair<std::string_view, int>, 19> statuses = {{
      {"VALIDATION_FAILED", 400},
      {"CAMERA_SERIAL_DUPLICATE", 400},
      {"AUTH_TOKEN_MISSING", 401},
      {"AUTH_TOKEN_INVALID", 401},
      {"AUTH_CREDENTIALS_INVALID", 401},
      {"AUTH_INSUFFICIENT_PERMISSIONS", 403},
      {"AUTH_ROLE_RESTRICTED", 403},
      {"SOURCE_NOT_ALLOWED", 403},
      {"CAMERA_NOT_FOUND", 404},
      {"USER_NOT_FOUND", 404},
      {"SESSION_NOT_FOUND", 404},
      {"INVITATION_NOT_FOUND", 404},
      {"CONFLICT", 409},
      {"unique", 409},
      {"PRECONDITION_FAILED", 412},
      {"UNSUPPORTED_MEDIA_TYPE", 415},
      {"RATE_LIMIT_EXCEEDED", 429},
      {"STREAM_NODE_UNAVAILABLE", 503},
      {"busy", 503},
  }};
  const auto found =
      std::find_if(statuses.begin(), statuses.end(), [&](const auto& entry) { return entry.first == code; });
  return found == statuses.end() ? 500 : found->second;
}

void reply_error(const http::Reply& reply, const base::Error& error) {
  const http::Request& request = *reply.request();
  const int status = status_of(error.code);
  if (status == 401) return reply_unauthenticated(reply, error);
  if (status == 500) {
    base::log::error("api", "a request failed",
                     {{"request", request.id}, {"code", error.code}, {"why", error.message}});
    return reply.error(500, "INTERNAL_ERROR", "The server could not do this; its log says why.");
  }
  base::Json details;
  if (!error.field.empty()) details = base::Json::object({{"field", error.field}});
  if (error.code == "busy") {
    return reply(
        http::error_response(request.id, 503, "DATABASE_BUSY", "The database is busy.").with("Retry-After", "1"));
  }
  if (error.code == "unique") return reply.error(409, "CONFLICT", "Something with this name exists already.");
  auto response = http::error_response(request.id, status, error.code, error.message, details);
  if (status == 429 || status == 503)
    response.headers.set("Retry-After", std::to_string(std::max<int64_t>(error.retry_after_s, 1)));
  reply(std::move(response));
}

void reply_unauthenticated(const http::Reply& reply, const base::Error& error) {
  const http::Request& request = *reply.request();
  auto response = http::error_response(request.id, 401, error.code, error.message);
  response.headers.add("WWW-Authenticate", error.code == "AUTH_TOKEN_INVALID"
                                               ? "Bearer realm=\"RealLive\", error=\"invalid_token\""
                                               : "Bearer realm=\"RealLive\"");
  // Browsers would put their own password window over the page.
  if (request.header("User-Agent").value_or("").find("Mozilla/") == std::string::npos) {
    response.headers.add("WWW-Authenticate", "Basic realm=\"RealLive\", charset=\"UTF-8\"");
  }
  reply(std::move(response));
}

std::optional<base::Error> access_error(auth::Access access) {
  switch (access) {
    case auth::Access::allowed:
      return {};
    case auth::Access::unauthenticated:
      return base::Error{"AUTH_TOKEN_MISSING", "This needs a token, or a user name and password."};
    case auth::Access::forbidden:
      return base::Error{"AUTH_ROLE_RESTRICTED", "The role of this account does not allow this."};
    case auth::Access::hidden:
      break;
  }
  return base::Error{"CAMERA_NOT_FOUND", "There is no such camera."};
}

void MediaAdapter::view(const std::string& stream, const std::string& offer, Callback done) {
  media_.view(stream, offer,
              [done = std::move(done)](base::Result<media::SessionReply> reply) { pass_on(done, std::move(reply)); });
}

void MediaAdapter::publish(const std::string& stream, const std::string& offer, Callback done) {
  media_.publish(stream, offer, [done = std::move(done)](base::Result<media::SessionReply> reply) {
    pass_on(done, std::move(reply));
  });
}

bool MediaAdapter::trickle(const std::string& session, const std::string& fragment) {
  return media_.trickle(session, fragment);
}

base::Result<std::string> MediaAdapter::restart_ice(const std::string& session, const std::string& fragment) {
  return media_.restart_ice(session, fragment);
}

bool MediaAdapter::end_session(const std::string& session) {
  live_.sample_soon();  // the last chance to see its counters
  return media_.end_session(session);
}

Context::Context(Config configuration, const Dependencies& dependencies)
    : config(std::move(configuration)),
      deps(dependencies),
      media_port(deps.media, deps.live),
      endpoint(config.signaling, media_port, deps.live),
      event_feeds(std::make_unique<EventFeeds>(*this, deps.live.bus())),
      signaling_sockets(std::make_unique<SignalingSockets>(*this, deps.live.bus())),
      session_pruner(config.keep_sessions, deps.sessions, deps.executor, deps.clock),
      registrations({.account_failures = UINT_MAX, .address_failures = 20, .first_wait = std::chrono::seconds(60)},
                    deps.clock),
      setup_token(config.setup_token) {
  deps.live.attach(&deps.media, [this](const std::string& session, const std::string& reason) {
    endpoint.media_session_gone(session, reason);
  });
}

Context::~Context() {
  deps.executor.cancel(timer_);
  deps.live.attach(nullptr, {});
}

void Context::identify(const http::Reply& reply, WithAnybody then) {
  const auto authorization = auth::parse_authorization(reply.request()->header("Authorization").value_or(""));
  if (authorization.kind == auth::Authorization::Kind::none) return then(std::nullopt);
  deps.authenticator.authenticate(
      authorization, reply.request()->remote_address,
      [alive = weak_from_this(), reply, then = std::move(then)](base::Result<auth::Principal> principal) {
        if (alive.expired()) return;
        if (!principal) return reply_error(reply, principal.error());
        then(*principal);
      });
}

void Context::require(const http::Reply& reply, WithPrincipal then) {
  identify(reply, [reply, then = std::move(then)](const std::optional<auth::Principal>& principal) {
    if (!principal) return reply_error(reply, *access_error(auth::Access::unauthenticated));
    then(*principal);
  });
}

void Context::require_admin(const http::Reply& reply, WithPrincipal then) {
  require(reply, [reply, then = std::move(then)](const auth::Principal& principal) {
    if (const auto refusal = access_error(auth::can_manage_users(principal))) return reply_error(reply, *refusal);
    then(principal);
  });
}

void Context::with_camera(const http::Reply& reply, auth::Action action,
                          const std::function<void(const auth::Principal&, const catalog::Camera&)>& then) {
  require(reply, [this, reply, action, then](const auth::Principal& principal) {
    const auto camera = deps.cameras.find_anywhere(reply.request()->param("id"));
    if (!camera) return reply_error(reply, camera.error());
    const auto refusal = access_error(auth::can(principal, action, resource_of(*camera)));
    if (refusal) return reply_error(reply, *refusal);
    then(principal, *camera);
  });
}

std::string Context::base_url(const http::Request& request) const {
  if (!config.public_url.empty()) return config.public_url;
  return request.scheme + "://" + (http::is_host(request.host) ? request.host : "localhost") + request.base_path;
}

base::Json Context::ice_servers_json(const std::string& user_id) const {
  auto list = base::Json::array();
  for (const signaling::IceServer& server : signaling::ice_servers(config.signaling.ice, user_id, deps.clock.now())) {
    auto json = base::Json::object({{"urls", base::Json::array({server.url})}});
    if (!server.username.empty()) json.set("username", server.username).set("credential", server.credential);
    list.push(json);
  }
  return list;
}

void Context::keep_sampling() {
  timer_ = deps.executor.post_after(sample_interval, [this, alive = weak_from_this()] {
    if (alive.expired()) return;
    deps.live.sample();
    keep_sampling();
  });
}

std::string Context::base_path() const {
  const size_t host = config.public_url.find("://");
  if (host == std::string::npos) return {};
  const size_t path = config.public_url.find('/', host + 3);
  if (path == std::string::npos) return {};
  const std::string text = config.public_url.substr(path);
  return text.substr(0, text.find_last_not_of('/') + 1);
}

bool Context::may_go_on(const base::Result<catalog::Camera>& camera, signaling::Kind kind,
                        const signaling::Caller& caller) {
  // A database that does not answer right now is no reason to end what runs.
  if (!camera) return camera.error().code != "CAMERA_NOT_FOUND";
  const auth::Action action = kind == signaling::Kind::publish ? auth::Action::publish : auth::Action::watch;
  if (caller.user_id.empty()) {
    const bool by_key = kind == signaling::Kind::publish;  // POST …/stream-key ends these itself
    return by_key || auth::can({}, action, resource_of(*camera)) == auth::Access::allowed;
  }
  auth::Principal known;
  known.user_id = caller.user_id;
  known.version = caller.version;
  known.login_id = caller.login;
  const auto principal = deps.authenticator.verify_again(known);
  if (!principal) return principal.error().code != "AUTH_TOKEN_INVALID";
  return auth::can(*principal, action, resource_of(*camera)) == auth::Access::allowed;
}

void Context::recheck_sessions(const std::string& camera_id) {
  std::map<std::string, base::Result<catalog::Camera>> cameras;  // a camera may have a thousand viewers
  endpoint.end_where(
      [&](const std::string& stream, signaling::Kind kind, const signaling::Caller& caller) {
        if (!camera_id.empty() && stream != camera_id) return false;
        auto known = cameras.find(stream);
        if (known == cameras.end()) known = cameras.emplace(stream, deps.cameras.find_anywhere(stream)).first;
        return !may_go_on(known->second, kind, caller);
      },
      "access-withdrawn");
  event_feeds->recheck();
  signaling_sockets->recheck();
}

void Context::watch_cameras() {
  deps.cameras.subscribe([this, alive = weak_from_this()](const catalog::CameraEvent& event) {
    if (alive.expired()) return;
    const auto& camera = event.camera;
    if (event.kind == catalog::CameraEvent::Kind::changed) recheck_sessions(camera.id);
    deps.live.bus().publish(events::CameraChanged{camera.id, camera.stream, change_word(event.kind),
                                                  camera.organization_id, camera.owner_id, camera.is_public,
                                                  deps.clock.now()});
  });
}

bool may_view(const std::optional<auth::Principal>& principal, const catalog::Camera& camera) {
  return auth::can(principal, auth::Action::view, resource_of(camera)) == auth::Access::allowed;
}

std::string fault_for_watchers(const std::string& fault) {
  return fault.empty() ? fault : "The camera sends no picture that can be shown at the moment.";
}

std::string end_for_watchers(std::string_view reason) {
  return std::string(reason.substr(0, reason.find(':')));
}

auth::Resource resource_of(const catalog::Camera& camera) {
  return {camera.organization_id, camera.owner_id, camera.is_public};
}

}  // namespace reallive::api
