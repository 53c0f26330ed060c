#include "rtc/receive/capture_clock.h"

#include <cmath>
#include <cstdlib>

#include "rtc/wire/rtcp.h"

namespace reallive::rtc {

void CaptureClock::take(int64_t unix_ns, uint32_t timestamp, int64_t arrival_ns) {
  anchor_ = Anchor{unix_ns, timestamp};
  const int64_t difference = arrival_ns - unix_ns;
  if (std::llabs(difference) <= kPlausibleNs) {
    correction_ns_ = 0;
  } else if (correction_ns_ == 0 || difference < correction_ns_) {
    correction_ns_ = difference;  // the quickest report tells the difference of the clocks best
  } else if (difference - correction_ns_ > kPlausibleNs) {
    correction_ns_ = difference;  // the sender's clock was set meanwhile
  }
}

void CaptureClock::sender_report(uint64_t ntp, uint32_t timestamp, int64_t arrival_ns) {
  if (absolute_ || ntp == 0) return;  // RFC 3550: zero when the sender has no notion of time
  take(rtcp::unix_from_ntp(ntp), timestamp, arrival_ns);
}

void CaptureClock::absolute_capture_time(uint64_t ntp, std::optional<int64_t> offset, uint32_t timestamp,
                                         int64_t arrival_ns) {
  if (ntp == 0) return;
  absolute_ = true;
  take(rtcp::unix_from_ntp(ntp + static_cast<uint64_t>(offset.value_or(0))), timestamp, arrival_ns);
}

std::optional<int64_t> CaptureClock::sender_ns(uint32_t timestamp) const {
  if (!anchor_ || clock_rate_ == 0) return std::nullopt;
  const auto elapsed = static_cast<int32_t>(timestamp - anchor_->timestamp);
  return anchor_->unix_ns + static_cast<int64_t>(elapsed) * 1'000'000'000 / clock_rate_;
}

int64_t CaptureClock::capture_ns(uint32_t timestamp, int64_t arrival_ns) const {
  const auto sender = sender_ns(timestamp);
  return sender ? *sender + correction_ns_ : arrival_ns;
}

void CaptureClock::reset() {
  anchor_.reset();
  absolute_ = false;
  correction_ns_ = 0;
}

}  // namespace reallive::rtc
