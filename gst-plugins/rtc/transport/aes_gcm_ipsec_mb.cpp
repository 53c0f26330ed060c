#include "rtc/transport/aes_gcm.h"

#ifdef REALLIVE_HAVE_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

namespace reallive::rtc {

namespace {

constexpr size_t kAlignment = 64;  // its instructions want it, its header does not say so

// The functions for this processor, chosen and tested once, and kept to the very end: threads may outlive static
// objects. nullptr where they are of no use.
const IMB_MGR* manager() {
  static const IMB_MGR* const instance = []() -> const IMB_MGR* {
    IMB_MGR* const made = alloc_mb_mgr(0);
    if (!made) return nullptr;
    init_mb_mgr_auto(made, nullptr);
    constexpr uint64_t kNeeded = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    if (imb_get_errno(made) == 0 && (made->features & kNeeded) == kNeeded) return made;
    free_mb_mgr(made);
    return nullptr;
  }();
  return instance;
}

class IpsecMbGcm final : public AesGcm {
 public:
  IpsecMbGcm(const IMB_MGR& functions, Bytes key) : wide_(key.size() == 32), functions_(functions) {
    if (wide_) {
      IMB_AES256_GCM_PRE(&functions_, key.data(), &key_);
    } else {
      IMB_AES128_GCM_PRE(&functions_, key.data(), &key_);
    }
  }
  ~IpsecMbGcm() override { OPENSSL_cleanse(&key_, sizeof key_); }
  IpsecMbGcm(const IpsecMbGcm&) = delete;
  IpsecMbGcm& operator=(const IpsecMbGcm&) = delete;

  bool seal(const uint8_t* nonce, Bytes authenticated, Bytes first, Bytes second, uint8_t* out, uint8_t* tag) override {
    alignas(kAlignment) gcm_context_data state;
    if (first.empty()) {
      const auto whole = wide_ ? functions_.gcm256_enc : functions_.gcm128_enc;
      whole(&key_, &state, out, second.data(), second.size(), nonce, authenticated.data(), authenticated.size(), tag,
            kTag);
      return true;
    }
    const auto begin = wide_ ? functions_.gcm256_init : functions_.gcm128_init;
    const auto update = wide_ ? functions_.gcm256_enc_update : functions_.gcm128_enc_update;
    const auto end = wide_ ? functions_.gcm256_enc_finalize : functions_.gcm128_enc_finalize;
    begin(&key_, &state, nonce, authenticated.data(), authenticated.size());
    update(&key_, &state, out, first.data(), first.size());
    update(&key_, &state, out + first.size(), second.data(), second.size());
    end(&key_, &state, tag, kTag);
    return true;
  }

  bool open(const uint8_t* nonce, Bytes authenticated, std::span<uint8_t> body, const uint8_t* tag) override {
    alignas(kAlignment) gcm_context_data state;
    uint8_t found[kTag];
    const auto whole = wide_ ? functions_.gcm256_dec : functions_.gcm128_dec;
    whole(&key_, &state, body.data(), body.data(), body.size(), nonce, authenticated.data(), authenticated.size(),
          found, kTag);
    return CRYPTO_memcmp(found, tag, kTag) == 0;
  }

 private:
  alignas(kAlignment) gcm_key_data key_;
  const bool wide_;  // 256 bits
  const IMB_MGR& functions_;
};

}  // namespace

std::unique_ptr<AesGcm> make_ipsec_mb_gcm(Bytes key) {
  const IMB_MGR* const functions = manager();
  if (!functions || (key.size() != 16 && key.size() != 32)) return nullptr;
  return std::make_unique<IpsecMbGcm>(*functions, key);
}

}  // namespace reallive::rtc

#else

namespace reallive::rtc {

std::unique_ptr<AesGcm> make_ipsec_mb_gcm(Bytes) {
  return nullptr;
}

}  // namespace reallive::rtc

#endif
