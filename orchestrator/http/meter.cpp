#include "http/meter.h"

#include <algorithm>

namespace reallive::http {
namespace {

/// A client that only answers pings sends no messages for days: what control frames take comes back slowly.
constexpr double control_bytes_per_second = 64;

}  // namespace

bool Meter::read(size_t bytes, Milliseconds now) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - last_read_).count());
  last_read_ = std::max(last_read_, now);
  const auto came = static_cast<double>(bytes);
  message_left_ = std::min(message_room(), message_left_ + seconds * control_bytes_per_second) - came;
  burst_left_ = std::min(static_cast<double>(limits_.burst), burst_left_ + seconds * static_cast<double>(limits_.rate));
  burst_left_ -= came;
  return message_left_ >= 0 && burst_left_ >= 0;
}

}  // namespace reallive::http
