// AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714): the fast road.

#include <algorithm>

#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

constexpr size_t kTag = 16;
constexpr size_t kNonce = 12;

// One key with its salt. The key schedule is made once; a packet only sets the nonce.
class GcmKey {
 public:
  bool prepare(const EVP_CIPHER* cipher, const SrtpSessionKeys::One& keys, bool encrypt) {
    std::copy_n(keys.salt.begin(), kNonce, salt_.begin());
    context_.reset(EVP_CIPHER_CTX_new());
    return context_ && EVP_CipherInit_ex(context_.get(), cipher, nullptr, keys.key.data(), nullptr, encrypt) == 1;
  }

  // RFC 7714 section 8.1: 00 00 ‖ SSRC ‖ 48-bit index, exclusive-or salt; section 9.1 has the same shape for SRTCP,
  // whose index has 31 bits.
  bool begin(uint32_t ssrc, uint64_t index) {
    uint8_t nonce[kNonce] = {};
    put_u32(nonce + 2, ssrc);
    put_u16(nonce + 6, static_cast<uint16_t>(index >> 32));
    put_u32(nonce + 8, static_cast<uint32_t>(index));
    for (size_t i = 0; i < kNonce; ++i)
      nonce[i] ^= salt_[i];
    return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce, -1) == 1;
  }
  bool authenticate(Bytes data) { return update(nullptr, data); }
  bool update(uint8_t* out, Bytes in) {
    int written = 0;
    return in.empty() || EVP_CipherUpdate(context_.get(), out, &written, in.data(), static_cast<int>(in.size())) == 1;
  }
  bool write_tag(uint8_t* tag) {
    int written = 0;
    return EVP_CipherFinal_ex(context_.get(), tag, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kTag, tag) == 1;
  }
  bool check_tag(uint8_t* tag) {
    int written = 0;
    return EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag) == 1 &&
           EVP_CipherFinal_ex(context_.get(), tag, &written) == 1;
  }

 private:
  CipherContext context_;
  std::array<uint8_t, kNonce> salt_{};
};

class GcmCipher final : public SrtpCipher {
 public:
  bool prepare(const SrtpSessionKeys& keys, bool encrypt) {
    const EVP_CIPHER* cipher = keys.profile == SrtpProfile::kAeadAes256Gcm ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    return rtp_.prepare(cipher, keys.rtp, encrypt) && rtcp_.prepare(cipher, keys.rtcp, encrypt);
  }

  bool seal(const RtpPlain& packet, uint32_t ssrc, uint64_t index, uint8_t* out) override {
    std::memcpy(out, packet.header.data(), packet.header.size());
    uint8_t* const body = out + packet.header.size();
    uint8_t* const rest = body + packet.prefix.size();
    return rtp_.begin(ssrc, index) && rtp_.authenticate(packet.header) && rtp_.update(body, packet.prefix) &&
           rtp_.update(rest, packet.payload) && rtp_.write_tag(rest + packet.payload.size());
  }

  bool open(std::span<uint8_t> packet, size_t header_size, uint32_t ssrc, uint64_t index) override {
    const auto body = packet.subspan(header_size, packet.size() - header_size - kTag);
    return rtp_.begin(ssrc, index) && rtp_.authenticate(packet.first(header_size)) && rtp_.update(body.data(), body) &&
           rtp_.check_tag(packet.data() + packet.size() - kTag);
  }

  // Layout of RFC 7714 section 9.2: header ‖ ciphertext ‖ tag ‖ E and index; header and that word are authenticated.
  bool seal_rtcp(Bytes packet, uint32_t ssrc, uint32_t index, uint8_t* out) override {
    uint8_t* const tag = out + packet.size();
    uint8_t* const word = tag + kTag;
    put_u32(word, kSrtcpEncrypted | index);
    std::memcpy(out, packet.data(), kSrtcpClear);
    return rtcp_.begin(ssrc, index) && rtcp_.authenticate(packet.first(kSrtcpClear)) &&
           rtcp_.authenticate(Bytes(word, 4)) && rtcp_.update(out + kSrtcpClear, packet.subspan(kSrtcpClear)) &&
           rtcp_.write_tag(tag);
  }

  bool open_rtcp(std::span<uint8_t> packet, uint32_t ssrc, uint32_t index) override {
    const auto body = packet.subspan(kSrtcpClear, packet.size() - kSrtcpClear - kTag - 4);
    uint8_t* const tag = body.data() + body.size();
    return rtcp_.begin(ssrc, index) && rtcp_.authenticate(packet.first(kSrtcpClear)) &&
           rtcp_.authenticate(Bytes(tag + kTag, 4)) && rtcp_.update(body.data(), body) && rtcp_.check_tag(tag);
  }

  uint32_t rtcp_index_word(Bytes packet) const override { return read_u32(packet.data() + packet.size() - 4); }

 private:
  GcmKey rtp_;
  GcmKey rtcp_;
};

}  // namespace

std::unique_ptr<SrtpCipher> make_gcm_cipher(const SrtpSessionKeys& keys, bool encrypt) {
  auto cipher = std::make_unique<GcmCipher>();
  if (!cipher->prepare(keys, encrypt)) return nullptr;
  return cipher;
}

}  // namespace reallive::rtc
