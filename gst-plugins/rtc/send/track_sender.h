// TrackSender: one track on its way to one viewer: numbers, header extensions, sealing, repeats, sender statistics.
// Belongs to the viewer's shard. It never allocates for a packet, and never seals two plaintexts with one number (what
// SrtpSender would refuse ends a build with assertions): repeats go out as RTX (RFC 4588) or byte for byte.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "rtc/send/history.h"
#include "rtc/send/instant.h"
#include "rtc/send/negotiate.h"
#include "rtc/transport/srtp.h"
#include "rtc/transport/udp_socket.h"
#include "rtc/wire/rtcp.h"

namespace reallive::rtc {

/// Where a viewer's datagrams go: its session, or a test.
class ViewerTransport {
 public:
  virtual ~ViewerTransport() = default;
  virtual SrtpSender& srtp() = 0;
  /// Datagrams one after the other, all of `segment_size` but the last.
  virtual SendResult send(Bytes datagrams, size_t segment_size) = 0;
  /// Seals and sends one compound packet.
  virtual void send_rtcp(Bytes plain) = 0;
};

struct TrackSenderStats {
  uint64_t packets = 0;  // repeats not counted
  uint64_t bytes = 0;    // payloads, repeats not counted
  uint64_t frames = 0;
  uint64_t key_frames = 0;
  uint64_t packets_repeated = 0;
  uint64_t packets_asked_again = 0;  // sequence numbers in NACKs
  uint64_t repeats_refused = 0;      // too old, or over the budget
  uint64_t packets_refused = 0;      // by SrtpSender, and not sent: anything but 0 is a bug
  uint32_t fraction_lost = 0;        // of 256, from the newest receiver report
  int32_t packets_lost = 0;
  double jitter_ms = 0;
  double round_trip_ms = 0;  // 0 before the first answer to a sender report
};

class TrackSender {
 public:
  /// `offset` is added to the RTP time of every frame.
  TrackSender(TrackPlan plan, CodecKind codec, uint16_t first_sequence, uint32_t offset);

  /// Keys exist.
  void connect(ViewerTransport& out);

  /// Sends up to `count` packets of a frame from `first` on, under `rtp_time` (before the offset): how many it took.
  /// Fewer when the socket is full: then blocked() until flush().
  size_t send(const Frame& frame, uint64_t number, size_t first, size_t count, int64_t rtp_time);
  bool blocked() const { return !pending_.empty(); }
  /// Sends what the socket did not take before; true when nothing is left.
  bool flush();
  /// Answers a NACK from `history`; `budget_bps` bounds the repeats.
  void repeat(std::span<const uint16_t> sequences, const FrameHistory& history, uint64_t budget_bps, Instant now);

  /// `zero` is when running time was 0.
  rtcp::SenderReport report(TimePoint zero, Instant now) const;
  void on_report(const rtcp::ReportBlock& block, Instant now);
  /// The viewer has told of our SSRC: it need not be introduced any more.
  bool introduced() const { return introduced_; }

  const TrackPlan& plan() const { return plan_; }
  CodecKind codec() const { return codec_; }
  const TrackSenderStats& stats() const { return stats_; }

 private:
  // Packets that went out together; enough to write them again exactly as they were.
  struct Run {
    uint64_t first_sequence = 0;
    uint64_t frame = 0;
    uint32_t first_packet = 0;
    uint32_t count = 0;
    int64_t rtp_time = 0;
    bool introducing = false;
  };
  struct Repeated {
    uint64_t sequence = 0;
    TimePoint when;
  };
  static constexpr size_t kRuns = 256;
  static constexpr size_t kRepeated = 64;

  size_t write_header(std::span<uint8_t> header, const Frame& frame, int64_t rtp_time, bool introducing,
                      uint8_t payload_type, uint32_t ssrc) const;
  size_t send_run(const Frame& frame, size_t first, size_t limit, std::span<uint8_t> header);
  enum class Seal { kNew, kAgain };
  size_t seal(const RtpPlain& packet, std::span<uint8_t> out, Seal how);
  const Run* find_run(uint64_t sequence) const;
  bool repeat_one(uint64_t sequence, const FrameHistory& history);
  bool repeated_lately(uint64_t sequence, TimePoint now);

  const TrackPlan plan_;
  const CodecKind codec_;
  const uint32_t offset_;
  ViewerTransport* out_ = nullptr;
  uint64_t next_sequence_;  // never wraps: bits 16 up are the ROC
  uint64_t next_rtx_sequence_;
  bool introduced_ = false;

  std::array<Run, kRuns> runs_{};
  uint64_t run_count_ = 0;
  std::array<Repeated, kRepeated> repeated_{};
  size_t repeated_next_ = 0;
  double repeat_tokens_ = 0;  // bytes
  TimePoint repeat_refilled_{};

  std::vector<uint8_t> pending_;
  size_t pending_segment_ = 0;
  TrackSenderStats stats_;
};

}  // namespace reallive::rtc
