// ClockMap: how far a pipeline's running time lies behind the system's monotonic clock, which is a channel's time.
// Guarded by its owner. It never lets one late reading of a clock move the times: small differences are smoothed.
#pragma once

#include <cstdint>
#include <gst/gst.h>
#include <optional>

namespace reallive::channel {

/// Nanoseconds of the system's monotonic clock.
int64_t monotonic_now();

class ClockMap {
 public:
  /// Reads the element's clock against the monotonic one. Nothing without a clock or base time (not PLAYING yet).
  std::optional<int64_t> update(GstElement* element);
  /// The same for a measured difference: within 100 ms of the last it counts 1/32, else it is taken as it is.
  int64_t update(int64_t measured);

 private:
  bool valid_ = false;
  int64_t offset_ = 0;
};

}  // namespace reallive::channel
