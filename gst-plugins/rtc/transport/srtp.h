// SrtpSender and SrtpReceiver: one direction each of SRTP and SRTCP (RFC 3711, RFC 7714) for any number of SSRCs.
// Each belongs to one thread at a time; key schedules are made once, for OpenSSL or, GCM on x86-64, for libipsec-mb.
// They never allocate for a packet (but for the first of an SSRC), and never seal two plaintexts with one nonce.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "rtc/wire/bytes.h"

namespace reallive::rtc {

/// Protection profiles by their DTLS-SRTP numbers (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
enum class SrtpProfile : uint16_t { kAes128CmSha1_80 = 1, kAeadAes128Gcm = 7, kAeadAes256Gcm = 8 };

/// "AEAD_AES_128_GCM" and so on, as statistics show it.
std::string_view to_string(SrtpProfile profile);

/// Bytes of master key (16 or 32), master salt (14, or 12 for GCM) and authentication tag (10, or 16 for GCM).
size_t srtp_key_size(SrtpProfile profile);
size_t srtp_salt_size(SrtpProfile profile);
size_t srtp_tag_size(SrtpProfile profile);

/// No profile adds more than this to a packet: tag, and for RTCP the word with the index.
inline constexpr size_t kSrtpOverhead = 16;
inline constexpr size_t kSrtcpOverhead = 20;

/// Master key and salt of one direction; only the first srtp_key_size() and srtp_salt_size() bytes count.
struct SrtpKeys {
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 14> salt{};
  bool operator==(const SrtpKeys&) const = default;
};

/// One packet before sealing. SSRC and sequence number are read from `header`, which stays in clear.
struct RtpPlain {
  Bytes header;      // fixed header, CSRCs and extension block
  Bytes prefix;      // goes before `payload` on the wire: the OSN of a retransmission (RFC 4588); may be empty
  Bytes payload;     // may lie in a frame that all viewers share
  uint32_t roc = 0;  // how often this SSRC's sequence number has wrapped so far: bits 16 to 47 of the packet index
};

class SrtpCipher;

class SrtpSender {
 public:
  /// Error code "srtp" when OpenSSL lacks the cipher.
  static Result<SrtpSender> make(const SrtpKeys& keys);
  SrtpSender(SrtpSender&&) noexcept;
  SrtpSender& operator=(SrtpSender&&) noexcept;
  ~SrtpSender();

  SrtpProfile profile() const { return profile_; }
  /// What sealing adds to a packet, in bytes.
  size_t tag_size() const { return tag_size_; }

  /// Keeps the seals of the newest `depth` packets (rounded up to a power of two) of `ssrc`, so that reseal() can
  /// repeat them; 8 bytes each. Needed only for a stream whose viewer did not negotiate RTX.
  void remember(uint32_t ssrc, size_t depth);

  /// Writes header ‖ ciphertext ‖ tag to `out`, which must not overlap the source; the bytes written.
  /// 0 when `out` is too small, the header is no RTP header, there are more than 64 SSRCs, or the index (ROC and
  /// sequence) is not above every earlier one of this SSRC: a nonce is used once. See refused().
  size_t seal(const RtpPlain& packet, std::span<uint8_t> out);

  /// Writes a packet that was sealed before once more, byte for byte: the answer to a NACK without RTX. Proven by
  /// the remembered tag: 0, and nothing of it in `out`, when header, payload or ROC differ, or it is not remembered.
  size_t reseal(const RtpPlain& packet, std::span<uint8_t> out);

  /// Seals a compound or reduced-size RTCP packet under this session's next SRTCP index; the bytes written,
  /// 0 when `out` is too small, the packet is shorter than 8 bytes or the 2^31 indices are used up.
  size_t seal_rtcp(Bytes packet, std::span<uint8_t> out);

  /// Calls of seal() and reseal() that would have used a nonce for another plaintext. Anything but 0 is a bug.
  uint64_t refused() const { return refused_; }

 private:
  struct Stream {
    uint32_t ssrc = 0;
    int64_t highest = -1;         // index of the newest packet sealed
    std::vector<uint64_t> seals;  // beginnings of tags by index modulo size; empty: reseal() is off
  };
  SrtpSender(SrtpProfile profile, std::unique_ptr<SrtpCipher> cipher);
  Stream* stream_of(uint32_t ssrc);

  SrtpProfile profile_;
  size_t tag_size_;
  std::unique_ptr<SrtpCipher> cipher_;
  std::vector<Stream> streams_;
  uint32_t rtcp_index_ = 0;
  uint64_t refused_ = 0;
};

enum class SrtpStatus : uint8_t {
  kOk,
  kMalformed,       // too short, no RTP or RTCP header, RTCP that is not encrypted
  kReplayed,        // this index was accepted before
  kTooOld,          // below the replay window
  kNotAuthentic,    // the tag is wrong
  kTooManyStreams,  // more than 64 SSRCs
};

/// What came out of a packet: its plain size in bytes (header included) and its index, 48 bits for RTP, 31 for RTCP.
struct SrtpOpened {
  SrtpStatus status = SrtpStatus::kMalformed;
  size_t size = 0;
  uint64_t index = 0;
  explicit operator bool() const { return status == SrtpStatus::kOk; }
};

class SrtpReceiver {
 public:
  /// Packets this far behind the newest of their SSRC are still taken.
  static constexpr size_t kWindow = 2048;

  static Result<SrtpReceiver> make(const SrtpKeys& keys);
  SrtpReceiver(SrtpReceiver&&) noexcept;
  SrtpReceiver& operator=(SrtpReceiver&&) noexcept;
  ~SrtpReceiver();

  SrtpProfile profile() const { return profile_; }

  /// Checks and decrypts in place; the plain packet is the first `size` bytes. The ROC is estimated as RFC 3711
  /// appendix A does. After a failure the bytes are unspecified; an SSRC becomes known only by an authentic packet.
  SrtpOpened open(std::span<uint8_t> packet);
  SrtpOpened open_rtcp(std::span<uint8_t> packet);

 private:
  template <size_t Bits>
  struct Window {
    int64_t highest = -1;
    std::array<uint64_t, Bits / 64> seen{};
    SrtpStatus check(int64_t index) const;
    void accept(int64_t index);
  };
  struct Stream {
    uint32_t ssrc = 0;
    Window<kWindow> rtp;
    Window<128> rtcp;
  };
  SrtpReceiver(SrtpProfile profile, std::unique_ptr<SrtpCipher> cipher);
  Stream* find(uint32_t ssrc);
  Stream* add(uint32_t ssrc);

  SrtpProfile profile_;
  size_t tag_size_;
  std::unique_ptr<SrtpCipher> cipher_;
  std::vector<Stream> streams_;
};

/// Key derivation of RFC 3711 section 4.3 with rate 0: AES-CM keystream under `key` (16 or 32 bytes) from
/// `salt` (14 bytes, or 12 that are padded with zeros, RFC 7714 section 11) and `label`, into `out`.
bool srtp_derive(Bytes key, Bytes salt, uint8_t label, std::span<uint8_t> out);

}  // namespace reallive::rtc
