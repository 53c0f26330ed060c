// POST /whip/{stream} and /whep/{stream}, PATCH and DELETE of the sessions below them: finds out who asks and about
// which camera, and leaves the rest to signaling.
#include <utility>

#include "api/context.h"
#include "base/log.h"

namespace reallive::api {
namespace {

using auth::Authorization;

signaling::Request signaling_request(const http::Request& request, signaling::Kind kind) {
  signaling::Request result;
  result.kind = kind;
  result.method = request.method;
  result.path =
      (kind == signaling::Kind::publish ? "/whip/" : "/whep/") + http::percent_encode(request.param("stream"));
  if (const std::string session = request.param("session"); !session.empty()) result.session = session;
  result.content_type = request.content_type();
  result.if_match = request.header("If-Match");
  result.body = request.body;
  result.caller.remote_address = request.remote_address;
  result.caller.user_agent = base::valid_utf8(request.header("User-Agent").value_or("").substr(0, 255));
  return result;
}

/// Where the session tells how it goes (RFC 8631 section 4.4), for those who can ask there: the API takes no token in
/// an address.
std::optional<std::string> status_link(const Live& live, const std::string& base_path, const signaling::Caller& caller,
                                       const std::string& media_session) {
  if (caller.user_id.empty() || caller.by_address) return {};
  const std::string row = live.row_of(media_session);
  if (row.empty()) return {};
  return "<" + base_path + "/api/v1/sessions/" + row + ">; rel=\"status\"";
}

void ask(Context& context, const http::Reply& reply, const signaling::Request& question) {
  context.endpoint.handle(question, [&context, reply, caller = question.caller](signaling::Response answer) {
    if (answer.status == 401) return reply_unauthenticated(reply, {answer.code, answer.message});
    http::Response response{answer.status};
    if (!answer.code.empty()) {
      if (answer.status == 500) {
        base::log::error("api", "media failed", {{"request", reply.request()->id}, {"why", answer.message}});
        answer.message = "The server could not do this; its log says why.";
      }
      response = http::error_response(reply.request()->id, answer.status, answer.code, answer.message);
    } else {
      response.body = std::move(answer.body);
    }
    for (auto& [name, value] : answer.headers)
      response.headers.add(name, std::move(value));
    const auto link = status_link(context.deps.live, reply.request()->base_path, caller, answer.media_session);
    if (link) response.headers.add("Link", *link);
    reply(std::move(response));
  });
}

signaling::Access signaling_access(auth::Access access) {
  switch (access) {
    case auth::Access::allowed:
      return signaling::Access::allowed;
    case auth::Access::unauthenticated:
      return signaling::Access::unauthenticated;
    case auth::Access::forbidden:
      return signaling::Access::forbidden;
    case auth::Access::hidden:
      break;
  }
  return signaling::Access::hidden;
}

/// Whether there is a stream of this name is told only to those who show who they are.
void judge(signaling::Caller& caller, signaling::Kind kind, const std::optional<auth::Principal>& principal,
           const base::Result<catalog::Camera>& camera) {
  if (principal) {
    caller.principal = "user:" + principal->user_id;
    caller.user_id = principal->user_id;
    caller.login = principal->login_id;
    caller.version = principal->version;
  }
  if (!camera) {
    caller.access = principal ? signaling::Access::hidden : signaling::Access::unauthenticated;
    return;
  }
  const auto resource = resource_of(*camera);
  const auto action = kind == signaling::Kind::publish ? auth::Action::publish : auth::Action::watch;
  caller.access = signaling_access(auth::can(principal, action, resource));
  caller.hears_faults = may_view(principal, *camera);
  caller.controls = auth::can(principal, auth::Action::change, resource) == auth::Access::allowed;
  if (caller.access == signaling::Access::allowed && !camera->is_active) caller.access = signaling::Access::inactive;
}

/// Who shows a token in the address instead of a header; AUTH_TOKEN_INVALID when it is for another stream or use.
base::Result<auth::Principal> by_token(Context& context, const std::string& token, signaling::Kind kind,
                                       const base::Result<catalog::Camera>& camera) {
  const auto access = context.deps.authenticator.verify_stream_token(token);
  if (!access) return tl::unexpected(access.error());
  const auto use = kind == signaling::Kind::publish ? auth::StreamUse::publish : auth::StreamUse::view;
  if (!camera || access->stream != camera->id || access->use != use)
    return base::fail("AUTH_TOKEN_INVALID", "This token is for something else.");
  return access->principal;
}

void handle(Context& context, const http::Reply& reply, signaling::Kind kind) {
  const http::Request& request = *reply.request();
  signaling::Request question = signaling_request(request, kind);
  if (request.method == "OPTIONS") return ask(context, reply, question);

  const auto camera = context.deps.cameras.find_anywhere(request.param("stream"));
  if (!camera && status_of(camera.error().code) != 404) return reply_error(reply, camera.error());
  if (camera) question.stream = camera->id;

  const auto authorization = auth::parse_authorization(request.header("Authorization").value_or(""));
  if (camera && kind == signaling::Kind::publish && authorization.kind == Authorization::Kind::bearer &&
      auth::stream_key_matches(authorization.token, camera->stream_key)) {
    question.caller.principal = "key:" + camera->id;
    question.caller.hears_faults = true;
    question.caller.access = camera->is_active ? signaling::Access::allowed : signaling::Access::inactive;
    return ask(context, reply, question);
  }
  if (authorization.kind == Authorization::Kind::none) {
    const auto* caller = question.session ? context.endpoint.caller_of(*question.session) : nullptr;
    if (caller && caller->by_address) {
      question.caller = *caller;
      return ask(context, reply, question);
    }
    if (const auto token = request.query_value("token")) {
      const auto principal = by_token(context, *token, kind, camera);
      if (!principal) return reply_error(reply, principal.error());
      judge(question.caller, kind, *principal, camera);
      question.caller.by_address = true;
      return ask(context, reply, question);
    }
  }
  context.identify(reply, [&context, reply, kind, camera,
                           question = std::move(question)](const std::optional<auth::Principal>& principal) mutable {
    judge(question.caller, kind, principal, camera);
    ask(context, reply, question);
  });
}

}  // namespace

void install_whip_whep(http::Router& router, Context& context) {
  const std::pair<std::string, signaling::Kind> protocols[] = {{"/whip/{stream}", signaling::Kind::publish},
                                                               {"/whep/{stream}", signaling::Kind::view}};
  for (const auto& [endpoint, kind] : protocols) {
    const http::Handler handler = [&context, kind = kind](const http::RequestPtr&, const http::Reply& reply) {
      handle(context, reply, kind);
    };
    for (const char* method : {"POST", "OPTIONS"})
      router.add(method, endpoint, handler);
    for (const char* method : {"PATCH", "DELETE", "OPTIONS"})
      router.add(method, endpoint + "/{session}", handler);
  }
}

}  // namespace reallive::api
