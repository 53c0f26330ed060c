// Time: wall-clock moments in milliseconds, their RFC 3339 form, and a clock that tests can replace.
// Any thread. Stored and sent times are always UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace reallive::base {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// `2026-11-21T11:27:36.123Z`: always milliseconds, so that texts sort as times do.
std::string format_time(Time time);
/// RFC 3339 with any fraction and any offset; nothing for everything else, impossible dates included.
std::optional<Time> parse_time(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock; may jump.
  virtual Time now() const = 0;
  /// Never goes back; only differences mean anything.
  virtual std::chrono::milliseconds steady() const = 0;
};

/// The machine's own clock.
const Clock& system_clock();

}  // namespace reallive::base
