// SrtpCipher: what a protection profile does to one packet, with the session keys of one direction set up.
// Belongs to its SrtpSender or SrtpReceiver. It knows layouts and nonces, never which indices were used.
// It writes exactly what the sizes say: callers have checked that there is room.
#pragma once

#include <cstring>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "rtc/transport/aes_gcm.h"
#include "rtc/transport/srtp.h"

namespace reallive::rtc {

class SrtpCipher {
 public:
  virtual ~SrtpCipher() = default;

  /// header ‖ ciphertext ‖ tag to `out`. `index` is ROC and sequence.
  virtual bool seal(const RtpPlain& packet, uint32_t ssrc, uint64_t index, uint8_t* out) = 0;
  /// Decrypts what follows `header_size` in place; false when the tag is wrong.
  virtual bool open(std::span<uint8_t> packet, size_t header_size, uint32_t ssrc, uint64_t index) = 0;
  /// The whole SRTCP packet to `out`.
  virtual bool seal_rtcp(Bytes packet, uint32_t ssrc, uint32_t index, uint8_t* out) = 0;
  virtual bool open_rtcp(std::span<uint8_t> packet, uint32_t ssrc, uint32_t index) = 0;
  /// The word with the E bit and the index; the packet is long enough.
  virtual uint32_t rtcp_index_word(Bytes packet) const = 0;
};

/// What RFC 3711 section 4.3 derives from one master key: only the profile's sizes count.
struct SrtpSessionKeys {
  struct One {
    std::array<uint8_t, 32> key{};
    std::array<uint8_t, 20> auth{};  // AES-CM only
    std::array<uint8_t, 14> salt{};
  };
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  One rtp;
  One rtcp;

  SrtpSessionKeys() = default;
  SrtpSessionKeys(const SrtpSessionKeys&) = delete;
  SrtpSessionKeys& operator=(const SrtpSessionKeys&) = delete;
  ~SrtpSessionKeys() {
    OPENSSL_cleanse(&rtp, sizeof rtp);
    OPENSSL_cleanse(&rtcp, sizeof rtcp);
  }
};
bool derive_session_keys(const SrtpKeys& master, SrtpSessionKeys& session);

/// nullptr when the libraries do not have what it takes.
std::unique_ptr<SrtpCipher> make_gcm_cipher(const SrtpSessionKeys& keys, bool encrypt,
                                            AesGcmKind kind = AesGcmKind::kFastest);
std::unique_ptr<SrtpCipher> make_cm_cipher(const SrtpSessionKeys& keys);

inline constexpr uint32_t kSrtcpEncrypted = 0x80000000u;
inline constexpr size_t kSrtcpClear = 8;  // header and SSRC of the first packet stay in clear

struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter>;

}  // namespace reallive::rtc
