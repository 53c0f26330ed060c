// CaptureClock: when, by the sender's clock and in UNIX time, what a packet carries was captured.
// Belongs to the shard's thread. It learns from sender reports (RFC 3550 section 6.4.1) and, before them, from
// abs-capture-time; it never believes a sender whose clock is plainly not set.
#pragma once

#include <cstdint>
#include <optional>

namespace reallive::rtc {

class CaptureClock {
 public:
  /// A sender's time this far from ours is a clock that was never set; then arrival corrects it.
  static constexpr int64_t kPlausibleNs = 10'000'000'000;

  explicit CaptureClock(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  /// `ntp` 32.32 since 1900; `arrival_ns` our UNIX time then.
  void sender_report(uint64_t ntp, uint32_t timestamp, int64_t arrival_ns);
  /// The abs-capture-time extension of a packet: its time and, when sent, the capture clock's offset to the sender's
  /// (both 32.32, the latter signed).
  void absolute_capture_time(uint64_t ntp, std::optional<int64_t> offset, uint32_t timestamp, int64_t arrival_ns);

  /// On the sender's clock as it is: for comparing tracks of one sender. Nothing until known.
  std::optional<int64_t> sender_ns(uint32_t timestamp) const;
  /// UNIX time of capture; the arrival until something is known.
  int64_t capture_ns(uint32_t timestamp, int64_t arrival_ns) const;
  bool known() const { return anchor_.has_value(); }
  /// Another SSRC or timeline: what was learned no longer holds.
  void reset();

 private:
  struct Anchor {
    int64_t unix_ns = 0;
    uint32_t timestamp = 0;
  };
  void take(int64_t unix_ns, uint32_t timestamp, int64_t arrival_ns);

  const uint32_t clock_rate_;
  std::optional<Anchor> anchor_;
  bool absolute_ = false;      // the anchor is an abs-capture-time
  int64_t correction_ns_ = 0;  // added to the sender's clock when that is not set
};

}  // namespace reallive::rtc
