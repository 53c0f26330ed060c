#include "rtc/receive/congestion_feedback.h"

#include <algorithm>

namespace reallive::rtc {

namespace {
constexpr uint64_t kFirstEstimate = 3'000'000;  // bit/s: enough for 720p, so that no sender starts at 300 kbit/s
constexpr uint64_t kSmallestEstimate = 150'000;
constexpr uint64_t kLargestEstimate = 50'000'000;
constexpr double kMuchLoss = 0.10;  // the loss bounds of draft-ietf-rmcat-gcc section 6
constexpr double kLittleLoss = 0.02;
}  // namespace

void CongestionFeedback::received(std::optional<uint16_t> transport_sequence, size_t bytes, int64_t arrival_us) {
  if (mode_ == Mode::kNone) return;
  if (mode_ == Mode::kTransportWide) {
    if (!transport_sequence) return;
    recorder_.record(*transport_sequence, arrival_us);
    if (!next_due_us_) next_due_us_ = arrival_us + kTwccIntervalUs;
    return;
  }
  bytes_ += bytes;
  ++packets_;
  if (!next_due_us_) {
    next_due_us_ = arrival_us;  // the first at once
    interval_began_us_ = arrival_us;
  }
}

void CongestionFeedback::adapt(int64_t now_us) {
  const int64_t elapsed = now_us - interval_began_us_;
  if (estimate_ == 0) {
    estimate_ = kFirstEstimate;
  } else if (elapsed > 0 && packets_ > 0) {
    const auto rate = static_cast<double>(bytes_) * 8e6 / static_cast<double>(elapsed);
    const double loss = static_cast<double>(missed_) / static_cast<double>(packets_ + missed_);
    auto estimate = static_cast<double>(estimate_);
    if (loss > kMuchLoss) {
      estimate = std::min(estimate, rate) * (1 - 0.5 * loss);
    } else if (loss < kLittleLoss) {
      // Grows only where it is used, so that an idle sender does not meet a figure out of thin air.
      if (rate > estimate / 2) estimate *= 1.08;
      estimate = std::max(estimate, 1.5 * rate);
    }
    estimate_ = std::clamp(static_cast<uint64_t>(estimate), kSmallestEstimate, kLargestEstimate);
  }
  interval_began_us_ = now_us;
  bytes_ = packets_ = missed_ = 0;
}

bool CongestionFeedback::build(Buffer& out, uint32_t sender_ssrc, const std::vector<uint32_t>& media_ssrcs,
                               int64_t now_us) {
  if (!next_due_us_ || now_us < *next_due_us_ || media_ssrcs.empty()) return false;
  if (mode_ == Mode::kTransportWide) {
    next_due_us_.reset();  // the next packet sets it
    if (!recorder_.pending()) return false;
    recorder_.build(out, sender_ssrc, media_ssrcs.front());
    return true;
  }
  const bool idle = packets_ == 0 && estimate_ != 0;
  adapt(now_us);
  if (idle) {
    next_due_us_.reset();
    return false;
  }
  next_due_us_ = now_us + kRembIntervalUs;
  rtcp::Remb remb;
  remb.sender = sender_ssrc;
  remb.bitrate = estimate_;
  remb.ssrcs = media_ssrcs;
  rtcp::write(out, remb);
  return true;
}

}  // namespace reallive::rtc
