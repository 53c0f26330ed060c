// GET and POST /api/v1/cameras, GET, PUT and DELETE /api/v1/cameras/{id}, and the same below /api/cameras.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "api/camera_json.h"
#include "api/context.h"
#include "base/interfaces.h"
#include "pipeline/camera_source.h"

namespace reallive::api {
namespace {

enum class Shape { envelope, bare_array };

bool may_see_secrets(const auth::Principal& principal, const catalog::Camera& camera) {
  return auth::can(principal, auth::Action::see_secrets, resource_of(camera)) == auth::Access::allowed;
}

base::Result<size_t> read_limit(const std::string& text) {
  size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > 1000) {
    return base::invalid("limit", "limit must be a number from 1 to 1000.");
  }
  return limit;
}

base::Result<catalog::CameraQuery> read_query(const http::Request& request, const auth::Principal& principal) {
  static constexpr std::array<std::string_view, 4> statuses = {"online", "offline", "connecting", "error"};
  catalog::CameraQuery query;
  query.organization_id = principal.organization_id;
  if (principal.role != auth::Role::admin) query.owner_id = principal.user_id;
  for (const auto& [name, value] : request.query) {
    if (name == "limit") {
      const auto limit = read_limit(value);
      if (!limit) return tl::unexpected(limit.error());
      query.limit = *limit;
    } else if (name == "cursor") {
      query.cursor = value;
    } else if (name == "sort") {
      query.sort = value;
    } else if (name == "search") {
      query.search = value;
    } else if (name == "status") {
      if (std::find(statuses.begin(), statuses.end(), value) == statuses.end()) {
        return base::invalid("status", "status must be online, offline, connecting or error.");
      }
      query.stream_status = value;
    } else if (name == "isActive") {
      if (value != "true" && value != "false") return base::invalid("isActive", "isActive must be true or false.");
      query.is_active = value == "true";
    } else {
      return base::invalid(name, "\"" + name + "\" is not a parameter of this list.");
    }
  }
  return query;
}

/// The bare array has no place for a cursor: it holds all, page by page.
base::Result<base::Json> read_all(Context& context, catalog::CameraQuery query, const auth::Principal& principal) {
  auto all = base::Json::array();
  query.limit = 1000;
  do {
    const auto page = context.deps.cameras.list(query);
    if (!page) return tl::unexpected(page.error());
    for (const catalog::Camera& camera : page->items)
      all.push(camera_json(camera, may_see_secrets(principal, camera)));
    query.cursor = page->next_cursor;
  } while (!query.cursor.empty());
  return all;
}

void list(Context& context, const http::Reply& reply, Shape shape) {
  context.require(reply, [&context, reply, shape](const auth::Principal& principal) {
    const http::Request& request = *reply.request();
    auto query = read_query(request, principal);
    if (!query) return reply_error(reply, query.error());
    if (shape == Shape::bare_array && !request.query_value("limit") && !request.query_value("cursor")) {
      const auto all = read_all(context, std::move(*query), principal);
      return all ? reply(http::Response::json(*all)) : reply_error(reply, all.error());
    }
    const auto page = context.deps.cameras.list(*query);
    if (!page) return reply_error(reply, page.error());
    auto items = base::Json::array();
    for (const catalog::Camera& camera : page->items)
      items.push(camera_json(camera, may_see_secrets(principal, camera)));
    if (shape == Shape::bare_array) return reply(http::Response::json(items));
    reply(http::Response::json(base::Json::object(
        {{"items", items}, {"nextCursor", page->next_cursor.empty() ? base::Json() : base::Json(page->next_cursor)}})));
  });
}

http::Response camera_response(const auth::Principal& principal, const catalog::Camera& camera, int status) {
  return http::Response::json(camera_json(camera, may_see_secrets(principal, camera)), status)
      .with("ETag", camera_etag(camera));
}

/// What a role may not set, whoever owns the camera.
base::Result<void> check_rights(const Context& context, const auth::Principal& principal,
                                const catalog::CameraFields& fields) {
  const bool admin = principal.role == auth::Role::admin;
  if (fields.source_url) {
    const auto source = pipeline::parse_camera_source(*fields.source_url);
    if (source) {
      if (auto allowed = check_source(context.config.sources, principal, *source, base::own_addresses()); !allowed)
        return allowed;
    }
  }
  if (fields.owner_id && *fields.owner_id != principal.user_id) {
    if (!admin) {
      return tl::unexpected(
          base::Error{"AUTH_INSUFFICIENT_PERMISSIONS", "Only admins may give a camera to somebody else.", "ownerId"});
    }
  }
  return {};
}

void create(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal& principal) {
    const http::Request& request = *reply.request();
    if (const auto refusal = access_error(auth::can_create(principal))) return reply_error(reply, *refusal);
    const auto now = context.deps.clock.steady();
    const auto before = context.idempotency.find(principal.user_id, request, now);
    if (!before) return reply_error(reply, before.error());
    if (*before) return reply(**before);

    auto fields = read_camera_fields(request, nullptr);
    if (!fields) return reply_error(reply, fields.error());
    if (const auto allowed = check_rights(context, principal, *fields); !allowed) {
      return reply_error(reply, allowed.error());
    }
    if (!fields->owner_id) fields->owner_id = principal.user_id;
    const auto camera = context.deps.cameras.create(principal.organization_id, *fields);
    if (!camera) return reply_error(reply, camera.error());
    auto response = camera_response(principal, *camera, 201).with("Location", "/api/v1/cameras/" + camera->id);
    context.idempotency.remember(principal.user_id, request, response, now);
    reply(std::move(response));
  });
}

