// Invitations: who may make an account, in which organization and role, until when. Blocking SQL of microseconds.
// Any thread. An invitation is used once; what makes the account uses it up in the same transaction.
// It never stores the token that was handed out, only its hash.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "auth/users.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace reallive::auth {

struct Invitation {
  std::string id, organization_id;
  Role role = Role::viewer;
  std::string created_by;              ///< empty: the account is gone
  std::string created_at, expires_at;  ///< RFC 3339
  std::string used_at, used_by;        ///< empty: not yet
  std::string token = {};              ///< only from create()
};

/// Error codes: INVITATION_NOT_FOUND, AUTH_ROLE_RESTRICTED (used up, expired, or never made), and those of db::Session.
class Invitations {
 public:
  Invitations(db::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  base::Result<Invitation> create(const Principal& creator, Role role, std::chrono::hours life);
  /// Newest first; those that are over for a month are forgotten.
  base::Result<std::vector<Invitation>> list(std::string_view organization_id);
  base::Result<void> remove(std::string_view organization_id, std::string_view id);

  /// Whether this token would be accepted now: asked before a password is hashed.
  base::Result<Invitation> check(std::string_view token);
  /// Makes the account in the invitation's role and organization.
  base::Result<User> redeem(std::string_view token, NewUser user, Users& users);

 private:
  db::Database& database_;
  const base::Clock& clock_;
};

}  // namespace reallive::auth
