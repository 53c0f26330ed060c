// GET /api/v1/sessions (who publishes and watches, and who did), GET /api/v1/sessions/{id} (how one goes) and DELETE
// (ends one that runs).
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "api/json_output.h"
#include "api/signaling_sockets.h"

namespace reallive::api {
namespace {

/// Why it ended: who only watched a public camera is not told what its source said.
std::string error_of(Context& context, const auth::Principal& principal, const catalog::Session& session) {
  if (session.error.empty() || principal.role == auth::Role::admin) return session.error;
  const auto camera = context.deps.cameras.find_anywhere(session.camera_id);
  return camera && may_view(principal, *camera) ? session.error : end_for_watchers(session.error);
}

base::Json session_json(Context& context, const auth::Principal& principal, const catalog::Session& session) {
  const Live& live = context.deps.live;
  const bool active = session.status == "active";
  return base::Json::object({{"id", session.id},
                             {"cameraId", session.camera_id},
                             {"userId", text_or_null(session.user_id)},
                             {"kind", session.kind},
                             {"protocol", session.protocol},
                             {"startTime", session.start_time},
                             {"endTime", text_or_null(session.end_time)},
                             {"status", session.status},
                             {"remoteAddress", text_or_null(session.remote_address)},
                             {"userAgent", text_or_null(session.user_agent)},
                             {"bytes", active ? live.bytes_of(session.id) : session.bytes},
                             {"catchingUp", active && live.catching_up(session.id)},
                             {"error", text_or_null(error_of(context, principal, session))}});
}

template <size_t n>
base::Result<void> check_choice(const std::string& name, const std::string& value,
                                const std::array<std::string_view, n>& choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
  std::string message = name + " must be one of:";
  for (const std::string_view choice : choices)
    message += " " + std::string(choice);
  return base::invalid(name, message + ".");
}

base::Result<void> read_parameter(catalog::SessionQuery& query, const std::string& name, const std::string& value) {
  static constexpr std::array<std::string_view, 3> statuses = {"active", "ended", "error"};
  static constexpr std::array<std::string_view, 4> kinds = {"publish", "view", "record", "relay"};
  if (name == "cameraId") {
    query.camera_id = value;
  } else if (name == "status") {
    query.status = value;
    return check_choice(name, value, statuses);
  } else if (name == "kind") {
    query.kind = value;
    return check_choice(name, value, kinds);
  } else if (name == "cursor") {
    query.cursor = value;
  } else if (name == "limit") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.limit);
    if (error != std::errc() || end != value.data() + value.size() || query.limit < 1 || query.limit > 1000)
      return base::invalid("limit", "limit must be a number from 1 to 1000.");
  } else {
    return base::invalid(name, "\"" + name + "\" is not a parameter of this list.");
  }
  return {};
}

void list(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal& principal) {
    catalog::SessionQuery query;
    query.organization_id = principal.organization_id;
    if (principal.role != auth::Role::admin) query.visible_to = principal.user_id;
    for (const auto& [name, value] : reply.request()->query) {
      if (const auto read = read_parameter(query, name, value); !read) return reply_error(reply, read.error());
    }
    const auto page = context.deps.sessions.list(query);
    if (!page) return reply_error(reply, page.error());
    context.deps.live.sample_soon();
    auto items = base::Json::array();
    for (const catalog::Session& session : page->items)
      items.push(session_json(context, principal, session));
    reply(
        http::Response::json(base::Json::object({{"items", items}, {"nextCursor", text_or_null(page->next_cursor)}})));
  });
}

/// The owner of its camera, admins, and whoever's session it is.
bool concerns(Context& context, const auth::Principal& principal, const catalog::Session& session) {
  if (session.organization_id != principal.organization_id) return false;
  if (session.user_id == principal.user_id) return true;
  const auto camera = context.deps.cameras.find(session.organization_id, session.camera_id);
  return camera && auth::can(principal, auth::Action::change, resource_of(*camera)) == auth::Access::allowed;
}

/// The session that `{id}` names, if it is any business of the one who asks; everything else is answered here.
void with_session(Context& context, const http::Reply& reply,
                  const std::function<void(const auth::Principal&, const catalog::Session&)>& then) {
  context.require(reply, [&context, reply, then](const auth::Principal& principal) {
    const auto session = context.deps.sessions.find(reply.request()->param("id"));
    if (!session && session.error().code != "SESSION_NOT_FOUND") return reply_error(reply, session.error());
    if (!session || !concerns(context, principal, *session))
      return reply_error(reply, {"SESSION_NOT_FOUND", "There is no such session."});
    then(principal, *session);
  });
}

void show(Context& context, const http::Reply& reply) {
  with_session(context, reply, [&context, reply](const auth::Principal& principal, const catalog::Session& session) {
    context.deps.live.sample_one(session.id);
    reply(http::Response::json(session_json(context, principal, session)));
  });
}

void end(Context& context, const http::Reply& reply) {
  with_session(context, reply, [&context, reply](const auth::Principal&, const catalog::Session& session) {
    // One that is over already is as the client wants it.
    if (!context.endpoint.end_media_session(context.deps.live.media_session(session.id), "removed"))
      context.signaling_sockets->end_row(session.id);  // peers whose media this server never sees
    reply(http::Response::empty(204));
  });
}

}  // namespace

void install_sessions(http::Router& router, Context& context) {
  router.add("GET", "/api/v1/sessions",
             [&context](const http::RequestPtr&, const http::Reply& reply) { list(context, reply); });
  router.add("GET", "/api/v1/sessions/{id}",
             [&context](const http::RequestPtr&, const http::Reply& reply) { show(context, reply); });
  router.add("DELETE", "/api/v1/sessions/{id}",
             [&context](const http::RequestPtr&, const http::Reply& reply) { end(context, reply); });
}

}  // namespace reallive::api
