// Reference time: the capture time that travels with each buffer as its one GstReferenceTimestampMeta.
// Belongs to one track's streaming thread. It never leaves two on a buffer, never invents a sender's time, and never
// passes on the time of a clock that is plainly not set.
#pragma once

#include <atomic>
#include <cstdint>
#include <gst/gst.h>

namespace reallive::channel {

class ReferenceTime {
 public:
  /// A sender's time this far from its arrival is on a clock that was never set: then its pace is kept, and the
  /// quickest arrival so far tells how far the clocks are apart.
  static constexpr int64_t plausible = 10'000'000'000;

  enum class Origin { none, arrival, sender };

  /// Leaves exactly one GstReferenceTimestampMeta on the buffer: UNIX time in ns, reference
  /// `timestamp/x-unix, origin=(string)sender` from the first `timestamp/x-unix` or `timestamp/x-ntp` (ns since 1900)
  /// that came with it, or `origin=(string)arrival` with `arrival` (ns since 1970). An origin that is there already
  /// stays. Gives the time that it left.
  int64_t settle(GstBuffer* buffer, int64_t arrival);
  /// Of the newest buffer. Any thread.
  Origin origin() const { return origin_.load(std::memory_order_relaxed); }

 private:
  int64_t corrected(int64_t time, int64_t arrival);

  int64_t correction_ = 0;
  std::atomic<Origin> origin_{Origin::none};
};

}  // namespace reallive::channel
