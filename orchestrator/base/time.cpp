#include "base/time.h"

#include <cstdio>

namespace reallive::base {

namespace {

using namespace std::chrono;

class SystemClock final : public Clock {
 public:
  Time now() const override { return time_point_cast<milliseconds>(std::chrono::system_clock::now()); }
  milliseconds steady() const override { return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()); }
};

// Reads exactly `count` digits and moves on.
std::optional<int> digits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool skip(std::string_view& text, std::string_view any) {
  if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// `.123456` rounded down to milliseconds; no fraction is 0.
std::optional<milliseconds> fraction(std::string_view& text) {
  if (!skip(text, ".")) return milliseconds(0);
  int value = 0, scale = 100, count = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++count) {
    value += (text.front() - '0') * scale;
    scale /= 10;
  }
  if (count == 0) return std::nullopt;
  return milliseconds(value);
}

// `Z` or `+HH:MM`.
std::optional<minutes> offset(std::string_view& text) {
  if (skip(text, "Zz")) return minutes(0);
  if (text.empty()) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!skip(text, "+-")) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || *hour > 23 || !skip(text, ":")) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return minutes(sign * (*hour * 60 + *minute));
}

}  // namespace

std::string format_time(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<Time> parse_time(std::string_view text) {
  const auto years = digits(text, 4);
  if (!years || !skip(text, "-")) return std::nullopt;
  const auto month_number = digits(text, 2);
  if (!month_number || !skip(text, "-")) return std::nullopt;
  const auto day_number = digits(text, 2);
  if (!day_number || !skip(text, "Tt ")) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || *hour > 23 || !skip(text, ":")) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || *minute > 59 || !skip(text, ":")) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second
  const auto part = fraction(text);
  if (!part) return std::nullopt;
  const auto shift = offset(text);
  if (!shift || !text.empty()) return std::nullopt;
  const year_month_day date{year(*years), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) + *part - *shift;
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace reallive::base
