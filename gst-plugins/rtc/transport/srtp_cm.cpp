// AES128_CM_HMAC_SHA1_80 (RFC 3711), which is all that GStreamer's webrtcbin offers, and the key derivation of all
// profiles. Not by libsrtp2: that derives the packet index itself and so cannot repeat a packet of an earlier ROC,
// and Debian's build costs several times as much.

#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

constexpr size_t kTag = 10;
constexpr size_t kKey = 16;
constexpr size_t kSalt = 14;
constexpr size_t kAuthKey = 20;

struct MacDeleter {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

class CmKey {
 public:
  bool prepare(const SrtpKeys& keys, uint8_t key_label, uint8_t auth_label, uint8_t salt_label) {
    const Bytes master_key(keys.key.data(), kKey);
    const Bytes master_salt(keys.salt.data(), kSalt);
    uint8_t key[kKey], auth[kAuthKey];
    context_.reset(EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_MAC, MacDeleter> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    mac_.reset(hmac ? EVP_MAC_CTX_new(hmac.get()) : nullptr);
    char digest[] = "SHA1";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_END};
    const bool done = context_ && mac_ && srtp_derive(master_key, master_salt, key_label, key) &&
                      srtp_derive(master_key, master_salt, auth_label, auth) &&
                      srtp_derive(master_key, master_salt, salt_label, salt_) &&
                      EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ctr(), nullptr, key, nullptr) == 1 &&
                      EVP_MAC_init(mac_.get(), auth, sizeof auth, parameters) == 1;
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(auth, sizeof auth);
    return done;
  }

  // RFC 3711 section 4.1.1: (salt · 2^16) xor (SSRC · 2^64) xor (index · 2^16); the counter mode is its own inverse.
  bool begin(uint32_t ssrc, uint64_t index) {
    uint8_t counter[16] = {};
    put_u32(counter + 4, ssrc);
    put_u16(counter + 8, static_cast<uint16_t>(index >> 32));
    put_u32(counter + 10, static_cast<uint32_t>(index));
    for (size_t i = 0; i < kSalt; ++i)
      counter[i] ^= salt_[i];
    return EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, counter) == 1;
  }
  bool update(uint8_t* out, Bytes in) {
    int written = 0;
    return in.empty() || EVP_EncryptUpdate(context_.get(), out, &written, in.data(), static_cast<int>(in.size())) == 1;
  }
  // HMAC-SHA1 of both parts, its first 10 bytes.
  bool tag(Bytes first, Bytes second, std::array<uint8_t, 20>& digest) {
    size_t written = 0;
    return EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
           EVP_MAC_update(mac_.get(), first.data(), first.size()) == 1 &&
           EVP_MAC_update(mac_.get(), second.data(), second.size()) == 1 &&
           EVP_MAC_final(mac_.get(), digest.data(), &written, digest.size()) == 1;
  }

 private:
  CipherContext context_;
  std::unique_ptr<EVP_MAC_CTX, MacDeleter> mac_;
  std::array<uint8_t, kSalt> salt_{};
};

class CmCipher final : public SrtpCipher {
 public:
  bool prepare(const SrtpKeys& keys) {
    return rtp_.prepare(keys, kRtpKey, kRtpAuth, kRtpSalt) && rtcp_.prepare(keys, kRtcpKey, kRtcpAuth, kRtcpSalt);
  }

  bool seal(const RtpPlain& packet, uint32_t ssrc, uint64_t index, uint8_t* out) override {
    std::memcpy(out, packet.header.data(), packet.header.size());
    uint8_t* const body = out + packet.header.size();
    uint8_t* const rest = body + packet.prefix.size();
    const size_t size = packet.header.size() + packet.prefix.size() + packet.payload.size();
    std::array<uint8_t, 20> digest{};
    if (!rtp_.begin(ssrc, index) || !rtp_.update(body, packet.prefix) || !rtp_.update(rest, packet.payload) ||
        !rtp_.tag(Bytes(out, size), roc_of(index), digest)) {
      return false;
    }
    std::memcpy(out + size, digest.data(), kTag);
    return true;
  }

  bool open(std::span<uint8_t> packet, size_t header_size, uint32_t ssrc, uint64_t index) override {
    const auto plain = packet.first(packet.size() - kTag);
    const auto body = plain.subspan(header_size);
    std::array<uint8_t, 20> digest{};
    return rtp_.tag(plain, roc_of(index), digest) &&
           CRYPTO_memcmp(digest.data(), plain.data() + plain.size(), kTag) == 0 && rtp_.begin(ssrc, index) &&
           rtp_.update(body.data(), body);
  }

  // Layout of RFC 3711 section 3.4: header ‖ ciphertext ‖ E and index ‖ tag over all before it.
  bool seal_rtcp(Bytes packet, uint32_t ssrc, uint32_t index, uint8_t* out) override {
    std::memcpy(out, packet.data(), kSrtcpClear);
    put_u32(out + packet.size(), kSrtcpEncrypted | index);
    std::array<uint8_t, 20> digest{};
    if (!rtcp_.begin(ssrc, index) || !rtcp_.update(out + kSrtcpClear, packet.subspan(kSrtcpClear)) ||
        !rtcp_.tag(Bytes(out, packet.size() + 4), {}, digest)) {
      return false;
    }
    std::memcpy(out + packet.size() + 4, digest.data(), kTag);
    return true;
  }

  bool open_rtcp(std::span<uint8_t> packet, uint32_t ssrc, uint32_t index) override {
    const auto covered = packet.first(packet.size() - kTag);
    const auto body = covered.subspan(kSrtcpClear, covered.size() - kSrtcpClear - 4);
    std::array<uint8_t, 20> digest{};
    return rtcp_.tag(covered, {}, digest) && CRYPTO_memcmp(digest.data(), covered.data() + covered.size(), kTag) == 0 &&
           rtcp_.begin(ssrc, index) && rtcp_.update(body.data(), body);
  }

  uint32_t rtcp_index_word(Bytes packet) const override { return read_u32(packet.data() + packet.size() - kTag - 4); }

 private:
  Bytes roc_of(uint64_t index) {
    put_u32(roc_.data(), static_cast<uint32_t>(index >> 16));
    return roc_;
  }

  CmKey rtp_;
  CmKey rtcp_;
  std::array<uint8_t, 4> roc_{};
};

}  // namespace

std::unique_ptr<SrtpCipher> make_cm_cipher(const SrtpKeys& keys) {
  auto cipher = std::make_unique<CmCipher>();
  if (!cipher->prepare(keys)) return nullptr;
  return cipher;
}

bool srtp_derive(Bytes key, Bytes salt, uint8_t label, std::span<uint8_t> out) {
  if ((key.size() != 16 && key.size() != 32) || salt.size() > kSalt || out.size() > 1024) return false;
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

}  // namespace reallive::rtc
