#include "rtc/receive/h264_cleaner.h"

namespace reallive::rtc {

namespace {
constexpr uint8_t kLastSlice = 5;  // types 1 to 5
constexpr uint8_t kSequenceParameters = 7;
constexpr uint8_t kDelimiter = 9;
constexpr uint8_t kStapA = 24;
constexpr uint8_t kFuA = 28;
}  // namespace

// Whether a NAL unit must not stand here; notes slices as they go by.
bool H264Cleaner::misplaced(uint8_t type) {
  if (type >= 1 && type <= kLastSlice) slice_seen_ = true;
  return slice_seen_ && type >= kSequenceParameters && type <= kDelimiter;
}

bool H264Cleaner::clean(Buffer& packet, size_t header_size, uint32_t timestamp, bool marker) {
  if (timestamp_ != timestamp) slice_seen_ = false;
  timestamp_ = timestamp;
  if (packet.size() <= header_size) return true;
  const uint8_t type = packet[header_size] & 0x1f;
  if (type == kStapA) return clean_aggregate(packet, header_size) || marker;
  if (type == kFuA) {
    if (packet.size() > header_size + 1) misplaced(packet[header_size + 1] & 0x1f);
    return true;
  }
  // A marker ends the picture for the depayloader: better cut there than late.
  return !misplaced(type) || marker;
}

bool H264Cleaner::clean_aggregate(Buffer& packet, size_t header_size) {
  size_t from = header_size + 1;
  size_t to = from;
  while (packet.size() - from > 2) {
    const size_t unit = 2 + size_t{read_u16(packet.data() + from)};
    if (unit <= 2 || unit > packet.size() - from) break;  // malformed: the depayloader's to refuse
    if (!misplaced(packet[from + 2] & 0x1f)) {
      if (to != from) std::memmove(packet.data() + to, packet.data() + from, unit);
      to += unit;
    }
    from += unit;
  }
  if (to == header_size + 1 && from == packet.size()) return false;
  packet.erase(packet.begin() + static_cast<ptrdiff_t>(to), packet.begin() + static_cast<ptrdiff_t>(from));
  return true;
}

}  // namespace reallive::rtc
