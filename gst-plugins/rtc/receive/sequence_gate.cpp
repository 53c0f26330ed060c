#include "rtc/receive/sequence_gate.h"

namespace reallive::rtc {

std::optional<SequenceGate::Placed> SequenceGate::place(uint16_t sequence) {
  if (!newest_) {
    newest_ = sequence;
    return Placed{sequence, false};
  }
  const auto distance = static_cast<int16_t>(static_cast<uint16_t>(sequence - static_cast<uint16_t>(*newest_)));
  if (distance <= kMaxForward && distance >= -kMaxBackward) {
    const int64_t placed = *newest_ + distance;
    if (distance > 0) newest_ = placed;
    expected_stray_.reset();
    return Placed{placed, false};
  }
  if (expected_stray_ != sequence) {
    expected_stray_ = static_cast<uint16_t>(sequence + 1);
    return std::nullopt;
  }
  // Two in a row: the sender began anew. The line goes on above everything placed so far, on the same low 16 bits.
  expected_stray_.reset();
  const int64_t above = ((*newest_ >> 16) + 2) << 16;
  newest_ = above | sequence;
  return Placed{*newest_, true};
}

}  // namespace reallive::rtc
