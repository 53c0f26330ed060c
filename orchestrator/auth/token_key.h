// TokenKey: signs and checks JSON Web Tokens (RFC 7519, HS256) with a key kept in a file of mode 0600. Immutable.
// Any thread. It never accepts another algorithm than HS256, nor a key that the token itself brings along.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace reallive::auth {

/// What a token is good for (aud). A token of one use is no token of another.
enum class Audience { login, stream };

struct Claims {
  Audience audience = Audience::login;
  std::string user_id;  ///< sub
  std::string username, role, organization_id;
  std::string login_id;     ///< sid: Login::id; empty for somebody who showed a password
  std::string stream, use;  ///< of stream tokens: the camera's id (or none) and what may be done with it
  int64_t version = 0;      ///< ver: Credentials::version when it was issued
  base::Time issued_at, expires_at;
};

class TokenKey {
 public:
  /// Makes the file at first (32 random bytes). A shorter file or one that others may read is refused.
  static base::Result<TokenKey> load_or_make(const std::filesystem::path& file);

  base::Result<std::string> sign(const Claims& claims) const;
  /// Nothing for every token that is malformed, forged, over at `now` or made for something else.
  std::optional<Claims> verify(std::string_view token, Audience audience, base::Time now) const;

 private:
  explicit TokenKey(std::vector<uint8_t> key) : key_(std::move(key)) {}
  std::vector<uint8_t> key_;
};

}  // namespace reallive::auth
