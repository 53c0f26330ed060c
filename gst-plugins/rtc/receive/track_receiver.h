// TrackReceiver: one accepted track of a publisher: order, repair, reports, key-frame requests and times.
// Belongs to the shard's thread; the caller brings the clock. It never delays what comes in order, and lets nothing
// through in silence after a loss: the gap shows in the output's sequence numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "rtc/receive/capture_clock.h"
#include "rtc/receive/h264_cleaner.h"
#include "rtc/receive/jitter_buffer.h"
#include "rtc/receive/keyframe_requests.h"
#include "rtc/receive/nack_list.h"
#include "rtc/receive/negotiate.h"
#include "rtc/receive/playout_clock.h"
#include "rtc/receive/reception_stats.h"
#include "rtc/receive/sequence_gate.h"
#include "rtc/wire/rtp.h"

namespace reallive::rtc {

/// One moment on both clocks: monotonic µs and UNIX ns.
struct Moment {
  int64_t us = 0;
  int64_t unix_ns = 0;
};

/// A packet for the depayloader: in order, with a sequence number that jumps only where something is missing.
struct MediaPacket {
  Buffer data;               ///< a whole RTP packet
  int64_t time_us = 0;       ///< monotonic clock; the same for all packets of a frame
  int64_t capture_ns = 0;    ///< UNIX time; the same for all packets of a frame
  bool sender_time = false;  ///< capture_ns is the sender's word, not the arrival
};

struct TrackStats {
  ReceiveCodec codec = ReceiveCodec::kH264;
  uint32_t ssrc = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t frames = 0;    // ended by a marker; for audio, packets
  uint64_t repaired = 0;  // came by a retransmission in time
  uint64_t given_up = 0;  // never came, or too late
  uint64_t duplicates = 0;
  uint64_t rejected = 0;  // malformed, of a payload type that was not agreed, or stray
  uint64_t nacks = 0;     // packets asked for again, repeats included
  uint64_t keyframe_requests = 0;
  uint64_t restarts = 0;
  int64_t jitter_us = 0;
  int64_t rtt_us = 0;
  bool sender_time = false;  // capture time is the sender's, not the arrival
};

class TrackReceiver {
 public:
  TrackReceiver(const ReceiveTrack& track, size_t index, int64_t wait_us);

  /// A packet of the track's own payload type (or restored to it). Returns how many were newly missed.
  size_t receive(Bytes plain, const rtp::Packet& packet, Moment now, bool repaired, uint8_t capture_extension);
  using Deliver = std::function<void(size_t track, MediaPacket packet)>;
  /// Hands on what is in order, or no longer worth waiting for.
  void drain(Moment now, PlayoutClock& playout, const Deliver& deliver);

  void sender_report(const rtcp::SenderReport& report, Moment now);
  void want_keyframe() { keyframes_.want(); }

  /// Appends the NACK and the key-frame request that are due.
  void build_feedback(Buffer& out, uint32_t sender_ssrc, int64_t now_us);
  std::optional<rtcp::ReportBlock> report(int64_t now_us);
  std::optional<int64_t> next_wake() const;

  /// The SSRC that carries the track at the moment; nothing before the first packet.
  std::optional<uint32_t> ssrc() const { return ssrc_; }
  const ReceiveTrack& description() const { return track_; }
  NackList& nack() { return nack_; }
  TrackStats stats() const;

 private:
  void begin(uint32_t ssrc, int64_t now_us);
  void restart();
  void read_capture_time(const rtp::Packet& packet, uint8_t extension, Moment now);
  void hand_on(JitterBuffer::Output output, Moment now, PlayoutClock& playout, const Deliver& deliver);

  const ReceiveTrack track_;
  const size_t index_;
  std::optional<uint32_t> ssrc_;
  SequenceGate gate_;
  JitterBuffer jitter_;
  NackList nack_;
  std::optional<ReceptionStats> reception_;
  CaptureClock capture_;
  KeyframeRequests keyframes_;
  H264Cleaner cleaner_;
  TrackStats counters_;

  bool timeline_broken_ = false;   // the next packet out begins a new timeline
  bool awaiting_keyframe_ = true;  // nothing that can be decoded until one comes
  uint16_t out_sequence_ = 0;
  std::optional<uint32_t> frame_timestamp_;
  int64_t frame_capture_ns_ = 0;
  bool frame_sender_time_ = false;
};

}  // namespace reallive::rtc
