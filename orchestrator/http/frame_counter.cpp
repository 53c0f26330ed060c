#include "http/frame_counter.h"

#include <algorithm>

namespace reallive::http {

size_t FrameCounter::header_wanted() const {
  if (header_size_ < 2) return 2;
  const size_t small = header_[1] & 0x7f;
  return 2 + (small == 126 ? 2 : small == 127 ? 8 : 0) + ((header_[1] & 0x80) != 0 ? 4 : 0);
}

FrameCounter::Part FrameCounter::take(std::span<const std::byte>& bytes) {
  Part part;
  while (!bytes.empty() && header_size_ < header_wanted()) {
    header_[header_size_++] = std::to_integer<uint8_t>(bytes.front());
    bytes = bytes.subspan(1);
    ++part.bytes;
    if (header_size_ < 2 || header_size_ < header_wanted()) continue;
    const uint8_t small = header_[1] & 0x7f;
    const size_t more = small == 126 ? 2 : small == 127 ? 8 : 0;
    payload_size_ = more == 0 ? small : 0;
    for (size_t i = 0; i < more; ++i)
      payload_size_ = payload_size_ << 8 | header_[2 + i];
    payload_left_ = payload_size_;
  }
  part.control = (header_[0] & 0x08) != 0;
  if (header_size_ < header_wanted()) return part;

  part.payload = static_cast<size_t>(std::min<uint64_t>(payload_left_, bytes.size()));
  bytes = bytes.subspan(part.payload);
  part.bytes += part.payload;
  payload_left_ -= part.payload;
  if (payload_left_ > 0) return part;
  part.frame_ended = true;
  part.message_ended = !part.control && (header_[0] & 0x80) != 0;
  if ((header_[0] & 0x0f) == 9) part.pong = 2 + payload_size_;
  header_size_ = 0;
  return part;
}

}  // namespace reallive::http
