// What a WebSocket's client sends: the first byte says in how large steps the rest arrives; the parts add up alike.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <span>

#include "http/meter.h"

using namespace reallive::http;

namespace {

struct Sums {
  size_t bytes = 0, payload = 0, control = 0, frames = 0, messages = 0;
  uint64_t pongs = 0;
  bool operator==(const Sums&) const = default;
};

Sums count(std::span<const std::byte> bytes, size_t step) {
  FrameCounter counter;
  Sums sums;
  while (!bytes.empty()) {
    auto some = bytes.first(std::min(step, bytes.size()));
    bytes = bytes.subspan(some.size());
    while (!some.empty()) {
      const size_t before = some.size();
      const FrameCounter::Part part = counter.take(some);
      assert(part.bytes > 0 && part.bytes == before - some.size() && part.payload <= part.bytes);
      sums.bytes += part.bytes;
      sums.payload += part.payload;
      sums.control += part.control ? part.bytes : 0;
      sums.frames += part.frame_ended ? 1 : 0;
      sums.messages += part.message_ended ? 1 : 0;
      sums.pongs += part.pong;
    }
  }
  return sums;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const Sums whole = count(bytes, size);
  assert(whole.bytes == bytes.size());
  assert(count(bytes, data[0] + 1u) == whole);

  Meter meter({}, std::chrono::milliseconds(0));
  if (meter.read(bytes, std::chrono::milliseconds(1))) assert(whole.control <= 17 * 1024);
  return 0;
}
