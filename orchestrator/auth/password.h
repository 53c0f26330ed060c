// Passwords: the rule for new ones and bcrypt (`$2b$`, cost 12) through libxcrypt.
// hash_password() and check_password() take a quarter of a second: on workers only, never on the main loop.
// Nothing here keeps a password after it returns.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::auth {

inline constexpr int default_bcrypt_cost = 12;

/// At least 10 characters, at most 72 bytes (bcrypt reads no more), no NUL, not the user's own name and not one
/// character or short run repeated. VALIDATION_FAILED with field `password`.
base::Result<void> check_password_rule(std::string_view password, std::string_view username);

base::Result<std::string> hash_password(std::string_view password, int cost = default_bcrypt_cost);
bool check_password(std::string_view password, const std::string& hash);

}  // namespace reallive::auth
