// What the hub's tests share: units with numbers as payloads, and a reader's queue emptied without waiting.
// The test's thread only. It never looks at a real clock: the tests say what time it is.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "channel/channel.h"

namespace reallive::channel::test {

inline constexpr TrackId video{Kind::video, 0};
inline constexpr TrackId audio{Kind::audio, 0};
inline constexpr int64_t frame = second / 30;

inline Payload number(int value) {
  return std::make_shared<const int>(value);
}
inline int number_of(const Payload& payload) {
  return *static_cast<const int*>(payload.get());
}

inline Unit picture(int index, bool key, int64_t time, size_t bytes = 1000) {
  return {number(index), time, time, bytes, key};
}
inline Unit sound(int index, int64_t time) {
  return {number(index), time, no_time, 100, true};
}

/// Everything that waits on a track. Ends the reader's stream to do so: the last call for a reader.
inline std::vector<Delivery> drain(Reader& reader, TrackId track) {
  reader.end();
  std::vector<Delivery> all;
  Delivery delivery;
  while (reader.pop(track, delivery) == Reader::Popped::unit)
    all.push_back(delivery);
  return all;
}
inline std::vector<int> numbers(const std::vector<Delivery>& deliveries) {
  std::vector<int> result;
  for (const Delivery& delivery : deliveries)
    result.push_back(number_of(delivery.unit.payload));
  return result;
}

}  // namespace reallive::channel::test
