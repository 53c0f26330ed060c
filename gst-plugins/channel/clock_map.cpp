#include "channel/clock_map.h"

#include <chrono>
#include <cstdlib>

#include "channel/unit.h"
#include "common/ref.h"

namespace reallive::channel {

namespace {

constexpr int64_t largest_drift = 100 * millisecond;
constexpr int64_t good_reading = 50'000;  // ns between the readings around the clock's own
constexpr int readings = 4;

// The system clock as GStreamer makes it by default is the monotonic clock itself: nothing has to be measured.
bool is_monotonic(GstClock* clock) {
  if (G_OBJECT_TYPE(clock) != GST_TYPE_SYSTEM_CLOCK) return false;
  GstClockType type = GST_CLOCK_TYPE_OTHER;
  g_object_get(clock, "clock-type", &type, nullptr);
  if (type != GST_CLOCK_TYPE_MONOTONIC) return false;
  GstClockTime internal = 0, external = 0, numerator = 1, denominator = 1;
  gst_clock_get_calibration(clock, &internal, &external, &numerator, &denominator);
  return internal == external && numerator == denominator;
}

}  // namespace

int64_t monotonic_now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::optional<int64_t> ClockMap::update(GstElement* element) {
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  const GstClockTime base = gst_element_get_base_time(element);
  if (!clock || !GST_CLOCK_TIME_IS_VALID(base)) return std::nullopt;
  if (is_monotonic(clock.get())) {
    offset_ = static_cast<int64_t>(base);
    valid_ = true;
    return offset_;
  }
  int64_t best_width = 0, measured = 0;
  for (int i = 0; i < readings; ++i) {
    const int64_t before = monotonic_now();
    const auto running = static_cast<int64_t>(gst_clock_get_time(clock.get()) - base);
    const int64_t width = monotonic_now() - before;
    if (i == 0 || width < best_width) {
      best_width = width;
      measured = before + width / 2 - running;
    }
    if (width < good_reading) break;
  }
  return update(measured);
}

int64_t ClockMap::update(int64_t measured) {
  if (!valid_ || std::abs(measured - offset_) > largest_drift) {
    offset_ = measured;
    valid_ = true;
  } else {
    offset_ += (measured - offset_) / 32;
  }
  return offset_;
}

}  // namespace reallive::channel
