#include <iostream>

#include "app/commands.h"
#include "app/control.h"
#include "app/reach.h"
#include "app/setup_link.h"
#include "auth/password.h"
#include "http/public_url.h"

namespace reallive::app {

using base::Json;
using base::Result;

namespace {

Json to_json(const auth::User& user) {
  return Json::object({{"id", user.id},
                       {"username", user.username},
                       {"email", user.email},
                       {"organizationId", user.organization_id},
                       {"role", auth::to_string(user.role)},
                       {"isActive", user.is_active},
                       {"createdAt", user.created_at},
                       {"updatedAt", user.updated_at}});
}

Result<auth::User> find_user(Store& store, const std::string& name) {
  auto user = store.users.find_by_name(name);
  if (!user && user.error().code == "USER_NOT_FOUND")
    return base::fail("USER_NOT_FOUND", "there is no user called " + name);
  return user;
}

Result<std::string> read_hash(const UserOptions& options, const std::string& username) {
  auto password = read_password(options.password_stdin);
  if (!password) return password;
  if (auto checked = auth::check_password_rule(*password, username); !checked) return tl::unexpected(checked.error());
  return auth::hash_password(*password);
}

// An invitation holds as long as the admin who made it: the one named, else the first there is.
Result<auth::User> find_inviter(Store& store, const std::string& name) {
  auto users = store.users.list(auth::default_organization);
  if (!users) return tl::unexpected(users.error());
  for (auth::User& user : *users)
    if (user.role == auth::Role::admin && user.is_active && (name.empty() || user.username == name))
      return std::move(user);
  if (name.empty())
    return base::fail("USER_NOT_FOUND",
                      "there is no admin who could invite; the first account is made by the link that reallive serve "
                      "prints, or by reallive user add NAME --role admin");
  return base::fail("USER_NOT_FOUND", "there is no active admin called " + name);
}

Result<std::vector<std::string>> find_addresses(const Configuration& configuration, const std::string& given) {
  if (given.empty()) {
    auto urls = configured_urls(configuration, host_names());
    if (urls.empty()) return base::invalid("--url", "the server's port is chosen when it starts; say where it is");
    return urls;
  }
  const auto url = http::parse_public_url(given);
  if (!url) return base::invalid("--url", url.error().message);
  return std::vector{url->to_string()};
}

}  // namespace

int user_add(const UserOptions& options) {
  return with_store(options.common, [&](Store& store) -> Result<void> {
    const auto role = auth::parse_role(options.role);
    if (!role) return base::invalid("--role", "expected admin, operator, viewer or api_only");
    // Before anybody is asked for a password.
    if (auto checked = auth::check_username(options.name); !checked) return checked;
    auto hash = read_hash(options, options.name);
    if (!hash) return tl::unexpected(hash.error());
    auto user =
        store.users.create({.username = options.name, .email = options.email, .role = *role, .password_hash = *hash});
    if (!user) return tl::unexpected(user.error());
    reload_server(store.data_dir);
    if (options.common.json)
      print_json(to_json(*user));
    else
      std::cout << "added " << user->username << " as " << auth::to_string(user->role) << '\n';
    return {};
  });
}

int user_invite(const InviteOptions& options) {
  const auto configuration = configure(options.common);
  if (!configuration) return report(configuration.error());
  return with_store(options.common, [&](Store& store) -> Result<void> {
    const auto role = auth::parse_role(options.role);
    if (!role) return base::invalid("--role", "expected admin, operator, viewer or api_only");
    if (configuration->auth_registration == "closed")
      return base::fail("AUTH_ROLE_RESTRICTED",
                        "auth.registration is closed, so nobody could use an invitation; set it to invite first");
    const auto addresses = find_addresses(*configuration, options.url);
    if (!addresses) return tl::unexpected(addresses.error());
    const auto inviter = find_inviter(store, options.by);
    if (!inviter) return tl::unexpected(inviter.error());
    const auth::Principal principal{inviter->id, inviter->username, inviter->role, inviter->organization_id};
    const auto invitation = store.invitations.create(principal, *role, std::chrono::hours(options.hours));
    if (!invitation) return tl::unexpected(invitation.error());
    const std::string path = "/invite#" + invitation->token;
    if (options.common.json) {
      print_json(Json::object({{"id", invitation->id},
                               {"role", auth::to_string(invitation->role)},
                               {"createdBy", invitation->created_by},
                               {"createdAt", invitation->created_at},
                               {"expiresAt", invitation->expires_at},
                               {"token", invitation->token},
                               {"url", addresses->front() + path}}));
    } else {
      std::cout << "whoever opens this first, before " << invitation->expires_at << ", makes an account as "
                << auth::to_string(invitation->role) << ":\n";
      for (const std::string& address : *addresses)
        std::cout << "  " << address << path << '\n';
      print_qr_code(addresses->front() + path);
    }
    return {};
  });
}

int user_list(const CommonOptions& options) {
  return with_store(options, [&](Store& store) -> Result<void> {
    auto users = store.users.list(auth::default_organization);
    if (!users) return tl::unexpected(users.error());
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows = {{"NAME", "ROLE", "ACTIVE", "EMAIL", "CREATED"}};
    for (const auth::User& user : *users) {
      list.push(to_json(user));
      rows.push_back({user.username, std::string(auth::to_string(user.role)), user.is_active ? "yes" : "no", user.email,
                      user.created_at});
    }
    options.json ? print_json(list) : print_table(rows);
    return {};
  });
}

int user_passwd(const UserOptions& options) {
  return with_store(options.common, [&](Store& store) -> Result<void> {
    auto user = find_user(store, options.name);
    if (!user) return tl::unexpected(user.error());
    auto hash = read_hash(options, user->username);
    if (!hash) return tl::unexpected(hash.error());
    if (auto done = store.users.set_password_hash(user->id, *hash); !done) return done;
    reload_server(store.data_dir);
    if (options.common.json)
      print_json(to_json(*user));
    else
      std::cout << user->username << " has a new password; everybody logged in as " << user->username
                << " has to log in again\n";
    return {};
  });
}

int user_remove(const UserOptions& options) {
  return with_store(options.common, [&](Store& store) -> Result<void> {
    auto user = find_user(store, options.name);
    if (!user) return tl::unexpected(user.error());
    if (auto done = store.users.remove(user->id); !done) return done;
    reload_server(store.data_dir);
    if (options.common.json)
      print_json(to_json(*user));
    else
      std::cout << "removed " << user->username << '\n';
    return {};
  });
}

}  // namespace reallive::app
