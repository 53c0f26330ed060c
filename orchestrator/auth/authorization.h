// Authorization: reads the HTTP header of that name (RFC 9110 section 11.6.2, RFC 7617, RFC 6750). Pure.
// It only takes the header apart; it never decides whether what stands there is true.
#pragma once

#include <string>
#include <string_view>

namespace reallive::auth {

struct Authorization {
  enum class Kind { none, password, bearer, malformed };
  Kind kind = Kind::none;
  std::string username, password;  ///< of `Basic`, and of `Bearer user:password` that some encoders send
  std::string token;               ///< of `Bearer`: a JWT or a camera's stream key
};

/// At most 8 KiB are read.
Authorization parse_authorization(std::string_view header);

/// A camera's key against what a publisher sent as Bearer token, in constant time; an empty key fits nothing.
bool stream_key_matches(std::string_view presented, std::string_view key);

}  // namespace reallive::auth
