// Principal: who is asking, and what they may do. Pure functions on values; any thread.
// It never reads the database: whoever asks brings the owner and the organization of the thing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reallive::auth {

enum class Role { admin, operator_, viewer, api_only };

std::string_view to_string(Role role);  ///< `admin operator viewer api_only`
std::optional<Role> parse_role(std::string_view text);

struct Principal {
  std::string user_id;
  std::string username;
  Role role = Role::viewer;
  std::string organization_id;
  int64_t version = 0;        ///< Credentials::version when this was found out
  std::string login_id = {};  ///< the login whose token was shown; empty for a password
  bool operator==(const Principal&) const = default;
};

enum class Action {
  watch,  ///< its picture, and what it takes to get it
  view,   ///< all that is known of it, secrets apart
  publish,
  create,
  change,
  remove,
  see_secrets
};

/// What the question is about: a camera, seen from here.
struct Resource {
  std::string organization_id;
  std::string owner_id;  ///< empty: nobody's, so only admins have it
  bool is_public = false;
};

enum class Access {
  allowed,
  unauthenticated,  ///< 401: nobody is logged in
  forbidden,        ///< 403: the role does not allow it (AUTH_ROLE_RESTRICTED)
  hidden,           ///< 404: somebody else's; even its existence is not told
};

/// Admins may do everything in their organization. Operators do everything with their own cameras, viewers and
/// api_only users view theirs, api_only users also publish to them. Anybody may watch a public camera, and no more.
Access can(const std::optional<Principal>& principal, Action action, const Resource& resource);
/// For things that do not exist yet: may this one create cameras?
Access can_create(const std::optional<Principal>& principal);
/// Users are managed by admins alone.
Access can_manage_users(const std::optional<Principal>& principal);

/// The actions of a role, for the page: `cameras:view cameras:publish cameras:manage users:manage`.
std::vector<std::string_view> permissions(Role role);

}  // namespace reallive::auth
