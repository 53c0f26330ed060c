// Payloader: cuts access units of one track into RTP payloads; one implementation a codec, one file each.
// Belongs to the track's streaming thread. It copies the access unit once, into the frame, and keeps no
// reference to it; it never looks at the clock.
#pragma once

#include <memory>
#include <string>

#include "common/result.h"
#include "rtc/send/frame.h"

namespace reallive::rtc {

/// A UDP payload of 1200 bytes less RTP header (12), extension block (32), SRTP tag (16) and RTX's OSN (2).
inline constexpr size_t kDefaultMaxPayload = 1138;
/// An access unit beyond this is refused.
inline constexpr size_t kMaxAccessUnit = 8 * 1024 * 1024;

class Payloader {
 public:
  virtual ~Payloader() = default;

  /// Payloads of at most the maximum size; those cut from one unit are of one size but for the last, which is not
  /// larger (UDP segmentation needs equal datagrams).
  /// Error code "bad-access-unit": empty, too large, or not of this codec's form.
  virtual Result<FramePtr> packetize(Bytes access_unit, const FrameMeta& meta) = 0;

  /// What the newest SPS says for the negotiation, empty before it and for other codecs. H.264: profile-level-id as six
  /// lower-case hex digits (RFC 6184 section 8.1); H.265: profile-id in decimal (RFC 7798 section 7.1).
  virtual std::string profile() const { return {}; }
};

/// H.264 in byte-stream form, one access unit a call (RFC 6184, packetization-mode 1): parameter sets go as one STAP-A
/// before each key frame, the last ones seen where the access unit has none; delimiters and filler are left out.
std::unique_ptr<Payloader> make_h264_payloader(size_t max_payload = kDefaultMaxPayload);
/// H.265 in byte-stream form, one access unit a call (RFC 7798, no DONL): VPS, SPS and PPS go as one aggregation packet
/// before each key frame, as with H.264.
std::unique_ptr<Payloader> make_h265_payloader(size_t max_payload = kDefaultMaxPayload);
/// VP8, one frame a call (RFC 7741), with 15-bit PictureID.
std::unique_ptr<Payloader> make_vp8_payloader(size_t max_payload = kDefaultMaxPayload);
/// Opus, one packet a call (RFC 7587).
std::unique_ptr<Payloader> make_opus_payloader(size_t max_payload = kDefaultMaxPayload);

/// The payloader of `codec`.
std::unique_ptr<Payloader> make_payloader(CodecKind codec, size_t max_payload = kDefaultMaxPayload);

}  // namespace reallive::rtc
