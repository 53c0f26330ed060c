#include "rtc/receive/track_receiver.h"

#include <algorithm>

#include "rtc/receive/keyframe_probe.h"

namespace reallive::rtc {

namespace {

JitterBuffer::Config jitter_config(const ReceiveTrack& track, int64_t wait_us) {
  JitterBuffer::Config config;
  config.wait_us = wait_us;
  config.repairable = track.nack;
  return config;
}

}  // namespace

TrackReceiver::TrackReceiver(const ReceiveTrack& track, size_t index, int64_t wait_us)
    : track_(track),
      index_(index),
      jitter_(jitter_config(track, wait_us)),
      capture_(track.clock_rate),
      keyframes_(track.keyframes) {
  counters_.codec = track.codec;
}

void TrackReceiver::begin(uint32_t ssrc, int64_t now_us) {
  if (ssrc_) {
    restart();
    capture_.reset();
  }
  ssrc_ = ssrc;
  gate_ = SequenceGate();
  reception_.emplace(ssrc, track_.clock_rate);
  // A sender opens with a key frame: asking for one has time until that is shown to be wrong.
  keyframes_.hold(now_us);
}

void TrackReceiver::restart() {
  ++counters_.restarts;
  jitter_.reset();
  nack_.reset();
  if (reception_) reception_->restart();
  timeline_broken_ = true;
  awaiting_keyframe_ = track_.video();
}

void TrackReceiver::read_capture_time(const rtp::Packet& packet, uint8_t extension, Moment now) {
  if (extension == 0 || !packet.has_extension) return;
  const auto data = rtp::find_extension(packet, extension);
  if (!data || data->size() < 8) return;
  std::optional<int64_t> offset;
  if (data->size() >= 16) offset = static_cast<int64_t>(read_u64(data->data() + 8));
  capture_.absolute_capture_time(read_u64(data->data()), offset, packet.timestamp, now.unix_ns);
}

size_t TrackReceiver::receive(Bytes plain, const rtp::Packet& packet, Moment now, bool repaired,
                              uint8_t capture_extension) {
  if (packet.payload_type != track_.payload_type) {
    ++counters_.rejected;
    return 0;
  }
  if (!ssrc_ || *ssrc_ != packet.ssrc) begin(packet.ssrc, now.us);
  const auto placed = gate_.place(packet.sequence);
  if (!placed) {
    ++counters_.rejected;
    return 0;
  }
  if (placed->restarted) restart();
  read_capture_time(packet, capture_extension, now);

  ReceivedPacket received;
  received.sequence = placed->sequence;
  received.timestamp = packet.timestamp;
  received.payload_type = packet.payload_type;
  received.marker = packet.marker;
  received.repaired = repaired;
  received.empty = packet.payload.empty();
  received.arrival_us = now.us;
  received.header_size = static_cast<uint16_t>(packet.header_size);
  const size_t size = packet.header_size + packet.payload.size();
  received.data.assign(plain.begin(), plain.begin() + static_cast<ptrdiff_t>(size));
  received.data[0] = static_cast<uint8_t>(received.data[0] & ~0x20);  // its padding is cut off

  const auto inserted = jitter_.insert(std::move(received));
  if (inserted == JitterBuffer::Inserted::kDuplicate) {
    ++counters_.duplicates;
    return 0;
  }
  const auto missed = nack_.received(placed->sequence, now.us);
  if (inserted == JitterBuffer::Inserted::kLate) {
    ++counters_.duplicates;  // or given up before; either way of no use any more
    return 0;
  }
  if (missed.overflow) keyframes_.want();
  reception_->received(placed->sequence, packet.timestamp, now.us, repaired);
  ++counters_.packets;
  counters_.bytes += plain.size();
  if (repaired) ++counters_.repaired;
  return missed.missing;
}

void TrackReceiver::drain(Moment now, PlayoutClock& playout, const Deliver& deliver) {
  while (auto output = jitter_.pop(now.us))
    hand_on(std::move(*output), now, playout, deliver);
  if (const auto next = jitter_.next()) nack_.forget_below(*next);
}

void TrackReceiver::hand_on(JitterBuffer::Output output, Moment now, PlayoutClock& playout, const Deliver& deliver) {
  ReceivedPacket& packet = output.packet;
  if (output.lost_before > 0) {
    counters_.given_up += static_cast<uint64_t>(output.lost_before);
    out_sequence_ = static_cast<uint16_t>(out_sequence_ + output.lost_before);
    if (track_.video()) {
      awaiting_keyframe_ = true;
      keyframes_.want();
    }
  }
  if (packet.empty) return;
  if (timeline_broken_) {
    timeline_broken_ = false;
    playout.restart(index_);
    frame_timestamp_.reset();
    ++out_sequence_;
  }
  if (begins_keyframe(track_.codec, Bytes(packet.data).subspan(packet.header_size))) {
    awaiting_keyframe_ = false;
    keyframes_.satisfied();
  } else if (awaiting_keyframe_) {
    keyframes_.want();
  }
  if (track_.codec == ReceiveCodec::kH264 &&
      !cleaner_.clean(packet.data, packet.header_size, packet.timestamp, packet.marker)) {
    return;
  }
  const int64_t arrival_ns = now.unix_ns - (now.us - packet.arrival_us) * 1000;
  if (frame_timestamp_ != packet.timestamp) {
    frame_timestamp_ = packet.timestamp;
    frame_capture_ns_ = capture_.capture_ns(packet.timestamp, arrival_ns);
    frame_sender_time_ = capture_.known();
  }
  if (packet.marker || !track_.video()) ++counters_.frames;
  MediaPacket media;
  media.time_us = playout.map(index_, packet.timestamp, packet.arrival_us, capture_.sender_ns(packet.timestamp));
  media.capture_ns = frame_capture_ns_;
  media.sender_time = frame_sender_time_;
  media.data = std::move(packet.data);
  put_u16(media.data.data() + 2, ++out_sequence_);
  deliver(index_, std::move(media));
}

void TrackReceiver::sender_report(const rtcp::SenderReport& report, Moment now) {
  if (!ssrc_ || *ssrc_ != report.ssrc) return;
  reception_->sender_report(report.ntp, now.us);
  capture_.sender_report(report.ntp, report.rtp_timestamp, now.unix_ns);
}

void TrackReceiver::build_feedback(Buffer& out, uint32_t sender_ssrc, int64_t now_us) {
  if (!ssrc_) return;
  if (track_.nack) {
    rtcp::Nack request;
    request.sender = sender_ssrc;
    request.media = *ssrc_;
    request.sequences = nack_.take_due(now_us);
    counters_.nacks += request.sequences.size();
    // Worst case, each number takes an entry of its own: a packet stays well below the largest datagram.
    constexpr size_t kNumbersInOne = 200;
    for (size_t at = 0; at < request.sequences.size(); at += kNumbersInOne) {
      rtcp::Nack part{request.sender, request.media, {}};
      const size_t end = std::min(request.sequences.size(), at + kNumbersInOne);
      part.sequences.assign(request.sequences.begin() + static_cast<ptrdiff_t>(at),
                            request.sequences.begin() + static_cast<ptrdiff_t>(end));
      rtcp::write(out, part);
    }
  }
  keyframes_.build(out, sender_ssrc, *ssrc_, now_us);
}

std::optional<rtcp::ReportBlock> TrackReceiver::report(int64_t now_us) {
  return reception_ ? reception_->report(now_us) : std::nullopt;
}

std::optional<int64_t> TrackReceiver::next_wake() const {
  std::optional<int64_t> next = jitter_.deadline();
  const auto sooner = [&next](std::optional<int64_t> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  if (track_.nack) sooner(nack_.next_due());
  if (ssrc_) sooner(keyframes_.next_due());
  return next;
}

TrackStats TrackReceiver::stats() const {
  TrackStats stats = counters_;
  stats.ssrc = ssrc_.value_or(0);
  stats.keyframe_requests = keyframes_.sent();
  stats.rtt_us = nack_.rtt_us();
  stats.sender_time = capture_.known();
  if (reception_) stats.jitter_us = reception_->jitter_us();
  return stats;
}

}  // namespace reallive::rtc
