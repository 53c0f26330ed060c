// JitterBuffer: puts one stream's packets back in order and decides how long a missing one is worth waiting for.
// Belongs to the shard's thread; the caller brings the clock. It never delays a packet that comes in order, and
// never holds more than its bounds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "rtc/receive/received_packet.h"

namespace reallive::rtc {

class JitterBuffer {
 public:
  struct Config {
    int64_t wait_us = 200'000;   ///< longest wait for a missing packet
    bool repairable = true;      ///< a NACK may bring it: wait to the end. Else only as long as reordering takes
    size_t max_packets = 2048;   ///< behind a gap
    size_t max_bytes = 4 << 20;  ///< behind a gap
  };
  enum class Inserted : uint8_t { kAccepted, kDuplicate, kLate };
  struct Output {
    ReceivedPacket packet;
    int64_t lost_before = 0;  ///< packets given up directly before this one
  };

  explicit JitterBuffer(Config config) : config_(config) {}

  Inserted insert(ReceivedPacket packet);
  /// The next packet in order; after a missing one's time is over, the first one behind it. Call until empty.
  std::optional<Output> pop(int64_t now_us);
  /// When pop() will give something although nothing arrives; nothing when it waits for no one.
  std::optional<int64_t> deadline() const;
  /// The sequence number that comes next; everything before it is settled.
  std::optional<int64_t> next() const { return next_; }
  /// Forgets all, for a sender that began anew.
  void reset();

  size_t size() const { return held_.size(); }
  size_t bytes() const { return bytes_; }
  /// How long a missing packet is waited for at the moment, in µs.
  int64_t wait_us() const;

 private:
  struct Held {
    ReceivedPacket packet;
    int64_t noticed_us = 0;  // when a gap before this packet was first seen
  };
  bool overfull() const { return held_.size() > config_.max_packets || bytes_ > config_.max_bytes; }

  const Config config_;
  std::map<int64_t, Held> held_;
  std::optional<int64_t> next_;
  size_t bytes_ = 0;
  int64_t reorder_us_ = 0;   // how late reordered packets came, decaying
  int64_t given_up_us_ = 0;  // when the newest gap was given up
  int64_t given_up_below_ = INT64_MIN;
};

}  // namespace reallive::rtc
