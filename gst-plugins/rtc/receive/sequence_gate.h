// SequenceGate: gives each 16-bit RTP sequence number its place on an endless line and notices a sender that began
// anew. Belongs to the shard's thread. It never lets a single stray number move the line (RFC 3550 appendix A.1).
#pragma once

#include <cstdint>
#include <optional>

namespace reallive::rtc {

class SequenceGate {
 public:
  static constexpr int kMaxForward = 3000;   ///< packets; RFC 3550's MAX_DROPOUT
  static constexpr int kMaxBackward = 3000;  ///< packets; older ones count as strays

  struct Placed {
    int64_t sequence = 0;
    bool restarted = false;  ///< nothing before this number belongs together with what follows
  };

  /// Nothing for a stray: a number far off the line whose successor has not been seen yet.
  std::optional<Placed> place(uint16_t sequence);

 private:
  std::optional<int64_t> newest_;
  std::optional<uint16_t> expected_stray_;
};

}  // namespace reallive::rtc
