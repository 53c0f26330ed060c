#include "rtc/receive/keyframe_probe.h"

namespace reallive::rtc {

namespace {

bool is_key_nal(uint8_t type) {
  constexpr uint8_t kIdr = 5;
  constexpr uint8_t kSequenceParameters = 7;
  return type == kIdr || type == kSequenceParameters;
}

bool h264_keyframe(Bytes payload) {
  constexpr uint8_t kStapA = 24;
  constexpr uint8_t kFuA = 28;
  if (payload.empty()) return false;
  const uint8_t type = payload[0] & 0x1f;
  if (type == kFuA) return payload.size() > 1 && (payload[1] & 0x80) != 0 && is_key_nal(payload[1] & 0x1f);
  if (type != kStapA) return is_key_nal(type);
  for (Bytes rest = payload.subspan(1); rest.size() > 2;) {
    const size_t size = read_u16(rest.data());
    if (is_key_nal(rest[2] & 0x1f)) return true;
    if (size + 2 >= rest.size()) break;
    rest = rest.subspan(size + 2);
  }
  return false;
}

bool vp8_keyframe(Bytes payload) {
  if (payload.empty()) return false;
  const bool extended = (payload[0] & 0x80) != 0;
  const bool start = (payload[0] & 0x10) != 0 && (payload[0] & 0x07) == 0;
  if (!start) return false;
  size_t at = 1;
  if (extended) {
    if (payload.size() < 2) return false;
    const uint8_t flags = payload[1];
    at = 2;
    if ((flags & 0x80) != 0) {  // picture id, 7 or 15 bits
      if (payload.size() <= at) return false;
      at += (payload[at] & 0x80) != 0 ? 2 : 1;
    }
    if ((flags & 0x40) != 0) ++at;  // TL0PICIDX
    if ((flags & 0x30) != 0) ++at;  // TID and KEYIDX share a byte
  }
  return payload.size() > at && (payload[at] & 0x01) == 0;
}

}  // namespace

bool begins_keyframe(ReceiveCodec codec, Bytes payload) {
  switch (codec) {
    case ReceiveCodec::kH264:
      return h264_keyframe(payload);
    case ReceiveCodec::kVp8:
      return vp8_keyframe(payload);
    case ReceiveCodec::kOpus:
      return true;
  }
  return false;
}

}  // namespace reallive::rtc