void read(Context& context, const http::Reply& reply) {
  context.with_camera(reply, auth::Action::watch,
                      [reply](const auth::Principal& principal, const catalog::Camera& camera) {
                        // The ETag is of the whole record: nothing that a stranger may check guesses against.
                        reply(may_view(principal, camera) ? camera_response(principal, camera, 200)
                                                          : http::Response::json(public_camera_json(camera)));
                      });
}

bool if_match_holds(const http::Request& request, const catalog::Camera& camera) {
  const auto wanted = request.header("If-Match");
  return !wanted || http::etag_matches(*wanted, camera_etag(camera), false);
}

void reply_stale(const http::Reply& reply) {
  reply_error(reply, {"PRECONDITION_FAILED", "The camera was changed since; read it again."});
}

void update(Context& context, const http::Reply& reply) {
  context.with_camera(reply, auth::Action::change,
                      [&context, reply](const auth::Principal& principal, const catalog::Camera& camera) {
                        if (!if_match_holds(*reply.request(), camera)) return reply_stale(reply);
                        auto fields = read_camera_fields(*reply.request(), &camera);
                        if (!fields) return reply_error(reply, fields.error());
                        if (fields->owner_id == camera.owner_id) fields->owner_id.reset();
                        if (const auto allowed = check_rights(context, principal, *fields); !allowed) {
                          return reply_error(reply, allowed.error());
                        }
                        const auto changed = context.deps.cameras.update(camera.organization_id, camera.id, *fields);
                        if (!changed) return reply_error(reply, changed.error());
                        reply(camera_response(principal, *changed, 200));
                      });
}

void remove(Context& context, const http::Reply& reply) {
  context.with_camera(reply, auth::Action::remove,
                      [&context, reply](const auth::Principal&, const catalog::Camera& camera) {
                        if (!if_match_holds(*reply.request(), camera)) return reply_stale(reply);
                        const auto removed = context.deps.cameras.remove(camera.organization_id, camera.id);
                        if (!removed) return reply_error(reply, removed.error());
                        reply(http::Response::empty(204));
                      });
}

}  // namespace

void install_cameras(http::Router& router, Context& context) {
  const auto add = [&](const char* method, const std::string& pattern, void (*handler)(Context&, const http::Reply&)) {
    router.add(method, pattern,
               [&context, handler](const http::RequestPtr&, const http::Reply& reply) { handler(context, reply); });
  };
  for (const std::string prefix : {"/api/v1/cameras", "/api/cameras"}) {
    const Shape shape = prefix == "/api/v1/cameras" ? Shape::envelope : Shape::bare_array;
    router.add("GET", prefix,
               [&context, shape](const http::RequestPtr&, const http::Reply& reply) { list(context, reply, shape); });
    add("POST", prefix, create);
    add("GET", prefix + "/{id}", read);
    add("PUT", prefix + "/{id}", update);
    add("DELETE", prefix + "/{id}", remove);
  }
}

}  // namespace reallive::api
