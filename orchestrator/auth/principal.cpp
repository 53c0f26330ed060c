#include "auth/principal.h"

#include <array>
#include <utility>

namespace reallive::auth {

namespace {

constexpr std::array<std::pair<Role, std::string_view>, 4> role_names = {{
    {Role::admin, "admin"},
    {Role::operator_, "operator"},
    {Role::viewer, "viewer"},
    {Role::api_only, "api_only"},
}};

bool role_allows(Role role, Action action) {
  switch (role) {
    case Role::admin:
    case Role::operator_:
      return true;
    case Role::api_only:
      return action != Action::create && action != Action::change && action != Action::remove;
    case Role::viewer:
      return action == Action::watch || action == Action::view;
  }
  return false;
}

}  // namespace

std::string_view to_string(Role role) {
  for (const auto& [value, name] : role_names)
    if (value == role) return name;
  return {};
}

std::optional<Role> parse_role(std::string_view text) {
  for (const auto& [value, name] : role_names)
    if (name == text) return value;
  return std::nullopt;
}

Access can(const std::optional<Principal>& principal, Action action, const Resource& resource) {
  if (action == Action::watch && resource.is_public) return Access::allowed;
  if (!principal) return Access::unauthenticated;
  if (principal->organization_id != resource.organization_id) return Access::hidden;
  if (principal->role == Role::admin) return Access::allowed;
  if (resource.owner_id.empty() || resource.owner_id != principal->user_id) return Access::hidden;
  return role_allows(principal->role, action) ? Access::allowed : Access::forbidden;
}

Access can_create(const std::optional<Principal>& principal) {
  if (!principal) return Access::unauthenticated;
  return role_allows(principal->role, Action::create) ? Access::allowed : Access::forbidden;
}

Access can_manage_users(const std::optional<Principal>& principal) {
  if (!principal) return Access::unauthenticated;
  return principal->role == Role::admin ? Access::allowed : Access::forbidden;
}

std::vector<std::string_view> permissions(Role role) {
  std::vector<std::string_view> result = {"cameras:view"};
  if (role_allows(role, Action::publish)) result.push_back("cameras:publish");
  if (role_allows(role, Action::create)) result.push_back("cameras:manage");
  if (role == Role::admin) result.push_back("users:manage");
  return result;
}

}  // namespace reallive::auth
