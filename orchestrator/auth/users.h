// Users: the accounts of the database. Blocking SQL of microseconds; any thread.
// It never sees a password, only hashes, and never gives a hash to anybody but the Authenticator.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace reallive::auth {

inline constexpr std::string_view default_organization = "default";

struct User {
  std::string id, username, email, organization_id;
  Role role = Role::viewer;
  bool is_active = true;
  std::string created_at, updated_at;  ///< RFC 3339
};

struct NewUser {
  std::string username;    ///< 1 to 50 of `A-Z a-z 0-9 . _ @ -`; unique on the server whatever the case
  std::string email = {};  ///< may be empty
  Role role = Role::viewer;
  std::string password_hash;  ///< made by hash_password()
  std::string organization_id = std::string(default_organization);
};

/// A user with what is needed to check them. `version` counts new passwords and switchings off: tokens of an older one
/// are void.
struct Credentials {
  User user;
  std::string password_hash;
  int64_t version = 0;

  Principal principal() const { return {user.id, user.username, user.role, user.organization_id, version}; }
};

/// What is not given stays as it is.
struct UserChanges {
  std::optional<Role> role;
  std::optional<bool> is_active;
  std::optional<std::string> email, password_hash;
};

/// `name` of the last one on this page is the next one's `after`.
struct UserQuery {
  std::string organization_id;
  std::string after;
  size_t limit = 100;  ///< 1 to 1000
};

/// Error codes: VALIDATION_FAILED with a field, CONFLICT (the name is taken; nobody would be left to manage users),
/// USER_NOT_FOUND, AUTH_ROLE_RESTRICTED (create_first() when there is a user), or those of db::Session.
class Users {
 public:
  /// Runs within the transaction that made the user; its error undoes that.
  using Condition = std::function<base::Result<void>(db::Session&, const User&)>;

  Users(db::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  base::Result<User> create(const NewUser& user, const Condition& condition = {});
  /// Only while there is no user at all.
  base::Result<User> create_first(const NewUser& user);
  base::Result<std::vector<User>> list(std::string_view organization_id);
  base::Result<std::vector<User>> page(const UserQuery& query);
  base::Result<User> find(std::string_view id);
  base::Result<User> find_by_name(std::string_view username);
  base::Result<Credentials> credentials(std::string_view username);
  base::Result<Credentials> credentials_by_id(std::string_view id);
  /// Voids every token and remembered password of the user.
  base::Result<void> set_password_hash(std::string_view id, std::string_view hash);
  /// A new password and switching off void tokens, too. The last active admin of an organization stays one.
  base::Result<User> update(std::string_view id, const UserChanges& changes);
  enum class LastAdmin { may_go, stays };
  /// Cameras of the user stay, owned by nobody.
  base::Result<void> remove(std::string_view id, LastAdmin last_admin = LastAdmin::may_go);
  base::Result<int64_t> count();

 private:
  base::Result<Credentials> one(std::string_view where, const db::Binding& binding);

  db::Database& database_;
  const base::Clock& clock_;
};

/// VALIDATION_FAILED with field `username`.
base::Result<void> check_username(std::string_view username);

}  // namespace reallive::auth
