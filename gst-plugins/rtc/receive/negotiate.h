// Negotiation of a publisher: which of the offered tracks and codecs we take, and the answer that says so.
// Pure functions over descriptions for any thread. It never accepts what the depayloaders cannot read.
// RFC 8829 (offer and answer), RFC 8853 (simulcast, declined: one encoding comes). Transport: transport/answer.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "rtc/receive/congestion_feedback.h"
#include "rtc/receive/keyframe_requests.h"
#include "rtc/wire/sdp.h"

namespace reallive::rtc {

enum class ReceiveCodec : uint8_t { kH264, kVp8, kOpus };
std::string_view to_string(ReceiveCodec codec);

/// One accepted m-line.
struct ReceiveTrack {
  ReceiveCodec codec = ReceiveCodec::kH264;
  std::string mid;
  uint8_t payload_type = 0;
  std::optional<uint8_t> rtx_payload_type;
  uint32_t clock_rate = 90'000;
  uint16_t channels = 1;
  std::string fmtp;  // as offered
  bool nack = false;
  KeyframeRequests::Means keyframes = KeyframeRequests::Means::kNone;
  std::vector<uint32_t> ssrcs;      // announced; may be empty
  std::vector<uint32_t> rtx_ssrcs;  // by FID groups

  bool video() const { return codec != ReceiveCodec::kOpus; }
};

/// Ids of header extensions, the same for all tracks of a bundle (RFC 9143 section 9.1.3); 0 when not negotiated.
struct ReceiveExtensions {
  uint8_t mid = 0;
  uint8_t transport_sequence = 0;
  uint8_t absolute_capture_time = 0;
};

struct ReceiveNegotiation {
  std::vector<ReceiveTrack> tracks;
  ReceiveExtensions extensions;
  CongestionFeedback::Mode feedback = CongestionFeedback::Mode::kNone;
  bool reduced_size = true;  // RFC 5506: feedback may go without a report
  sdp::Session answer;       // without our transport: see finish_answer()
};

inline constexpr size_t kMaxReceiveTracks = 4;

/// Error codes "bad-offer" (nothing is sent to us) and "no-common-codec", with the reason.
Result<ReceiveNegotiation> negotiate_receive(const sdp::Session& offer);

}  // namespace reallive::rtc
