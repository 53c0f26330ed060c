// Meter: counts what goes through one WebSocket's connection and says when a client sends more than it may. Pure.
// Main loop's thread. It never sees bytes, only how many there were.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reallive::http {

struct MeterLimits {
  size_t message = 256 * 1024;  ///< bytes of one message, in however many pieces
  size_t burst = 1024 * 1024;   ///< bytes that may come at once …
  size_t rate = 256 * 1024;     ///< … and a second after that
};

class Meter {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Meter(const MeterLimits& limits, Milliseconds now)
      : limits_(limits),
        message_left_(message_room()),
        burst_left_(static_cast<double>(limits.burst)),
        last_read_(now) {}

  /// False: the client is over its limits, and what it sends next must not be kept.
  bool read(size_t bytes, Milliseconds now);
  /// A whole message came out of what was read.
  void message() { message_left_ = message_room(); }
  void wrote(size_t bytes) { written_ += bytes; }

  Milliseconds last_read() const { return last_read_; }
  uint64_t written() const { return written_; }

 private:
  /// Frame headers, pings and pongs between the pieces of a message take some as well.
  double message_room() const { return static_cast<double>(limits_.message) + 64.0 * 1024; }

  const MeterLimits limits_;
  double message_left_;
  double burst_left_;
  Milliseconds last_read_;
  uint64_t written_ = 0;
};

}  // namespace reallive::http
