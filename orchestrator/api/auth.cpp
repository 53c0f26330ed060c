// POST /api/v1/auth/login, GET /api/v1/auth/me, and the same below /api/auth.
#include <utility>

#include "api/context.h"
#include "api/json_input.h"

namespace reallive::api {
namespace {

base::Json permissions_json(auth::Role role) {
  auto list = base::Json::array();
  for (const std::string_view permission : auth::permissions(role))
    list.push(permission);
  return list;
}

void login(Context& context, const http::Reply& reply) {
  auto input = JsonInput::parse(*reply.request());
  if (!input) return reply_error(reply, input.error());
  const std::string username = input->required_text("username");
  const std::string password = input->required_text("password");
  input->boolean("remember");  // says where a refresh token goes; there are none yet
  if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());

  context.deps.authenticator.verify_password(
      username, password, [&context, alive = context.weak_from_this(), reply](base::Result<auth::Principal> principal) {
        if (alive.expired()) return;
        if (!principal) return reply_error(reply, principal.error());
        const auto token = context.deps.authenticator.issue_token(*principal);
        if (!token) return reply_error(reply, token.error());
        reply(http::Response::json(base::Json::object({
            {"token", token->token},
            {"refreshToken", nullptr},
            {"expiresIn", token->expires_in},
            {"user", base::Json::object({{"id", principal->user_id},
                                         {"username", principal->username},
                                         {"role", auth::to_string(principal->role)},
                                         {"permissions", permissions_json(principal->role)}})},
        })));
      });
}

void me(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal& principal) {
    const auto user = context.deps.users.find(principal.user_id);
    if (!user) return reply_error(reply, user.error());
    reply(http::Response::json(base::Json::object({
        {"id", user->id},
        {"username", user->username},
        {"email", user->email.empty() ? base::Json() : base::Json(user->email)},
        {"organizationId", user->organization_id},
        {"role", auth::to_string(user->role)},
        {"permissions", permissions_json(user->role)},
        {"isActive", user->is_active},
        {"createdAt", user->created_at},
        {"updatedAt", user->updated_at},
    })));
  });
}

}  // namespace

void install_auth(http::Router& router, Context& context) {
  for (const std::string prefix : {"/api/v1/auth", "/api/auth"}) {
    router.add("POST", prefix + "/login",
               [&context](const http::RequestPtr&, const http::Reply& reply) { login(context, reply); });
    router.add("GET", prefix + "/me",
               [&context](const http::RequestPtr&, const http::Reply& reply) { me(context, reply); });
  }
}

}  // namespace reallive::api
