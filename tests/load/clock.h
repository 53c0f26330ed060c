// CLOCK_MONOTONIC in ns: the clock of stamps, deadlines and figures, the same in every process of a machine.
// Plain functions for any thread. It never reads the wall clock.
#pragma once

#include <cstdint>
#include <ctime>

namespace reallive::load {

inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

inline int64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}
inline int64_t now_ns() {
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace reallive::load
