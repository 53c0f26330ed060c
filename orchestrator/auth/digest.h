// Digest: SHA-256 of tokens that are random themselves, so that a table of them is of no use to its reader. Pure.
// Any thread. It is not for passwords: those are guessed, and need bcrypt.
#pragma once

#include <string>
#include <string_view>

namespace reallive::auth {

/// base64url, 43 characters.
std::string token_digest(std::string_view token);

}  // namespace reallive::auth
