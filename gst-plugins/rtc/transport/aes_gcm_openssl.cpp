#include "rtc/transport/aes_gcm.h"
#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

// The key schedule is made once; a packet only sets the nonce.
class OpenSslGcm final : public AesGcm {
 public:
  bool prepare(Bytes key, bool encrypt) {
    const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    context_.reset(EVP_CIPHER_CTX_new());
    return context_ && EVP_CipherInit_ex(context_.get(), cipher, nullptr, key.data(), nullptr, encrypt) == 1;
  }

  bool seal(const uint8_t* nonce, Bytes authenticated, Bytes first, Bytes second, uint8_t* out, uint8_t* tag) override {
    int written = 0;
    return begin(nonce) && update(nullptr, authenticated) && update(out, first) && update(out + first.size(), second) &&
           EVP_CipherFinal_ex(context_.get(), tag, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kTag, tag) == 1;
  }

  bool open(const uint8_t* nonce, Bytes authenticated, std::span<uint8_t> body, const uint8_t* tag) override {
    int written = 0;
    uint8_t rest[kTag];
    return begin(nonce) && update(nullptr, authenticated) && update(body.data(), body) &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kTag, const_cast<uint8_t*>(tag)) == 1 &&
           EVP_CipherFinal_ex(context_.get(), rest, &written) == 1;
  }

 private:
  bool begin(const uint8_t* nonce) {
    return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce, -1) == 1;
  }
  bool update(uint8_t* out, Bytes in) {
    int written = 0;
    return in.empty() || EVP_CipherUpdate(context_.get(), out, &written, in.data(), static_cast<int>(in.size())) == 1;
  }

  CipherContext context_;
};

}  // namespace

std::unique_ptr<AesGcm> make_openssl_gcm(Bytes key, bool encrypt) {
  auto gcm = std::make_unique<OpenSslGcm>();
  if ((key.size() != 16 && key.size() != 32) || !gcm->prepare(key, encrypt)) return nullptr;
  return gcm;
}

std::unique_ptr<AesGcm> make_aes_gcm(Bytes key, bool encrypt, AesGcmKind kind) {
  auto fast = kind == AesGcmKind::kOpenSsl ? nullptr : make_ipsec_mb_gcm(key);
  if (fast || kind == AesGcmKind::kIpsecMb) return fast;
  return make_openssl_gcm(key, encrypt);
}

}  // namespace reallive::rtc
