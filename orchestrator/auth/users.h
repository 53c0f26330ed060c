// Users: the accounts of the database. Blocking SQL of microseconds; any thread.
// It never sees a password, only hashes, and never gives a hash to anybody but the Authenticator.
#pragma once

#include <cstdint>
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

  Principal principal() const { return {id, username, role, organization_id}; }
};

struct NewUser {
  std::string username;    ///< 1 to 50 of `A-Z a-z 0-9 . _ @ -`; unique on the server whatever the case
  std::string email = {};  ///< may be empty
  Role role = Role::viewer;
  std::string password_hash;  ///< made by hash_password()
  std::string organization_id = std::string(default_organization);
};

/// A user with what is needed to check them. `version` counts changes of the password: tokens of an older one are void.
struct Credentials {
  User user;
  std::string password_hash;
  int64_t version = 0;
};

/// Error codes: VALIDATION_FAILED with a field, CONFLICT (the name is taken), USER_NOT_FOUND, or those of db::Session.
class Users {
 public:
  Users(db::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  base::Result<User> create(const NewUser& user);
  base::Result<std::vector<User>> list(std::string_view organization_id);
  base::Result<User> find(std::string_view id);
  base::Result<User> find_by_name(std::string_view username);
  base::Result<Credentials> credentials(std::string_view username);
  base::Result<Credentials> credentials_by_id(std::string_view id);
  /// Voids every token and remembered password of the user.
  base::Result<void> set_password_hash(std::string_view id, std::string_view hash);
  /// Cameras of the user stay, owned by nobody.
  base::Result<void> remove(std::string_view id);
  base::Result<int64_t> count();

 private:
  base::Result<Credentials> one(std::string_view where, const db::Binding& binding);

  db::Database& database_;
  const base::Clock& clock_;
};

/// VALIDATION_FAILED with field `username`.
base::Result<void> check_username(std::string_view username);

}  // namespace reallive::auth
