// The session descriptions of load clients.
// Plain functions for any thread. They never look at an answer.
#pragma once

#include <string>

#include "rtc/wire/sdp.h"

namespace reallive::load {

inline constexpr char kTwccUri[] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
inline constexpr char kMidUri[] = "urn:ietf:params:rtp-hdrext:sdes:mid";
inline constexpr uint8_t kFirstH264 = 102;  // 102, 104, … with RTX at 103, 105, …
inline constexpr uint8_t kLastH264 = 109;

inline bool is_h264(uint8_t payload_type) {
  return payload_type >= kFirstH264 && payload_type <= kLastH264 && payload_type % 2 == 0;
}
inline bool is_rtx(uint8_t payload_type) {
  return payload_type >= kFirstH264 && payload_type <= kLastH264 && payload_type % 2 == 1;
}

/// Video in Chromium's H.264 flavours with RTX, audio in Opus, both receive only. `profile` (a profile-level-id) takes
/// the first flavour's place, for peers that compare it byte by byte.
rtc::sdp::Session viewer_offer(const rtc::sdp::Transport& transport, const std::string& profile = "42001f");

/// One H.264 flavour with RTX, send only.
rtc::sdp::Session publisher_offer(const rtc::sdp::Transport& transport, uint32_t ssrc, uint32_t repair_ssrc);

}  // namespace reallive::load
