// CongestionFeedback: what tells a publisher how much it may send: transport-wide feedback, or REMB where only that
// was offered. Belongs to the shard's thread; the caller brings the clock. It never makes both.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rtc/wire/twcc.h"

namespace reallive::rtc {

class CongestionFeedback {
 public:
  enum class Mode : uint8_t { kNone, kTransportWide, kRemb };
  static constexpr int64_t kTwccIntervalUs = 50'000;
  static constexpr int64_t kRembIntervalUs = 500'000;

  explicit CongestionFeedback(Mode mode) : mode_(mode) {}

  /// Every packet that came, repairs and padding too. `transport_sequence` when the packet carries one.
  void received(std::optional<uint16_t> transport_sequence, size_t bytes, int64_t arrival_us);
  /// Packets that were missing at first, for REMB.
  void missed(size_t packets) { missed_ += packets; }
  /// Appends what is due to `out`; false when nothing is.
  bool build(Buffer& out, uint32_t sender_ssrc, const std::vector<uint32_t>& media_ssrcs, int64_t now_us);
  std::optional<int64_t> next_due() const { return next_due_us_; }
  /// What the newest REMB said, in bit/s; 0 before the first.
  uint64_t estimate() const { return estimate_; }

 private:
  void adapt(int64_t now_us);

  const Mode mode_;
  TwccRecorder recorder_;
  std::optional<int64_t> next_due_us_;
  // For REMB: the interval since the last one.
  int64_t interval_began_us_ = 0;
  uint64_t bytes_ = 0;
  uint64_t packets_ = 0;
  uint64_t missed_ = 0;
  uint64_t estimate_ = 0;
};

}  // namespace reallive::rtc
