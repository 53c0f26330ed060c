#include "auth/digest.h"

#include <array>
#include <openssl/evp.h>

#include "base/id.h"

namespace reallive::auth {

std::string token_digest(std::string_view token) {
  std::array<uint8_t, 32> digest{};
  unsigned length = 0;
  EVP_Digest(token.data(), token.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return base::base64url_encode(digest);
}

}  // namespace reallive::auth
