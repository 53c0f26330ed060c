#include "rtc/wire/twcc.h"

#include <algorithm>

namespace reallive::rtc {

namespace {

constexpr int64_t kHistoryUs = 500'000;
constexpr size_t kMaxHistory = 4096;
constexpr size_t kArrivalsPerPacket = 400;  // two bytes of delta each at worst, and the chunks
constexpr int64_t kMaxSpan = 0x7FFF;

}  // namespace

void TwccRecorder::record(uint16_t sequence, int64_t arrival_us) {
  int64_t number = unwrapper_.unwrap(sequence);
  if (!arrivals_.emplace(number, arrival_us).second) return;
  if (!next_base_ || number < *next_base_) next_base_ = number;
  // Forget what has been reported and is old; what is new is only bounded.
  while (arrivals_.size() > 1) {
    auto oldest = arrivals_.begin();
    bool reported = oldest->first < *next_base_;
    bool expired = reported && arrival_us - oldest->second > kHistoryUs;
    if (!expired && arrivals_.size() <= kMaxHistory) break;
    if (!reported) next_base_ = oldest->first + 1;
    arrivals_.erase(oldest);
  }
}

void TwccRecorder::build(Buffer& out, uint32_t sender_ssrc, uint32_t media_ssrc) {
  while (pending()) {
    auto at = arrivals_.lower_bound(*next_base_);
    // A jump of numbers too large for one feedback is reported from where it landed.
    int64_t base = at->first - *next_base_ > kMaxSpan ? at->first : *next_base_;
    rtcp::TwccFeedback feedback;
    feedback.sender = sender_ssrc;
    feedback.media = media_ssrc;
    feedback.base = static_cast<uint16_t>(base);
    feedback.feedback_count = feedback_count_++;
    for (; at != arrivals_.end() && feedback.arrivals.size() < kArrivalsPerPacket; ++at) {
      if (at->first - base > kMaxSpan) break;
      feedback.arrivals.push_back({static_cast<uint16_t>(at->first), at->second});
    }
    // The first always fits: its delta is counted from a reference time made of it.
    size_t written = rtcp::write(out, feedback);
    next_base_ = base + static_cast<uint16_t>(feedback.arrivals[written - 1].sequence - feedback.base) + 1;
  }
}

}  // namespace reallive::rtc
