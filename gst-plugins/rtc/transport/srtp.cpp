#include "rtc/transport/srtp.h"

#include <algorithm>
#include <bit>

#include "rtc/transport/srtp_cipher.h"
#include "rtc/wire/rtp.h"

namespace reallive::rtc {

namespace {

constexpr size_t kMaxStreams = 64;
constexpr int64_t kIndexEnd = int64_t{1} << 48;
constexpr uint32_t kRtcpIndexEnd = 0x7fffffff;

std::unique_ptr<SrtpCipher> make_cipher(const SrtpKeys& keys, bool encrypt) {
  SrtpSessionKeys session;
  if (!derive_session_keys(keys, session)) return nullptr;
  return keys.profile == SrtpProfile::kAes128CmSha1_80 ? make_cm_cipher(session) : make_gcm_cipher(session, encrypt);
}

// RFC 3711 appendix A: the index whose sequence number is `sequence` and that is nearest to the newest one.
// Negative when that lies before the first packet there can be.
int64_t guess_index(int64_t highest, uint16_t sequence) {
  if (highest < 0) return sequence;
  const int64_t forward = static_cast<uint16_t>(sequence - static_cast<uint16_t>(highest));
  return highest + (forward < 0x8000 ? forward : forward - 0x10000);
}

uint64_t seal_of(const uint8_t* tag) {
  uint64_t value = 0;
  std::memcpy(&value, tag, sizeof value);
  return value;
}

}  // namespace

std::string_view to_string(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAes128CmSha1_80:
      return "AES128_CM_HMAC_SHA1_80";
    case SrtpProfile::kAeadAes128Gcm:
      return "AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm:
      return "AEAD_AES_256_GCM";
  }
  return "unknown";
}

size_t srtp_key_size(SrtpProfile profile) {
  return profile == SrtpProfile::kAeadAes256Gcm ? 32 : 16;
}
size_t srtp_salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::kAes128CmSha1_80 ? 14 : 12;
}
size_t srtp_tag_size(SrtpProfile profile) {
  return profile == SrtpProfile::kAes128CmSha1_80 ? 10 : 16;
}

SrtpSender::SrtpSender(SrtpProfile profile, std::unique_ptr<SrtpCipher> cipher)
    : profile_(profile), tag_size_(srtp_tag_size(profile)), cipher_(std::move(cipher)) {}
SrtpSender::SrtpSender(SrtpSender&&) noexcept = default;
SrtpSender& SrtpSender::operator=(SrtpSender&&) noexcept = default;
SrtpSender::~SrtpSender() = default;

Result<SrtpSender> SrtpSender::make(const SrtpKeys& keys) {
  auto cipher = make_cipher(keys, true);
  if (!cipher) return fail("srtp", "OpenSSL cannot do " + std::string(to_string(keys.profile)));
  return SrtpSender(keys.profile, std::move(cipher));
}

SrtpSender::Stream* SrtpSender::stream_of(uint32_t ssrc) {
  const auto found = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (found != streams_.end()) return &*found;
  if (streams_.size() == kMaxStreams) return nullptr;
  Stream& stream = streams_.emplace_back();
  stream.ssrc = ssrc;
  return &stream;
}

void SrtpSender::remember(uint32_t ssrc, size_t depth) {
  Stream* const stream = stream_of(ssrc);
  if (stream) stream->seals.assign(std::bit_ceil(std::clamp<size_t>(depth, 1, 32768)), 0);
}

size_t SrtpSender::seal(const RtpPlain& packet, std::span<uint8_t> out) {
  const size_t size = packet.header.size() + packet.prefix.size() + packet.payload.size() + tag_size_;
  if (packet.header.size() < rtp::kFixedHeader || size > out.size()) return 0;
  const uint32_t ssrc = read_u32(packet.header.data() + 8);
  const int64_t index = int64_t{packet.roc} << 16 | read_u16(packet.header.data() + 2);
  Stream* const stream = stream_of(ssrc);
  if (!stream) return 0;
  if (index <= stream->highest || index >= kIndexEnd) {
    ++refused_;
    return 0;
  }
  stream->highest = index;  // even should the cipher fail: this nonce is spent
  if (!cipher_->seal(packet, ssrc, static_cast<uint64_t>(index), out.data())) return 0;
  if (!stream->seals.empty()) {
    stream->seals[static_cast<size_t>(index) & (stream->seals.size() - 1)] = seal_of(out.data() + size - tag_size_);
  }
  return size;
}

size_t SrtpSender::reseal(const RtpPlain& packet, std::span<uint8_t> out) {
  const size_t size = packet.header.size() + packet.prefix.size() + packet.payload.size() + tag_size_;
  if (packet.header.size() < rtp::kFixedHeader || size > out.size()) return 0;
  const uint32_t ssrc = read_u32(packet.header.data() + 8);
  const int64_t index = int64_t{packet.roc} << 16 | read_u16(packet.header.data() + 2);
  const auto stream = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (stream == streams_.end() || index > stream->highest ||
      stream->highest - index >= static_cast<int64_t>(stream->seals.size())) {
    return 0;
  }
  // The tag authenticates header and ciphertext under this nonce: an equal tag means equal bytes. What differs is
  // wiped before anybody can send it.
  if (cipher_->seal(packet, ssrc, static_cast<uint64_t>(index), out.data()) &&
      stream->seals[static_cast<size_t>(index) & (stream->seals.size() - 1)] ==
          seal_of(out.data() + size - tag_size_)) {
    return size;
  }
  OPENSSL_cleanse(out.data(), size);
  ++refused_;
  return 0;
}

