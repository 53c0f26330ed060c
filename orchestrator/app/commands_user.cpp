#include <iostream>

#include "app/commands.h"
#include "app/control.h"
#include "auth/password.h"

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
