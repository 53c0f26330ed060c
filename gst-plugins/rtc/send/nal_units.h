// NalReader and helpers: the NAL units of an access unit in byte-stream form, for the payloaders that cut them.
// Values that belong to one packetize() call. They borrow the access unit, and never read outside it.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

/// Walks the NAL units of an access unit in byte-stream form (annex B of H.264 and H.265), without start codes and
/// trailing zeros.
class NalReader {
 public:
  explicit NalReader(Bytes bytes) : bytes_(bytes) {
    position_ = find_start(0);
    starts_clean_ = position_ != kNone && std::ranges::all_of(bytes.first(position_), [](uint8_t b) { return b == 0; });
  }
  bool starts_clean() const { return starts_clean_; }

  std::optional<Bytes> next() {
    while (position_ != kNone) {
      const size_t begin = position_ + 3;
      position_ = find_start(begin);
      size_t end = position_ == kNone ? bytes_.size() : position_;
      while (end > begin && bytes_[end - 1] == 0)
        --end;
      if (end > begin) return bytes_.subspan(begin, end - begin);
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;

  // Where 00 00 01 begins. Looks for the 1, which is rarer than zeros are in slice data.
  size_t find_start(size_t from) const {
    while (from + 3 <= bytes_.size()) {
      const auto* const found =
          static_cast<const uint8_t*>(std::memchr(bytes_.data() + from + 2, 1, bytes_.size() - from - 2));
      if (!found) return kNone;
      if (found[-1] == 0 && found[-2] == 0) return static_cast<size_t>(found - bytes_.data()) - 2;
      from = static_cast<size_t>(found - bytes_.data()) - 1;
    }
    return kNone;
  }

  Bytes bytes_;
  size_t position_ = kNone;
  bool starts_clean_ = false;
};

/// The Exp-Golomb number at bit `position` of a parameter set: its id, which is small.
inline std::optional<uint32_t> read_golomb(Bytes nal, size_t position) {
  const auto bit = [&](size_t at) { return nal[at / 8] >> (7 - at % 8) & 1; };
  const size_t end = nal.size() * 8;
  size_t zeros = 0;
  while (position < end && !bit(position)) {
    ++position;
    ++zeros;
  }
  if (zeros > 8 || position + zeros >= end) return std::nullopt;
  uint32_t value = 0;
  for (size_t i = 0; i <= zeros; ++i)
    value = value << 1 | static_cast<uint32_t>(bit(position + i));
  return value - 1;
}

}  // namespace reallive::rtc
