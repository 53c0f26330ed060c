// GET /api/v1/info, POST /api/v1/setup, POST /api/v1/auth/register, and /api/v1/invitations: how accounts come about.
#include <utility>

#include "api/context.h"
#include "api/json_input.h"
#include "api/login_reply.h"
#include "base/id.h"
#include "base/log.h"
#include "reallive-config.h"

namespace reallive::api {
namespace {

constexpr int default_invitation_hours = 72, longest_invitation_hours = 30 * 24;

void info(Context& context, const http::Reply& reply) {
  const auto users = context.deps.users.count();
  if (!users) return reply_error(reply, users.error());
  reply(http::Response::json(base::Json::object({{"name", "RealLive"},
                                                 {"version", REALLIVE_VERSION},
                                                 {"setupNeeded", *users == 0},
                                                 {"registration", context.config.registration}})));
}

/// Makes the account once its password is hashed, and logs it in.
void make_account(Context& context, const http::Reply& reply, auth::NewUser user, const std::string& password,
                  auth::Delivery delivery, std::function<base::Result<auth::User>(const auth::NewUser&)> create) {
  if (auto checked = auth::check_username(user.username); !checked) return reply_error(reply, checked.error());
  const std::string username = user.username;
  context.deps.authenticator.hash_new_password(
      password, username,
      [&context, alive = context.weak_from_this(), reply, user = std::move(user), delivery,
       create = std::move(create)](base::Result<std::string> hash) mutable {
        if (alive.expired()) return;
        if (!hash) return reply_error(reply, hash.error());
        user.password_hash = *hash;
        const auto created = create(user);
        if (!created) return reply_error(reply, created.error());
        base::log::info("api", "an account was made",
                        {{"user", created->username},
                         {"role", std::string(auth::to_string(created->role))},
                         {"remote", reply.request()->remote_address}});
        const auto credentials = context.deps.users.credentials_by_id(created->id);
        if (!credentials) return reply_error(reply, credentials.error());
        const auto opened = context.deps.authenticator.open_login(credentials->principal(), delivery);
        if (!opened) return reply_error(reply, opened.error());
        reply(login_response(context, *reply.request(), *opened, 201));
      });
}

void setup(Context& context, const http::Reply& reply) {
  auto input = JsonInput::parse(*reply.request());
  if (!input) return reply_error(reply, input.error());
  const std::string token = input->required_text("token");
  auth::NewUser user;
  user.username = input->required_text("username");
  user.role = auth::Role::admin;
  const std::string password = input->required_text("password");
  const auth::Delivery delivery = read_delivery(*input);
  if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
  if (context.deps.users.count().value_or(1) != 0) context.setup_token.clear();
  if (context.setup_token.empty() || !base::constant_time_equal(token, context.setup_token)) {
    return reply_error(reply,
                       {"AUTH_ROLE_RESTRICTED", context.setup_token.empty()
                                                    ? "There is an account already; log in, or ask its admin for one."
                                                    : "This is not the link that the server printed when it started."});
  }
  make_account(context, reply, std::move(user), password, delivery, [&context](const auth::NewUser& first) {
    auto created = context.deps.users.create_first(first);
    if (created) context.setup_token.clear();
    return created;
  });
}

void register_account(Context& context, const http::Reply& reply) {
  auto input = JsonInput::parse(*reply.request());
  if (!input) return reply_error(reply, input.error());
  auth::NewUser user;
  user.username = input->required_text("username");
  user.email = input->text("email").value_or("");
  user.role = auth::Role::operator_;  // of cameras of their own
  const std::string password = input->required_text("password");
  const std::string invitation = input->text("invitation").value_or("");
  const auth::Delivery delivery = read_delivery(*input);
  if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
  const std::string& mode = context.config.registration;
  if (mode == "closed" || (mode == "invite" && invitation.empty())) {
    return reply_error(reply, {"AUTH_ROLE_RESTRICTED", mode == "closed" ? "Only an admin makes accounts here."
                                                                        : "An account needs an invitation here."});
  }
  const auto wait = context.registrations.begin({}, reply.request()->remote_address);
  if (wait.count() > 0) {
    return reply_error(
        reply, {"RATE_LIMIT_EXCEEDED", "Too many accounts are being made from this address.", {}, wait.count()});
  }
  if (invitation.empty()) {
    return make_account(context, reply, std::move(user), password, delivery,
                        [&context](const auth::NewUser& wanted) { return context.deps.users.create(wanted); });
  }
  if (const auto known = context.deps.invitations.check(invitation); !known) return reply_error(reply, known.error());
  make_account(context, reply, std::move(user), password, delivery,
               [&context, invitation](const auth::NewUser& wanted) {
                 return context.deps.invitations.redeem(invitation, wanted, context.deps.users);
               });
}

base::Json invitation_json(const auth::Invitation& invitation) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? base::Json() : base::Json(text); };
  return base::Json::object({{"id", invitation.id},
                             {"role", auth::to_string(invitation.role)},
                             {"createdBy", text_or_null(invitation.created_by)},
                             {"createdAt", invitation.created_at},
                             {"expiresAt", invitation.expires_at},
                             {"usedAt", text_or_null(invitation.used_at)},
                             {"usedBy", text_or_null(invitation.used_by)}});
}

