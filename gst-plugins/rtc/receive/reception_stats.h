// ReceptionStats: what a receiver report says of one SSRC: loss, jitter and the echo of its sender reports.
// Belongs to the shard's thread; the caller brings the clock. It never counts a retransmission as received twice.
// RFC 3550 section 6.4 and appendices A.3 and A.8.
#pragma once

#include <cstdint>
#include <optional>

#include "rtc/wire/rtcp.h"

namespace reallive::rtc {

class ReceptionStats {
 public:
  ReceptionStats(uint32_t ssrc, uint32_t clock_rate) : ssrc_(ssrc), clock_rate_(clock_rate) {}

  /// A packet that came for the first time; `sequence` unwrapped. Repairs leave the jitter alone.
  void received(int64_t sequence, uint32_t timestamp, int64_t arrival_us, bool repaired);
  void sender_report(uint64_t ntp, int64_t arrival_us);
  /// The block of the next report; starts the next interval. Nothing before the first packet.
  std::optional<rtcp::ReportBlock> report(int64_t now_us);
  /// The sender began anew: counts go on, gaps to the new numbers are no loss.
  void restart();

  uint64_t packets() const { return received_; }
  int64_t lost() const;
  /// Interarrival jitter in µs.
  int64_t jitter_us() const;

 private:
  int64_t expected() const { return highest_ ? *highest_ - base_ + 1 + expected_before_ : 0; }

  const uint32_t ssrc_;
  const uint32_t clock_rate_;
  std::optional<int64_t> highest_;
  int64_t base_ = 0;
  int64_t expected_before_ = 0;  // of the runs before a restart
  uint64_t received_ = 0;
  int64_t expected_at_report_ = 0;
  uint64_t received_at_report_ = 0;
  std::optional<int64_t> transit_;
  double jitter_ = 0;  // timestamp units
  std::optional<uint64_t> last_sr_ntp_;
  int64_t last_sr_us_ = 0;
};

}  // namespace reallive::rtc