size_t SrtpSender::seal_rtcp(Bytes packet, std::span<uint8_t> out) {
  const size_t size = packet.size() + tag_size_ + 4;
  if (packet.size() < kSrtcpClear || size > out.size() || rtcp_index_ == kRtcpIndexEnd) return 0;
  return cipher_->seal_rtcp(packet, read_u32(packet.data() + 4), ++rtcp_index_, out.data()) ? size : 0;
}

template <size_t Bits>
SrtpStatus SrtpReceiver::Window<Bits>::check(int64_t index) const {
  if (index > highest) return SrtpStatus::kOk;
  if (highest - index >= static_cast<int64_t>(Bits)) return SrtpStatus::kTooOld;
  const size_t bit = static_cast<size_t>(index) % Bits;
  return seen[bit / 64] >> (bit % 64) & 1 ? SrtpStatus::kReplayed : SrtpStatus::kOk;
}

template <size_t Bits>
void SrtpReceiver::Window<Bits>::accept(int64_t index) {
  if (index - highest >= static_cast<int64_t>(Bits)) {
    seen.fill(0);
    highest = index;
  }
  while (highest < index) {
    const size_t bit = static_cast<size_t>(++highest) % Bits;
    seen[bit / 64] &= ~(uint64_t{1} << (bit % 64));
  }
  const size_t bit = static_cast<size_t>(index) % Bits;
  seen[bit / 64] |= uint64_t{1} << (bit % 64);
}

SrtpReceiver::SrtpReceiver(SrtpProfile profile, std::unique_ptr<SrtpCipher> cipher)
    : profile_(profile), tag_size_(srtp_tag_size(profile)), cipher_(std::move(cipher)) {}
SrtpReceiver::SrtpReceiver(SrtpReceiver&&) noexcept = default;
SrtpReceiver& SrtpReceiver::operator=(SrtpReceiver&&) noexcept = default;
SrtpReceiver::~SrtpReceiver() = default;

Result<SrtpReceiver> SrtpReceiver::make(const SrtpKeys& keys) {
  auto cipher = make_cipher(keys, false);
  if (!cipher) return fail("srtp", "OpenSSL cannot do " + std::string(to_string(keys.profile)));
  return SrtpReceiver(keys.profile, std::move(cipher));
}

SrtpReceiver::Stream* SrtpReceiver::find(uint32_t ssrc) {
  const auto found = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  return found == streams_.end() ? nullptr : &*found;
}

SrtpReceiver::Stream* SrtpReceiver::add(uint32_t ssrc) {
  Stream& stream = streams_.emplace_back();
  stream.ssrc = ssrc;
  return &stream;
}

SrtpOpened SrtpReceiver::open(std::span<uint8_t> packet) {
  const auto header = rtp::parse_header(packet);
  if (!header || packet.size() < header->header_size + tag_size_) return {};
  Stream* stream = find(header->ssrc);
  if (!stream && streams_.size() == kMaxStreams) return {SrtpStatus::kTooManyStreams};
  const int64_t index = guess_index(stream ? stream->rtp.highest : -1, header->sequence);
  if (index < 0 || index >= kIndexEnd) return {SrtpStatus::kTooOld};
  const SrtpStatus status = stream ? stream->rtp.check(index) : SrtpStatus::kOk;
  if (status != SrtpStatus::kOk) return {status};
  if (!cipher_->open(packet, header->header_size, header->ssrc, static_cast<uint64_t>(index))) {
    return {SrtpStatus::kNotAuthentic};
  }
  if (!stream) stream = add(header->ssrc);
  stream->rtp.accept(index);
  return {SrtpStatus::kOk, packet.size() - tag_size_, static_cast<uint64_t>(index)};
}

SrtpOpened SrtpReceiver::open_rtcp(std::span<uint8_t> packet) {
  if (packet.size() < kSrtcpClear + tag_size_ + 4 || packet[0] >> 6 != 2) return {};
  const uint32_t ssrc = read_u32(packet.data() + 4);
  const uint32_t word = cipher_->rtcp_index_word(packet);
  if (!(word & kSrtcpEncrypted)) return {};
  const uint32_t index = word & ~kSrtcpEncrypted;
  Stream* stream = find(ssrc);
  if (!stream && streams_.size() == kMaxStreams) return {SrtpStatus::kTooManyStreams};
  const SrtpStatus status = stream ? stream->rtcp.check(index) : SrtpStatus::kOk;
  if (status != SrtpStatus::kOk) return {status};
  if (!cipher_->open_rtcp(packet, ssrc, index)) return {SrtpStatus::kNotAuthentic};
  if (!stream) stream = add(ssrc);
  stream->rtcp.accept(index);
  return {SrtpStatus::kOk, packet.size() - tag_size_ - 4, index};
}

}  // namespace reallive::rtc
