// AES128_CM_HMAC_SHA1_80 (RFC 3711), which is all that GStreamer's webrtcbin offers. Not by libsrtp2: that derives the
// packet index itself and so cannot repeat a packet of an earlier ROC, and Debian's build costs several times as much.

#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

constexpr size_t kTag = 10;
constexpr size_t kSalt = 14;

struct MacDeleter {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

class CmKey {
 public:
  bool prepare(const SrtpSessionKeys::One& keys) {
    salt_ = keys.salt;
    context_.reset(EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_MAC, MacDeleter> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    mac_.reset(hmac ? EVP_MAC_CTX_new(hmac.get()) : nullptr);
    char digest[] = "SHA1";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_END};
    return context_ && mac_ &&
           EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ctr(), nullptr, keys.key.data(), nullptr) == 1 &&
           EVP_MAC_init(mac_.get(), keys.auth.data(), keys.auth.size(), parameters) == 1;
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
  bool prepare(const SrtpSessionKeys& keys) { return rtp_.prepare(keys.rtp) && rtcp_.prepare(keys.rtcp); }

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

std::unique_ptr<SrtpCipher> make_cm_cipher(const SrtpSessionKeys& keys) {
  auto cipher = std::make_unique<CmCipher>();
  if (!cipher->prepare(keys)) return nullptr;
  return cipher;
}

}  // namespace reallive::rtc
