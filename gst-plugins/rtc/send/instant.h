// Instant: one moment on both clocks that sending needs: the steady one for pacing, UNIX time for reports.
// A value for any thread. Tests make their own, so that nothing that sends ever reads a clock.
#pragma once

#include <cstdint>

#include "rtc/transport/shard.h"

namespace reallive::rtc {

struct Instant {
  TimePoint steady;
  int64_t unix_ns = 0;

  static Instant now() {
    return {Clock::now(),
            std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
};

}  // namespace reallive::rtc
