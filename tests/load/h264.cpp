#include "load/h264.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace reallive::load::h264 {

namespace {

constexpr uint8_t kIdr = 5, kSei = 6, kSps = 7, kPps = 8, kStapA = 24, kFuA = 28;
constexpr uint8_t kUserDataUnregistered = 5;
/// Without zero bytes, as the hexadecimal clock is, so that no emulation prevention is needed.
constexpr std::string_view kUuid = "reallive-clock-1";
constexpr size_t kClockDigits = 16;

std::optional<int64_t> read_stamp(rtc::Bytes unit) {
  size_t size = kUuid.size() + kClockDigits;
  if (unit.size() < 3 + size || unit[1] != kUserDataUnregistered || unit[2] != size) return {};
  auto text = rtc::as_text(unit.subspan(3, size));
  if (!text.starts_with(kUuid)) return {};
  int64_t value = 0;
  std::from_chars(text.data() + kUuid.size(), text.data() + size, value, 16);
  return value;
}

void look_at(Payload& result, rtc::Bytes unit) {
  uint8_t type = unit[0] & 0x1F;
  result.key = result.key || type == kIdr;
  result.parameters = result.parameters || type == kSps;
  if (type == kSei && !result.stamp_ns) result.stamp_ns = read_stamp(unit);
}

bool is_small_companion(rtc::Bytes unit) {
  uint8_t type = unit[0] & 0x1F;
  return type == kSps || type == kPps || type == kSei;
}

}  // namespace

std::vector<rtc::Bytes> split(rtc::Bytes stream) {
  constexpr std::array<uint8_t, 3> kStart = {0, 0, 1};
  std::vector<rtc::Bytes> units;
  auto find = [&](auto from) { return std::search(from, stream.end(), kStart.begin(), kStart.end()); };
  for (auto at = find(stream.begin()); at != stream.end();) {
    auto begin = at + 3;
    auto next = find(begin);
    auto end = next;
    while (end != begin && next != stream.end() && *(end - 1) == 0)
      --end;  // zeros before a long start code
    if (end != begin) units.emplace_back(begin, end);
    at = next;
  }
  return units;
}

rtc::Buffer make_stamp(int64_t time_ns) {
  rtc::Buffer unit = {kSei, kUserDataUnregistered, static_cast<uint8_t>(kUuid.size() + kClockDigits)};
  rtc::append_bytes(unit, rtc::as_bytes(kUuid));
  char digits[kClockDigits + 1];
  snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(time_ns));
  rtc::append_bytes(unit, rtc::as_bytes(digits));
  rtc::append_u8(unit, 0x80);
  return unit;
}

std::vector<rtc::Buffer> packetize(const std::vector<rtc::Bytes>& units, size_t limit) {
  std::vector<rtc::Buffer> payloads;
  size_t companions = 0;
  while (companions < units.size() && is_small_companion(units[companions]))
    ++companions;
  if (companions > 1) {
    rtc::Buffer stap = {kStapA | 0x60};
    for (size_t i = 0; i < companions; ++i) {
      rtc::append_u16(stap, static_cast<uint16_t>(units[i].size()));
      rtc::append_bytes(stap, units[i]);
    }
    payloads.push_back(std::move(stap));
  } else {
    companions = 0;
  }
  for (size_t i = companions; i < units.size(); ++i) {
    rtc::Bytes unit = units[i];
    if (unit.size() <= limit) {
      payloads.emplace_back(unit.begin(), unit.end());
      continue;
    }
    uint8_t header = unit[0];
    rtc::Bytes rest = unit.subspan(1);
    bool first = true;
    while (!rest.empty()) {
      rtc::Bytes part = rest.first(std::min(limit - 2, rest.size()));
      rest = rest.subspan(part.size());
      rtc::Buffer payload = {static_cast<uint8_t>((header & 0xE0) | kFuA),
                             static_cast<uint8_t>((first ? 0x80 : 0) | (rest.empty() ? 0x40 : 0) | (header & 0x1F))};
      rtc::append_bytes(payload, part);
      payloads.push_back(std::move(payload));
      first = false;
    }
  }
  return payloads;
}

Payload inspect(rtc::Bytes payload) {
  Payload result;
  if (payload.empty()) return result;
  uint8_t type = payload[0] & 0x1F;
  if (type >= 1 && type <= 23) {
    result.valid = result.starts_unit = true;
    look_at(result, payload);
  } else if (type == kStapA) {
    result.starts_unit = true;
    rtc::Bytes rest = payload.subspan(1);
    while (rest.size() > 2 && rtc::read_u16(rest.data()) > 0 && rtc::read_u16(rest.data()) <= rest.size() - 2) {
      size_t size = rtc::read_u16(rest.data());
      look_at(result, rest.subspan(2, size));
      rest = rest.subspan(2 + size);
    }
    result.valid = rest.empty() && payload.size() > 1;
  } else if (type == kFuA && payload.size() > 2) {
    result.valid = true;
    result.starts_unit = payload[1] & 0x80;
    result.key = (payload[1] & 0x1F) == kIdr;
  }
  return result;
}

}  // namespace reallive::load::h264
