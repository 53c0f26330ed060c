#include "http/meter.h"

#include <algorithm>

namespace reallive::http {
namespace {

/// Pings, pongs and the goodbye. A client that only answers pings sends for days: what they take comes back slowly.
/// The library looks through all unsent pongs for each new one, so there must not be many.
constexpr double control_burst = 16.0 * 1024;
constexpr double control_bytes_per_second = 64;

}  // namespace

Meter::Meter(const MeterLimits& limits, Milliseconds now)
    : limits_(limits),
      control_left_(control_burst),
      burst_left_(static_cast<double>(limits.burst)),
      last_read_(now),
      last_taken_(now) {}

bool Meter::read(std::span<const std::byte> bytes, Milliseconds now) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - last_read_).count());
  last_read_ = std::max(last_read_, now);
  control_left_ = std::min(control_burst, control_left_ + seconds * control_bytes_per_second);
  burst_left_ = std::min(static_cast<double>(limits_.burst), burst_left_ + seconds * static_cast<double>(limits_.rate));
  burst_left_ -= static_cast<double>(bytes.size());
  if (burst_left_ < 0) return false;
  while (!bytes.empty()) {
    const FrameCounter::Part part = frames_.take(bytes);
    if (part.control) {
      control_left_ -= static_cast<double>(part.bytes);
      if (control_left_ < 0 || (part.pong > 0 && !give(static_cast<size_t>(part.pong)))) return false;
    } else {
      message_ += part.payload;
      if (message_ > limits_.message) return false;
      if (part.message_ended) message_ = 0;
    }
  }
  return true;
}

bool Meter::give(size_t bytes) {
  // The library's own pings are written, too, but were not given: they must not count as room for more.
  given_ = std::max(given_, written_);
  given_ += bytes;
  return given_ - written_ <= limits_.queue;
}

void Meter::wrote(size_t bytes, Milliseconds now) {
  written_ += bytes;
  last_taken_ = std::max(last_taken_, now);
}

bool Meter::is_dead(Milliseconds now, Milliseconds silence) const {
  return now - last_read_ > silence || (given_ > written_ && now - last_taken_ > silence);
}

}  // namespace reallive::http
