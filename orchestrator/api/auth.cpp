// POST /api/v1/auth/login, …/refresh, …/logout, GET …/me, PUT …/password, and the same below /api/auth.
#include <utility>

#include "api/context.h"
#include "api/json_input.h"
#include "api/login_reply.h"

namespace reallive::api {
namespace {

void login(Context& context, const http::Reply& reply) {
  auto input = JsonInput::parse(*reply.request());
  if (!input) return reply_error(reply, input.error());
  const std::string username = input->required_text("username");
  const std::string password = input->required_text("password");
  const auth::Delivery delivery = read_delivery(*input);
  if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
  context.deps.authenticator.verify_password(
      username, password, reply.request()->remote_address,
      [&context, alive = context.weak_from_this(), reply, delivery](base::Result<auth::Principal> principal) {
        if (alive.expired()) return;
        if (!principal) return reply_error(reply, principal.error());
        const auto opened = context.deps.authenticator.open_login(*principal, delivery);
        if (!opened) return reply_error(reply, opened.error());
        reply(login_response(context, *reply.request(), *opened));
      });
}

void refresh(Context& context, const http::Reply& reply) {
  const http::Request& request = *reply.request();
  const auto presented = read_refresh_token(context, request);
  if (!presented) return reply_error(reply, presented.error());
  if (!*presented) return reply_error(reply, {"AUTH_TOKEN_MISSING", "This needs a refresh token."});
  auto opened = context.deps.authenticator.refresh((*presented)->token);
  if (!opened && opened.error().code == "AUTH_TOKEN_REUSED") {
    context.recheck_sessions();
    return reply_error(reply, {"AUTH_TOKEN_INVALID", opened.error().message});
  }
  if (!opened) return reply_error(reply, opened.error());
  // The next one goes the way this one came.
  if (!(*presented)->from_cookie)
    opened->delivery = auth::Delivery::body;
  else if (opened->delivery == auth::Delivery::body)
    opened->delivery = auth::Delivery::session_cookie;
  reply(login_response(context, request, *opened));
}

void end_login(Context& context, const http::Reply& reply, const std::vector<std::string>& logins) {
  for (const std::string& id : logins) {
    if (const auto ended = context.deps.logins.end(id); !ended) return reply_error(reply, ended.error());
  }
  if (!logins.empty()) context.recheck_sessions();
  reply(http::Response::empty(204).with("Set-Cookie", cleared_cookie(context, *reply.request())));
}

void logout(Context& context, const http::Reply& reply) {
  const http::Request& request = *reply.request();
  const auto presented = read_refresh_token(context, request);
  if (!presented) return reply_error(reply, presented.error());
  const auto authorization = auth::parse_authorization(request.header("Authorization").value_or(""));
  const bool has_bearer = authorization.kind == auth::Authorization::Kind::bearer;
  if (!*presented && !has_bearer) return reply_error(reply, {"AUTH_TOKEN_MISSING", "Nobody is logged in here."});
  std::vector<std::string> logins;
  if (*presented) {
    // One that is over already leaves nothing to do.
    if (const auto login = context.deps.logins.find_by_token((*presented)->token)) logins.push_back(login->id);
  }
  if (has_bearer) {
    const auto principal = context.deps.authenticator.verify_token(authorization.token);
    if (principal) logins.push_back(principal->login_id);
    if (!principal && !*presented) return reply_error(reply, principal.error());
  }
  end_login(context, reply, logins);
}

void me(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal& principal) {
    const auto user = context.deps.users.find(principal.user_id);
    if (!user) return reply_error(reply, user.error());
    reply(http::Response::json(user_json(*user).set("permissions", permissions_json(user->role))));
  });
}

struct NewPassword {
  auth::Principal principal;
  std::string current, password;
};

void store_password(Context& context, const http::Reply& reply, const auth::Principal& principal,
                    const std::string& hash) {
  // Two passwords were computed meanwhile: an admin may have withdrawn the account or its password.
  if (const auto again = context.deps.authenticator.verify_again(principal); !again) {
    return reply_error(reply, again.error());
  }
  // Who was here by a cookie stays here by a cookie; every other login of the user ends.
  auth::Delivery delivery = auth::Delivery::body;
  if (const auto login = context.deps.logins.find(principal.login_id)) delivery = login->delivery;
  const auto changed = context.deps.users.update(principal.user_id, {.password_hash = hash});
  if (!changed) return reply_error(reply, changed.error());
  if (const auto ended = context.deps.logins.end_all(principal.user_id); !ended) {
    return reply_error(reply, ended.error());
  }
  context.recheck_sessions();
  const auto now = context.deps.users.credentials_by_id(principal.user_id);
  if (!now) return reply_error(reply, now.error());
  const auto opened = context.deps.authenticator.open_login(now->principal(), delivery);
  if (!opened) return reply_error(reply, opened.error());
  reply(login_response(context, *reply.request(), *opened));
}

void change_password(Context& context, const http::Reply& reply, const NewPassword& wanted) {
  context.deps.authenticator.verify_password(
      wanted.principal.username, wanted.current, reply.request()->remote_address,
      [&context, alive = context.weak_from_this(), reply, wanted](base::Result<auth::Principal> principal) {
        if (alive.expired()) return;
        if (!principal && principal.error().code == "AUTH_CREDENTIALS_INVALID")
          return reply_error(reply, {"VALIDATION_FAILED", "The current password is wrong.", "currentPassword"});
        if (!principal) return reply_error(reply, principal.error());
        context.deps.authenticator.hash_new_password(
            wanted.password, wanted.principal.username,
            [&context, alive, reply, principal = wanted.principal](base::Result<std::string> hash) {
              if (alive.expired()) return;
              if (!hash && hash.error().field == "password") hash.error().field = "newPassword";
              if (!hash) return reply_error(reply, hash.error());
              store_password(context, reply, principal, *hash);
            });
      });
}

void password(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal& principal) {
    auto input = JsonInput::parse(*reply.request());
    if (!input) return reply_error(reply, input.error());
    const NewPassword wanted{principal, input->required_text("currentPassword"), input->required_text("newPassword")};
    if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
    change_password(context, reply, wanted);
  });
}

}  // namespace

void install_auth(http::Router& router, Context& context) {
  const auto add = [&](const char* method, const std::string& pattern, void (*handler)(Context&, const http::Reply&)) {
    router.add(method, pattern,
               [&context, handler](const http::RequestPtr&, const http::Reply& reply) { handler(context, reply); });
  };
  for (const std::string prefix : {"/api/v1/auth", "/api/auth"}) {
    add("POST", prefix + "/login", login);
    add("POST", prefix + "/refresh", refresh);
    add("POST", prefix + "/logout", logout);
    add("GET", prefix + "/me", me);
    add("PUT", prefix + "/password", password);
  }
}

}  // namespace reallive::api
