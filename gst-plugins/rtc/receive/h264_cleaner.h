// H264Cleaner: takes parameter sets and delimiters out of the middle of a picture, where some payloaders repeat them
// before every slice of a key frame; depayloaders would cut the picture in two there (H.264 section 7.4.1.2.3).
// Belongs to the shard's thread. It never touches slices, and never reads past the packet.
#pragma once

#include <cstdint>
#include <optional>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

class H264Cleaner {
 public:
  /// `packet` is a whole RTP packet in order, its payload from `header_size` on. False when nothing of it is left to
  /// hand on.
  bool clean(Buffer& packet, size_t header_size, uint32_t timestamp, bool marker);

 private:
  bool clean_aggregate(Buffer& packet, size_t header_size);
  bool misplaced(uint8_t type);

  std::optional<uint32_t> timestamp_;
  bool slice_seen_ = false;
};

}  // namespace reallive::rtc
