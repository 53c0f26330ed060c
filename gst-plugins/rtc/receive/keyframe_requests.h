// KeyframeRequests: when to ask one video track's sender for a key frame, by PLI or FIR.
// Belongs to the shard's thread; the caller brings the clock. It never asks more often than every 500 ms.
#pragma once

#include <cstdint>
#include <optional>

#include "rtc/wire/rtcp.h"

namespace reallive::rtc {

class KeyframeRequests {
 public:
  static constexpr int64_t kIntervalUs = 500'000;
  enum class Means : uint8_t { kNone, kPictureLoss, kFullIntra };

  explicit KeyframeRequests(Means means) : means_(means) {}

  /// Somebody needs a key frame; several needs at a time are one.
  void want() { wanted_ = means_ != Means::kNone; }
  /// One came: what was wanted so far is there.
  void satisfied() { wanted_ = false; }
  /// None is asked for within the next interval.
  void hold(int64_t now_us) { last_us_ = now_us; }
  /// Appends the request to `out` when one is wanted and its time has come.
  bool build(Buffer& out, uint32_t sender_ssrc, uint32_t media_ssrc, int64_t now_us);
  std::optional<int64_t> next_due() const;
  uint64_t sent() const { return sent_; }

 private:
  const Means means_;
  bool wanted_ = false;
  std::optional<int64_t> last_us_;
  uint8_t fir_sequence_ = 0;
  uint64_t sent_ = 0;
};

}  // namespace reallive::rtc
