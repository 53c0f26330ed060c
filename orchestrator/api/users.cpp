// GET and POST /api/v1/users, GET, PUT and DELETE /api/v1/users/{id}: for admins, within their organization.
#include <charconv>
#include <utility>

#include "api/context.h"
#include "api/json_input.h"
#include "api/login_reply.h"
#include "base/log.h"

namespace reallive::api {
namespace {

http::Response user_response(const auth::User& user, int status) {
  return http::Response::json(user_json(user), status).with("ETag", "\"" + user.id + "/" + user.updated_at + "\"");
}

base::Result<auth::UserQuery> read_query(const http::Request& request, const auth::Principal& admin) {
  auth::UserQuery query{admin.organization_id, {}, 100};
  for (const auto& [name, value] : request.query) {
    if (name == "limit") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.limit);
      if (error != std::errc() || end != value.data() + value.size() || query.limit < 1 || query.limit > 1000)
        return base::invalid("limit", "limit must be a number from 1 to 1000.");
    } else if (name == "cursor") {
      query.after = value;
    } else {
      return base::invalid(name, "\"" + name + "\" is not a parameter of this list.");
    }
  }
  return query;
}

void list(Context& context, const http::Reply& reply, const auth::Principal& admin) {
  auto query = read_query(*reply.request(), admin);
  if (!query) return reply_error(reply, query.error());
  const size_t limit = query->limit++;  // one more tells whether there is a next page
  auto users = context.deps.users.page(*query);
  if (!users) return reply_error(reply, users.error());
  const bool more = users->size() > limit;
  if (more) users->pop_back();
  auto items = base::Json::array();
  for (const auth::User& user : *users)
    items.push(user_json(user));
  reply(http::Response::json(base::Json::object(
      {{"items", items}, {"nextCursor", more ? base::Json(users->back().username) : base::Json()}})));
}

auth::Role read_role(JsonInput& input, const std::string& text) {
  const auto role = auth::parse_role(text);
  if (!role) input.check(base::invalid("role", "role must be admin, operator, viewer or api_only."));
  return role.value_or(auth::Role::viewer);
}

void create(Context& context, const http::Reply& reply, const auth::Principal& admin) {
  const auto now = context.deps.clock.steady();
  const auto before = context.idempotency.find(admin.user_id, *reply.request(), now);
  if (!before) return reply_error(reply, before.error());
  if (*before) return reply(**before);
  auto input = JsonInput::parse(*reply.request());
  if (!input) return reply_error(reply, input.error());
  auth::NewUser user;
  user.username = input->required_text("username");
  user.email = input->text("email").value_or("");
  user.role = read_role(*input, input->required_text("role"));
  user.organization_id = admin.organization_id;
  const std::string password = input->required_text("password");
  if (!user.username.empty()) input->check(auth::check_username(user.username));
  if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
  context.deps.authenticator.hash_new_password(
      password, user.username,
      [&context, alive = context.weak_from_this(), reply, user, by = admin.user_id,
       now](base::Result<std::string> hash) mutable {
        if (alive.expired()) return;
        if (!hash) return reply_error(reply, hash.error());
        // The same request may have come again and been done while this one's password was hashed.
        if (const auto meanwhile = context.idempotency.find(by, *reply.request(), now); meanwhile && *meanwhile)
          return reply(**meanwhile);
        user.password_hash = *hash;
        const auto created = context.deps.users.create(user);
        if (!created) return reply_error(reply, created.error());
        auto response = user_response(*created, 201).with("Location", "/api/v1/users/" + created->id);
        context.idempotency.remember(by, *reply.request(), response, now);
        reply(std::move(response));
      });
}

/// Of the admin's own organization; all else is answered here.
void with_user(Context& context, const http::Reply& reply, const auth::Principal& admin,
               const std::function<void(const auth::User&)>& then) {
  const auto user = context.deps.users.find(reply.request()->param("id"));
  if (user && user->organization_id == admin.organization_id) return then(*user);
  if (!user && user.error().code != "USER_NOT_FOUND") return reply_error(reply, user.error());
  reply_error(reply, {"USER_NOT_FOUND", "There is no such user."});
}

void read(Context& context, const http::Reply& reply, const auth::Principal& admin) {
  with_user(context, reply, admin, [reply](const auth::User& user) { reply(user_response(user, 200)); });
}

void store(Context& context, const http::Reply& reply, const std::string& id, const auth::UserChanges& changes) {
  const auto changed = context.deps.users.update(id, changes);
  if (!changed) return reply_error(reply, changed.error());
  if (changes.password_hash || !changed->is_active) {
    if (const auto ended = context.deps.logins.end_all(id); !ended) return reply_error(reply, ended.error());
  }
  context.recheck_sessions();
  reply(user_response(*changed, 200));
}

void update(Context& context, const http::Reply& reply, const auth::Principal& admin) {
  with_user(context, reply, admin, [&context, reply](const auth::User& user) {
    const auto wanted = reply.request()->header("If-Match");
    if (wanted && !http::etag_matches(*wanted, user_response(user, 200).headers.get("ETag").value_or(""), false))
      return reply_error(reply, {"PRECONDITION_FAILED", "The user was changed since; read it again."});
    auto input = JsonInput::parse(*reply.request());
    if (!input) return reply_error(reply, input.error());
    auth::UserChanges changes;
    if (const auto role = input->text("role")) changes.role = read_role(*input, *role);
    changes.is_active = input->boolean("isActive");
    changes.email = input->text("email");
    const auto password = input->text("password");
    // A client may send back what it was given.
    const base::Json now = user_json(user);
    for (const char* name : {"id", "username", "organizationId", "createdAt", "updatedAt"})
      input->read_only(name, now.get(name), true);
    if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
    if (!password) return store(context, reply, user.id, changes);
    context.deps.authenticator.hash_new_password(*password, user.username,
                                                 [&context, alive = context.weak_from_this(), reply, id = user.id,
                                                  changes](base::Result<std::string> hash) mutable {
                                                   if (alive.expired()) return;
                                                   if (!hash) return reply_error(reply, hash.error());
                                                   changes.password_hash = *hash;
                                                   store(context, reply, id, changes);
                                                 });
  });
}

void remove(Context& context, const http::Reply& reply, const auth::Principal& admin) {
  with_user(context, reply, admin, [&context, reply](const auth::User& user) {
    const auto removed = context.deps.users.remove(user.id, auth::Users::LastAdmin::stays);
    if (!removed) return reply_error(reply, removed.error());
    // Cameras lose their owner with the account.
    if (auto told = context.deps.cameras.refresh(); !told)
      base::log::error("api", "cameras could not be read", {{"reason", told.error().message}});
    context.recheck_sessions();
    reply(http::Response::empty(204));
  });
}

}  // namespace

void install_users(http::Router& router, Context& context) {
  const auto add = [&](const char* method, const char* pattern,
                       void (*handler)(Context&, const http::Reply&, const auth::Principal&)) {
    router.add(method, pattern, [&context, handler](const http::RequestPtr&, const http::Reply& reply) {
      context.require_admin(
          reply, [&context, reply, handler](const auth::Principal& admin) { handler(context, reply, admin); });
    });
  };
  add("GET", "/api/v1/users", list);
  add("POST", "/api/v1/users", create);
  add("GET", "/api/v1/users/{id}", read);
  add("PUT", "/api/v1/users/{id}", update);
  add("DELETE", "/api/v1/users/{id}", remove);
}

}  // namespace reallive::api
