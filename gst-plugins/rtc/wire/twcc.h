// TwccRecorder: what arrived when, by transport-wide sequence number, turned into feedback packets.
// Belongs to one thread. It never reads a clock and keeps at most half a second or 4096 numbers.
#pragma once

#include <cstdint>
#include <map>

#include "rtc/wire/rtcp.h"
#include "rtc/wire/rtp.h"

namespace reallive::rtc {

class TwccRecorder {
 public:
  /// `arrival_us` on any monotonic clock; repeats of a number are ignored.
  void record(uint16_t sequence, int64_t arrival_us);
  /// Anything to report since the last call of build().
  bool pending() const { return next_base_ && !arrivals_.empty() && arrivals_.rbegin()->first >= *next_base_; }
  /// Appends feedback packets for everything since the last call (usually one; several across long gaps), each at
  /// most about 1100 bytes. Late arrivals make it start again at the late number, as libwebrtc does.
  void build(Buffer& out, uint32_t sender_ssrc, uint32_t media_ssrc);

 private:
  rtp::SequenceUnwrapper unwrapper_;
  std::map<int64_t, int64_t> arrivals_;  // unwrapped number to µs
  std::optional<int64_t> next_base_;
  uint8_t feedback_count_ = 0;
};

}  // namespace reallive::rtc
