// Frame: one access unit cut into RTP payloads, once for all viewers.
// Immutable after packetize() and reference-counted, so shards share it freely between threads.
// It never holds anything of a single viewer: sequence numbers, SSRCs and header extensions are the viewer's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

enum class CodecKind : uint8_t { kH264, kVp8, kOpus, kH265 };

/// "H264", "H265", "VP8", "opus", as SDP names it.
constexpr const char* codec_name(CodecKind codec) {
  constexpr const char* kNames[] = {"H264", "VP8", "opus", "H265"};
  return kNames[static_cast<size_t>(codec)];
}
/// RTP clock in Hz.
constexpr uint32_t codec_clock_rate(CodecKind codec) {
  return codec == CodecKind::kOpus ? 48000 : 90000;
}
constexpr bool is_video(CodecKind codec) {
  return codec != CodecKind::kOpus;
}

/// What upstream knows about an access unit.
struct FrameMeta {
  /// Time on the track's RTP clock, from any origin that stays the same for the track; viewers add their offset and
  /// keep the low 32 bits.
  int64_t rtp_time = 0;
  /// When it was captured, ns since 1970.
  std::optional<int64_t> capture_unix_ns;
};

struct Frame {
  struct Packet {
    uint32_t offset = 0;  // of the payload in `data`
    uint16_t size = 0;    // bytes
    bool marker = false;
  };

  CodecKind codec = CodecKind::kH264;
  FrameMeta meta;
  /// A decoder can start here. Always true for audio.
  bool key = false;
  /// H.264 and H.265: the frame brings its parameter sets itself.
  bool has_parameter_sets = false;
  std::vector<uint8_t> data;  // all payloads, one after the other
  std::vector<Packet> packets;

  Bytes payload(const Packet& packet) const { return Bytes(data).subspan(packet.offset, packet.size); }
  Bytes payload(size_t index) const { return payload(packets[index]); }
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace reallive::rtc
