// Passwords: the rule for new ones and bcrypt (`$2b$`, cost 12) through libxcrypt.
// All of it belongs on workers, never on the main loop: hashing takes a quarter of a second, the rule reads a file.
// Nothing here keeps a password after it returns.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::auth {

inline constexpr int default_bcrypt_cost = 12;

/// At least 10 characters, at most 72 bytes (bcrypt reads no more), no NUL, and nothing that cracklib guesses: words of
/// its dictionary, sequences, few different characters, the user's own name. VALIDATION_FAILED with field `password`.
base::Result<void> check_password_rule(std::string_view password, std::string_view username);

base::Result<std::string> hash_password(std::string_view password, int cost = default_bcrypt_cost);
bool check_password(std::string_view password, const std::string& hash);

}  // namespace reallive::auth
