// AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714): the fast road.

#include <algorithm>

#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

constexpr size_t kTag = AesGcm::kTag;
constexpr size_t kNonce = AesGcm::kNonce;

// One key with its salt.
struct GcmKey {
  GcmKey(const SrtpSessionKeys::One& keys, size_t key_size, bool encrypt, AesGcmKind kind)
      : gcm(make_aes_gcm(Bytes(keys.key).first(key_size), encrypt, kind)) {
    std::copy_n(keys.salt.begin(), kNonce, salt.begin());
  }

  // RFC 7714 section 8.1: 00 00 ‖ SSRC ‖ 48-bit index, exclusive-or salt; section 9.1 has the same shape for SRTCP,
  // whose index has 31 bits.
  std::array<uint8_t, kNonce> nonce(uint32_t ssrc, uint64_t index) const {
    std::array<uint8_t, kNonce> nonce{};
    put_u32(nonce.data() + 2, ssrc);
    put_u16(nonce.data() + 6, static_cast<uint16_t>(index >> 32));
    put_u32(nonce.data() + 8, static_cast<uint32_t>(index));
    for (size_t i = 0; i < kNonce; ++i)
      nonce[i] ^= salt[i];
    return nonce;
  }

  const std::unique_ptr<AesGcm> gcm;
  std::array<uint8_t, kNonce> salt{};
};

class GcmCipher final : public SrtpCipher {
 public:
  GcmCipher(const SrtpSessionKeys& keys, bool encrypt, AesGcmKind kind)
      : rtp_(keys.rtp, srtp_key_size(keys.profile), encrypt, kind),
        rtcp_(keys.rtcp, srtp_key_size(keys.profile), encrypt, kind) {}

  bool ready() const { return rtp_.gcm && rtcp_.gcm; }

  bool seal(const RtpPlain& packet, uint32_t ssrc, uint64_t index, uint8_t* out) override {
    std::memcpy(out, packet.header.data(), packet.header.size());
    uint8_t* const body = out + packet.header.size();
    uint8_t* const tag = body + packet.prefix.size() + packet.payload.size();
    return rtp_.gcm->seal(rtp_.nonce(ssrc, index).data(), packet.header, packet.prefix, packet.payload, body, tag);
  }

  bool open(std::span<uint8_t> packet, size_t header_size, uint32_t ssrc, uint64_t index) override {
    const auto body = packet.subspan(header_size, packet.size() - header_size - kTag);
    return rtp_.gcm->open(rtp_.nonce(ssrc, index).data(), packet.first(header_size), body, body.data() + body.size());
  }

  // Layout of RFC 7714 section 9.2: header ‖ ciphertext ‖ tag ‖ E and index; header and that word are authenticated.
  bool seal_rtcp(Bytes packet, uint32_t ssrc, uint32_t index, uint8_t* out) override {
    uint8_t* const tag = out + packet.size();
    put_u32(tag + kTag, kSrtcpEncrypted | index);
    std::memcpy(out, packet.data(), kSrtcpClear);
    return rtcp_.gcm->seal(rtcp_.nonce(ssrc, index).data(), authenticated(out, tag + kTag), {},
                           packet.subspan(kSrtcpClear), out + kSrtcpClear, tag);
  }

  bool open_rtcp(std::span<uint8_t> packet, uint32_t ssrc, uint32_t index) override {
    const auto body = packet.subspan(kSrtcpClear, packet.size() - kSrtcpClear - kTag - 4);
    const uint8_t* const tag = body.data() + body.size();
    return rtcp_.gcm->open(rtcp_.nonce(ssrc, index).data(), authenticated(packet.data(), tag + kTag), body, tag);
  }

  uint32_t rtcp_index_word(Bytes packet) const override { return read_u32(packet.data() + packet.size() - 4); }

 private:
  // Header and index word of an SRTCP packet, side by side until the next call.
  Bytes authenticated(const uint8_t* header, const uint8_t* word) {
    std::memcpy(authenticated_.data(), header, kSrtcpClear);
    std::memcpy(authenticated_.data() + kSrtcpClear, word, 4);
    return authenticated_;
  }

  GcmKey rtp_;
  GcmKey rtcp_;
  std::array<uint8_t, kSrtcpClear + 4> authenticated_{};
};

}  // namespace

std::unique_ptr<SrtpCipher> make_gcm_cipher(const SrtpSessionKeys& keys, bool encrypt, AesGcmKind kind) {
  auto cipher = std::make_unique<GcmCipher>(keys, encrypt, kind);
  if (!cipher->ready()) return nullptr;
  return cipher;
}

}  // namespace reallive::rtc