void create_invitation(Context& context, const http::Reply& reply, const auth::Principal& principal) {
  const auto now = context.deps.clock.steady();
  const auto before = context.idempotency.find(principal.user_id, *reply.request(), now);
  if (!before) return reply_error(reply, before.error());
  if (*before) return reply(**before);
  auto input = JsonInput::parse(*reply.request());
  if (!input) return reply_error(reply, input.error());
  const auto role = auth::parse_role(input->required_text("role"));
  const auto hours = input->integer("expiresInHours", 1, longest_invitation_hours);
  if (!role) input->check(base::invalid("role", "role must be admin, operator, viewer or api_only."));
  if (auto finished = input->finish(); !finished) return reply_error(reply, finished.error());
  const auto invitation =
      context.deps.invitations.create(principal, *role, std::chrono::hours(hours.value_or(default_invitation_hours)));
  if (!invitation) return reply_error(reply, invitation.error());
  auto json = invitation_json(*invitation);
  json.set("token", invitation->token);
  // Behind #: what stands there is never sent to a server and so never logged by one.
  json.set("url", context.base_url(*reply.request()) + "/invite#" + invitation->token);
  auto response = http::Response::json(json, 201);
  context.idempotency.remember(principal.user_id, *reply.request(), response, now);
  reply(std::move(response));
}

void list_invitations(Context& context, const http::Reply& reply, const auth::Principal& principal) {
  const auto invitations = context.deps.invitations.list(principal.organization_id);
  if (!invitations) return reply_error(reply, invitations.error());
  auto items = base::Json::array();
  for (const auth::Invitation& invitation : *invitations)
    items.push(invitation_json(invitation));
  reply(http::Response::json(base::Json::object({{"items", items}, {"nextCursor", nullptr}})));
}

void remove_invitation(Context& context, const http::Reply& reply, const auth::Principal& principal) {
  const auto removed = context.deps.invitations.remove(principal.organization_id, reply.request()->param("id"));
  if (!removed) return reply_error(reply, removed.error());
  reply(http::Response::empty(204));
}

}  // namespace

void install_registration(http::Router& router, Context& context) {
  const auto add = [&](const char* method, const std::string& pattern, void (*handler)(Context&, const http::Reply&)) {
    router.add(method, pattern,
               [&context, handler](const http::RequestPtr&, const http::Reply& reply) { handler(context, reply); });
  };
  const auto add_for_admins = [&](const char* method, const char* pattern,
                                  void (*handler)(Context&, const http::Reply&, const auth::Principal&)) {
    router.add(method, pattern, [&context, handler](const http::RequestPtr&, const http::Reply& reply) {
      context.require_admin(
          reply, [&context, reply, handler](const auth::Principal& admin) { handler(context, reply, admin); });
    });
  };
  add("GET", "/api/v1/info", info);
  add("POST", "/api/v1/setup", setup);
  add("POST", "/api/v1/auth/register", register_account);
  add("POST", "/api/auth/register", register_account);
  add_for_admins("GET", "/api/v1/invitations", list_invitations);
  add_for_admins("POST", "/api/v1/invitations", create_invitation);
  add_for_admins("DELETE", "/api/v1/invitations/{id}", remove_invitation);
}

}  // namespace reallive::api
