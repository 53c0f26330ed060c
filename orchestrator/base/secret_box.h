// SecretBox: seals short texts with AES-256-GCM (NIST SP 800-38D) under a key that lies in a file of its own, so that a
// copy of the database alone tells no passwords. Immutable; any thread.
// It never seals two texts under one nonce, and never opens one that was made for another place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reallive::base {

class SecretBox {
 public:
  /// Makes the key file at first.
  static Result<SecretBox> load_or_make(const std::filesystem::path& file);

  /// `place`: what the text belongs to, such as `cameras.source_url:ID`; needed again to open it.
  std::string seal(std::string_view text, std::string_view place) const;
  /// Code `failed` when the key, the place or the text is another one.
  Result<std::string> open(std::string_view sealed, std::string_view place) const;
  static bool is_sealed(std::string_view text);

  /// HMAC-SHA-256 under a key of its own: finds a secret in a table that does not hold it.
  std::string digest(std::string_view text) const;

 private:
  explicit SecretBox(const std::vector<uint8_t>& key);
  std::vector<uint8_t> sealing_key_, digest_key_;
};

}  // namespace reallive::base
