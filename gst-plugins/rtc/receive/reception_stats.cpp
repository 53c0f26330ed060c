#include "rtc/receive/reception_stats.h"

#include <algorithm>
#include <cmath>

namespace reallive::rtc {

namespace {
constexpr int64_t kLargestLoss = 0x7fffff;  // signed 24 bits
constexpr int64_t kSmallestLoss = -0x800000;
}  // namespace

void ReceptionStats::received(int64_t sequence, uint32_t timestamp, int64_t arrival_us, bool repaired) {
  ++received_;
  if (!highest_) {
    base_ = sequence;
    highest_ = sequence;
  }
  // A packet from before the first one: the count begins with it.
  base_ = std::min(base_, sequence);
  const bool newest = sequence >= *highest_;
  highest_ = std::max(*highest_, sequence);
  if (repaired || !newest) return;
  const int64_t arrival = static_cast<int64_t>(static_cast<double>(arrival_us) * clock_rate_ / 1e6);
  const auto transit = static_cast<int32_t>(static_cast<uint32_t>(arrival) - timestamp);
  if (transit_) {
    const auto difference = static_cast<int32_t>(static_cast<uint32_t>(transit) - static_cast<uint32_t>(*transit_));
    // A jump of the timestamps (a new clock) is not jitter.
    if (std::abs(static_cast<double>(difference)) < 10.0 * clock_rate_) {
      jitter_ += (std::abs(static_cast<double>(difference)) - jitter_) / 16.0;
    }
  }
  transit_ = transit;
}

void ReceptionStats::restart() {
  expected_before_ = expected();
  highest_.reset();
  transit_.reset();
}

void ReceptionStats::sender_report(uint64_t ntp, int64_t arrival_us) {
  last_sr_ntp_ = ntp;
  last_sr_us_ = arrival_us;
}

int64_t ReceptionStats::lost() const {
  const int64_t all = highest_ ? expected() : expected_before_;
  return all - static_cast<int64_t>(received_);
}

int64_t ReceptionStats::jitter_us() const {
  return clock_rate_ == 0 ? 0 : static_cast<int64_t>(jitter_ * 1e6 / clock_rate_);
}

std::optional<rtcp::ReportBlock> ReceptionStats::report(int64_t now_us) {
  if (!highest_) return std::nullopt;
  rtcp::ReportBlock block;
  block.ssrc = ssrc_;
  const int64_t expected_interval = expected() - expected_at_report_;
  const auto received_interval = static_cast<int64_t>(received_ - received_at_report_);
  const int64_t lost_interval = expected_interval - received_interval;
  if (expected_interval > 0 && lost_interval > 0) {
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(255, lost_interval * 256 / expected_interval));
  }
  expected_at_report_ = expected();
  received_at_report_ = received_;
  block.cumulative_lost = static_cast<int32_t>(std::clamp(lost(), kSmallestLoss, kLargestLoss));
  block.highest_sequence = static_cast<uint32_t>(*highest_);
  block.jitter = static_cast<uint32_t>(jitter_);
  if (last_sr_ntp_) {
    block.last_sr = rtcp::ntp_middle(*last_sr_ntp_);
    const int64_t delay = std::max<int64_t>(0, now_us - last_sr_us_);
    block.delay_since_last_sr = static_cast<uint32_t>(std::min<int64_t>(delay, 0xffff'000'000) * 65536 / 1'000'000);
  }
  return block;
}

}  // namespace reallive::rtc
