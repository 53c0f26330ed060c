#include "test_media.h"

#include <algorithm>
#include <optional>

namespace reallive::rtc {

namespace {

void append_nal(Buffer& out, Bytes nal) {
  const uint8_t start[4] = {0, 0, 0, 1};
  append_bytes(out, start);
  append_bytes(out, nal);
}

Buffer slice(uint8_t header, size_t bytes, unsigned seed) {
  Buffer nal = {header};
  uint32_t state = seed * 2654435761u + 1;
  while (nal.size() < bytes) {
    state = state * 1664525u + 1013904223u;
    nal.push_back(static_cast<uint8_t>(1 + (state >> 24) % 255));  // never a zero: no start codes inside
  }
  return nal;
}

// Adds one packet's payload to an access unit; false when it does not continue what is there.
bool add_payload(Buffer& unit, Buffer& fragment, Bytes payload) {
  if (payload.empty()) return false;
  const uint8_t type = payload[0] & 0x1F;
  if (type == 24) {  // STAP-A
    for (size_t at = 1; at + 2 <= payload.size();) {
      const size_t size = read_u16(payload.data() + at);
      append_nal(unit, payload.subspan(at + 2, size));
      at += 2 + size;
    }
    return true;
  }
  if (type != 28) {
    append_nal(unit, payload);
    return true;
  }
  if (payload[1] & 0x80) {
    fragment.assign(1, static_cast<uint8_t>((payload[0] & 0xE0) | (payload[1] & 0x1F)));
  } else if (fragment.empty()) {
    return false;
  }
  append_bytes(fragment, payload.subspan(2));
  if (payload[1] & 0x40) {
    append_nal(unit, fragment);
    fragment.clear();
  }
  return true;
}

}  // namespace

Buffer h264_unit(bool key, size_t bytes, unsigned seed) {
  Buffer unit;
  if (key) {
    append_nal(unit, Buffer{0x67, 0x42, 0xE0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE9, 0x48, 0x28, 0x30});
    append_nal(unit, Buffer{0x68, 0xCE, 0x3C, 0x80});
  }
  append_nal(unit, slice(key ? 0x65 : 0x41, bytes, seed));
  return unit;
}

std::vector<Buffer> h264_frames(const std::vector<TestPeer::Received>& packets) {
  std::vector<const TestPeer::Received*> order;
  for (const auto& packet : packets)
    order.push_back(&packet);
  std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->header.sequence < b->header.sequence; });
  std::vector<Buffer> frames;
  Buffer unit;
  Buffer fragment;
  bool whole = true;
  std::optional<uint16_t> last;
  for (const auto* packet : order) {
    if (last && packet->header.sequence != static_cast<uint16_t>(*last + 1)) whole = false;
    last = packet->header.sequence;
    whole = add_payload(unit, fragment, packet->payload) && whole;
    if (!packet->header.marker) continue;
    if (whole) frames.push_back(unit);
    unit.clear();
    fragment.clear();
    whole = true;
  }
  return frames;
}

std::vector<TestPeer::Received> with_repeats(const std::vector<TestPeer::Received>& packets, uint8_t payload_type,
                                             uint8_t rtx_payload_type) {
  std::vector<TestPeer::Received> whole;
  for (auto packet : packets) {
    if (packet.header.payload_type == rtx_payload_type && packet.payload.size() >= 2) {
      packet.header.sequence = read_u16(packet.payload.data());
      packet.payload.erase(packet.payload.begin(), packet.payload.begin() + 2);
    } else if (packet.header.payload_type != payload_type) {
      continue;
    }
    whole.push_back(std::move(packet));
  }
  return whole;
}

}  // namespace reallive::rtc
