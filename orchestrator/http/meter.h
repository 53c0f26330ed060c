// Meter: follows what goes through one WebSocket's connection and says when a client sends more than it may, or does
// not take what it asked for. Pure. Main loop's thread. It never keeps bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/frame_counter.h"

namespace reallive::http {

struct MeterLimits {
  size_t message = 256 * 1024;  ///< payload of one message, in however many pieces
  size_t burst = 1024 * 1024;   ///< bytes that may come at once …
  size_t rate = 256 * 1024;     ///< … and a second after that
  size_t queue = 1024 * 1024;   ///< bytes on their way to the client
};

class Meter {
 public:
  using Milliseconds = std::chrono::milliseconds;

  Meter(const MeterLimits& limits, Milliseconds now);

  /// False: the client is over its limits, and what it sends next must not be kept.
  bool read(std::span<const std::byte> bytes, Milliseconds now);
  /// Bytes are handed to the library for the client. False: too many are on their way already.
  bool give(size_t bytes);
  void wrote(size_t bytes, Milliseconds now);
  /// The client does nothing at all, or takes nothing of what waits for it, for so long.
  bool is_dead(Milliseconds now, Milliseconds silence) const;

 private:
  const MeterLimits limits_;
  FrameCounter frames_;
  size_t message_ = 0;  // payload of the message that has begun
  double control_left_;
  double burst_left_;
  Milliseconds last_read_, last_taken_;
  uint64_t given_ = 0, written_ = 0;
};

}  // namespace reallive::http
