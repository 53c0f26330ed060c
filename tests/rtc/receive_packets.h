// What the tests of the receiving side share: RTP packets to order and a clock of their own.
// Plain functions for the test's thread. It never touches a socket.
#pragma once

#include <vector>

#include "rtc/receive/received_packet.h"
#include "rtc/receive/track_receiver.h"
#include "rtc/wire/rtcp.h"
#include "rtc/wire/rtp.h"

namespace reallive::rtc::test {

inline constexpr int64_t kMs = 1'000;  // of the monotonic clock's µs
inline constexpr int64_t kUnixStart = 1'700'000'000'000'000'000;

/// Both clocks at `us` after the test's beginning.
inline Moment at(int64_t us) {
  return {us, kUnixStart + us * 1000};
}

struct PacketSpec {
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 1111;
  uint8_t payload_type = 96;
  bool marker = false;
  Buffer payload = {0x41, 0x9a, 0x00};  // an H.264 slice that is no key frame
  rtp::ExtensionBlock extensions{};
};

inline Buffer make_rtp(PacketSpec spec) {
  Buffer out(2048);
  const rtp::Header header{spec.marker, spec.payload_type, spec.sequence, spec.timestamp, spec.ssrc};
  out.resize(rtp::write_header(out, header, spec.extensions.bytes()));
  append_bytes(out, spec.payload);
  return out;
}

inline ReceivedPacket received(int64_t sequence, int64_t arrival_us) {
  ReceivedPacket packet;
  packet.sequence = sequence;
  packet.arrival_us = arrival_us;
  packet.data = Buffer(100);
  return packet;
}

inline Buffer idr() {
  return {0x65, 0x88, 0x84};
}

}  // namespace reallive::rtc::test
