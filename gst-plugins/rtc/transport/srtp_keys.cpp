// The key derivation that all profiles share (RFC 3711 section 4.3, RFC 7714 section 11).

#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

// RFC 3711 section 4.3.2.
enum Label : uint8_t { kRtpKey = 0, kRtpAuth = 1, kRtpSalt = 2, kRtcpKey = 3, kRtcpAuth = 4, kRtcpSalt = 5 };

constexpr size_t kMaxSalt = 14;

}  // namespace

bool srtp_derive(Bytes key, Bytes salt, uint8_t label, std::span<uint8_t> out) {
  if ((key.size() != 16 && key.size() != 32) || salt.size() > kMaxSalt || out.size() > 1024) return false;
  uint8_t counter[16] = {};
  std::memcpy(counter, salt.data(), salt.size());
  counter[7] ^= label;
  const CipherContext context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  int written = 0;
  std::memset(out.data(), 0, out.size());
  return context && EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), counter) == 1 &&
         EVP_EncryptUpdate(context.get(), out.data(), &written, out.data(), static_cast<int>(out.size())) == 1;
}

bool derive_session_keys(const SrtpKeys& master, SrtpSessionKeys& session) {
  const size_t key_size = srtp_key_size(master.profile), salt_size = srtp_salt_size(master.profile);
  const Bytes key(master.key.data(), key_size), salt(master.salt.data(), salt_size);
  const auto derive = [&](SrtpSessionKeys::One& keys, Label key_label, Label auth_label, Label salt_label) {
    return srtp_derive(key, salt, key_label, std::span(keys.key).first(key_size)) &&
           srtp_derive(key, salt, auth_label, keys.auth) &&
           srtp_derive(key, salt, salt_label, std::span(keys.salt).first(salt_size));
  };
  session.profile = master.profile;
  return derive(session.rtp, kRtpKey, kRtpAuth, kRtpSalt) && derive(session.rtcp, kRtcpKey, kRtcpAuth, kRtcpSalt);
}

}  // namespace reallive::rtc
