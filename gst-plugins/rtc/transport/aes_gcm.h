// AesGcm: one AES-GCM key (NIST SP 800-38D) with its schedule made, sealing and opening whole packets.
// Belongs to its SrtpCipher. Two implementations: OpenSSL's EVP everywhere, and Intel's IPsec multi-buffer library
// (libipsec-mb) where the processor and the build have it, which takes a sixth of the time for a packet of 1200 bytes.
// It never checks nonces: that no two plaintexts get one is its callers' part.
#pragma once

#include <memory>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

class AesGcm {
 public:
  static constexpr size_t kNonce = 12;
  static constexpr size_t kTag = 16;

  virtual ~AesGcm() = default;

  /// Ciphertext of `first` ‖ `second` to `out`, which must not overlap them, and the tag of 16 bytes to `tag`.
  virtual bool seal(const uint8_t* nonce, Bytes authenticated, Bytes first, Bytes second, uint8_t* out,
                    uint8_t* tag) = 0;
  /// Decrypts in place; false when the tag is wrong, and then what is in `body` must not be used.
  virtual bool open(const uint8_t* nonce, Bytes authenticated, std::span<uint8_t> body, const uint8_t* tag) = 0;
};

enum class AesGcmKind : uint8_t { kFastest, kOpenSsl, kIpsecMb };

/// `key` has 16 or 32 bytes. nullptr when that kind is not to be had here; kFastest always is with a working OpenSSL.
std::unique_ptr<AesGcm> make_aes_gcm(Bytes key, bool encrypt, AesGcmKind kind = AesGcmKind::kFastest);

// The two kinds themselves.
std::unique_ptr<AesGcm> make_openssl_gcm(Bytes key, bool encrypt);
/// nullptr too where the processor has no AES instructions: then its tables would tell of the key by their timing.
std::unique_ptr<AesGcm> make_ipsec_mb_gcm(Bytes key);

}  // namespace reallive::rtc
