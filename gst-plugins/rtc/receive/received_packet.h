// ReceivedPacket: one plain RTP packet of a publisher with what its arrival taught us. Owns its bytes.
// A value that belongs to whoever holds it, any thread. It never changes its bytes after it was parsed.
#pragma once

#include <cstdint>
#include <vector>

namespace reallive::rtc {

struct ReceivedPacket {
  std::vector<uint8_t> data;  ///< the whole packet, header included, padding removed
  int64_t sequence = 0;       ///< unwrapped (SequenceGate)
  uint32_t timestamp = 0;
  uint8_t payload_type = 0;
  bool marker = false;
  bool repaired = false;   ///< came as a retransmission
  bool empty = false;      ///< only padding: fills its place in the sequence and carries nothing
  int64_t arrival_us = 0;  ///< monotonic clock
  uint16_t header_size = 12;
};

}  // namespace reallive::rtc
