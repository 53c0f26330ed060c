#include "rtc/send/track_sender.h"

#include <algorithm>
#include <cassert>

#include "rtc/wire/rtp.h"

namespace reallive::rtc {

namespace {

constexpr size_t kMaxHeader = 12 + 128;
constexpr size_t kMaxSegments = 48;
constexpr size_t kMaxSendBytes = 62'000;
constexpr size_t kMaxMid = 8;
// A packet of NACKs may name thousands; what one report of real losses names stays far below this.
constexpr size_t kMostRepeats = 512;
constexpr auto kRepeatPause = std::chrono::milliseconds(10);

// Where a shard seals before it sends: one for its thread, used within one call.
thread_local std::array<uint8_t, 65536> scratch;

uint32_t ticks(TimePoint from, TimePoint to, uint32_t clock_rate) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
  return static_cast<uint32_t>(static_cast<__int128>(ns) * clock_rate / 1'000'000'000);
}

}  // namespace

TrackSender::TrackSender(TrackPlan plan, CodecKind codec, uint16_t first_sequence, uint32_t offset)
    : plan_(std::move(plan)),
      codec_(codec),
      offset_(offset),
      next_sequence_(first_sequence & 0x7FFF),  // a loss at the start must not hide a wrap (RFC 3711 section 3.3.1)
      next_rtx_sequence_((first_sequence * 7919u + 1) & 0x7FFF) {}

void TrackSender::connect(ViewerTransport& out) {
  out_ = &out;
  if (plan_.nack && !plan_.rtx_payload_type) out.srtp().remember(plan_.ssrc, is_video(codec_) ? 4096 : 256);
}

size_t TrackSender::write_header(std::span<uint8_t> header, const Frame& frame, int64_t rtp_time, bool introducing,
                                 uint8_t payload_type, uint32_t ssrc) const {
  rtp::ExtensionBlock block;
  if (introducing) {
    if (plan_.mid_id != 0 && plan_.mid.size() <= kMaxMid) block.add(plan_.mid_id, as_bytes(plan_.mid));
    constexpr uint8_t kNoDelay[3] = {};  // minimum and maximum 0: show at once
    if (plan_.playout_delay_id != 0) block.add(plan_.playout_delay_id, kNoDelay);
  }
  if (plan_.abs_capture_time_id != 0 && frame.meta.capture_unix_ns) {
    uint8_t value[16] = {};  // time and clock offset: what we stamp is on the clock of our sender reports
    put_u64(value, rtcp::ntp_from_unix(*frame.meta.capture_unix_ns));
    block.add(plan_.abs_capture_time_id, value);
  }
  const rtp::Header fields{false, payload_type, 0, static_cast<uint32_t>(rtp_time) + offset_, ssrc};
  return rtp::write_header(header, fields, block.bytes());
}

size_t TrackSender::send(const Frame& frame, uint64_t number, size_t first, size_t count, int64_t rtp_time) {
  const size_t end = std::min(frame.packets.size(), first + count);
  if (!out_ || blocked() || first >= end) return 0;
  // Until the viewer knows the SSRC, and again where it could start afresh.
  const bool introducing = !introduced_ || (frame.key && is_video(codec_));
  std::array<uint8_t, kMaxHeader> header;
  const size_t header_size = write_header(header, frame, rtp_time, introducing, plan_.payload_type, plan_.ssrc);

  const uint64_t first_sequence = next_sequence_;
  size_t at = first;
  while (at < end && !blocked())
    at += send_run(frame, at, end, {header.data(), header_size});
  runs_[run_count_++ % kRuns] = {
      first_sequence, number, static_cast<uint32_t>(first), static_cast<uint32_t>(at - first), rtp_time, introducing};
  if (at == frame.packets.size()) {
    ++stats_.frames;
    if (frame.key) ++stats_.key_frames;
  }
  return at - first;
}

// What one number seals is one packet, once: whoever gives numbers away twice is found here, before anybody can read
// the XOR of two pictures. Without assertions such a packet is left out and counted.
size_t TrackSender::seal(const RtpPlain& packet, std::span<uint8_t> out, Seal how) {
  SrtpSender& srtp = out_->srtp();
  const uint64_t refused = srtp.refused();
  const size_t sealed = how == Seal::kNew ? srtp.seal(packet, out) : srtp.reseal(packet, out);
  assert(srtp.refused() == refused && "no two plaintexts under one key, SSRC and index");
  if (srtp.refused() != refused || (how == Seal::kNew && sealed == 0)) ++stats_.packets_refused;
  return sealed;
}

// Seals and sends packets of equal size, the last of which may be smaller (UDP GSO); how many.
size_t TrackSender::send_run(const Frame& frame, size_t first, size_t limit, std::span<uint8_t> header) {
  const size_t size = frame.packets[first].size;
  const size_t segment = header.size() + size + out_->srtp().tag_size();
  size_t at = first;
  size_t used = 0;
  size_t sealed_packets = 0;
  while (at < limit && at - first < kMaxSegments && used + segment <= kMaxSendBytes) {
    const Frame::Packet& packet = frame.packets[at];
    if (packet.size > size) break;
    header[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | plan_.payload_type);
    put_u16(header.data() + 2, static_cast<uint16_t>(next_sequence_));
    const size_t sealed = seal({header, {}, frame.payload(packet), static_cast<uint32_t>(next_sequence_ >> 16)},
                               std::span(scratch).subspan(used), Seal::kNew);
    ++next_sequence_;
    ++at;
    if (sealed != 0) {
      used += sealed;
      ++sealed_packets;
      stats_.bytes += packet.size;
    }
    if (packet.size < size) break;
  }
  stats_.packets += sealed_packets;
  if (sealed_packets == 0) return at - first;
  const SendResult result = out_->send({scratch.data(), used}, segment);
  if (result.blocked && result.datagrams < sealed_packets) {
    const size_t taken = result.datagrams * segment;
    pending_.assign(scratch.data() + taken, scratch.data() + used);
    pending_segment_ = segment;
  }
  return at - first;
}

bool TrackSender::flush() {
  if (pending_.empty()) return true;
  const SendResult result = out_->send(pending_, pending_segment_);
  const size_t taken = std::min(result.datagrams * pending_segment_, pending_.size());
  if (result.blocked && taken < pending_.size()) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(taken));
    return false;
  }
  pending_.clear();
  return true;
}

const TrackSender::Run* TrackSender::find_run(uint64_t sequence) const {
  uint64_t low = run_count_ > kRuns ? run_count_ - kRuns : 0;
  uint64_t high = run_count_;
  while (low < high) {  // the first run that begins after `sequence`
    const uint64_t middle = (low + high) / 2;
    if (runs_[middle % kRuns].first_sequence > sequence) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  if (low == 0 || (run_count_ > kRuns && low == run_count_ - kRuns)) return nullptr;
  const Run& run = runs_[(low - 1) % kRuns];
  return sequence - run.first_sequence < run.count ? &run : nullptr;
}

bool TrackSender::repeated_lately(uint64_t sequence, TimePoint now) {
  const auto round_trip = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(stats_.round_trip_ms * 0.75));
  const auto pause = std::max<Clock::duration>(kRepeatPause, round_trip);
  for (const auto& entry : repeated_) {
    if (entry.sequence == sequence && now - entry.when < pause) return true;
  }
  repeated_[repeated_next_++ % kRepeated] = {sequence, now};
  return false;
}

void TrackSender::repeat(std::span<const uint16_t> sequences, const FrameHistory& history, uint64_t budget_bps,
                         Instant now) {
  if (!out_ || !plan_.nack || blocked()) return;
  const double bytes_per_second = static_cast<double>(budget_bps) / 8;
  const double elapsed = std::chrono::duration<double>(now.steady - repeat_refilled_).count();
  repeat_tokens_ = std::min(bytes_per_second / 2, repeat_tokens_ + elapsed * bytes_per_second);
  repeat_refilled_ = now.steady;
  stats_.packets_asked_again += sequences.size();
  sequences = sequences.first(std::min(sequences.size(), kMostRepeats));
  for (const uint16_t sequence : sequences) {
    if (repeat_tokens_ <= 0) {
      ++stats_.repeats_refused;
      break;
    }
    const auto behind = static_cast<uint16_t>(static_cast<uint16_t>(next_sequence_) - sequence);
    if (behind == 0 || behind > 0x7FFF || behind > next_sequence_) continue;
    const uint64_t full = next_sequence_ - behind;
    if (repeated_lately(full, now.steady)) continue;
    if (!repeat_one(full, history)) ++stats_.repeats_refused;
  }
}

bool TrackSender::repeat_one(uint64_t sequence, const FrameHistory& history) {
  const Run* run = find_run(sequence);
  const auto* entry = run ? history.at(run->frame) : nullptr;
  if (!entry) return false;
  const Frame& frame = *entry->frame;
  const Frame::Packet& packet = frame.packets[run->first_packet + (sequence - run->first_sequence)];

  const bool rtx = plan_.rtx_payload_type.has_value();
  const uint8_t payload_type = rtx ? *plan_.rtx_payload_type : plan_.payload_type;
  std::array<uint8_t, kMaxHeader> header;
  const size_t size =
      write_header(header, frame, run->rtp_time, run->introducing, payload_type, rtx ? plan_.rtx_ssrc : plan_.ssrc);
  header[1] = static_cast<uint8_t>((packet.marker ? 0x80 : 0) | payload_type);
  const uint64_t own = rtx ? next_rtx_sequence_++ : sequence;
  put_u16(header.data() + 2, static_cast<uint16_t>(own));
  uint8_t original[2];
  put_u16(original, static_cast<uint16_t>(sequence));
  const RtpPlain plain{
      {header.data(), size}, rtx ? Bytes(original) : Bytes(), frame.payload(packet), static_cast<uint32_t>(own >> 16)};
  const size_t sealed = seal(plain, scratch, rtx ? Seal::kNew : Seal::kAgain);
  if (sealed == 0) return false;
  out_->send({scratch.data(), sealed}, sealed);
  repeat_tokens_ -= static_cast<double>(sealed);
  ++stats_.packets_repeated;
  return true;
}

rtcp::SenderReport TrackSender::report(TimePoint zero, Instant now) const {
  rtcp::SenderReport report;
  report.ssrc = plan_.ssrc;
  report.ntp = rtcp::ntp_from_unix(now.unix_ns);
  report.rtp_timestamp = ticks(zero, now.steady, codec_clock_rate(codec_)) + offset_;
  report.packets = static_cast<uint32_t>(stats_.packets);
  report.octets = static_cast<uint32_t>(stats_.bytes);
  return report;
}

void TrackSender::on_report(const rtcp::ReportBlock& block, Instant now) {
  if (block.ssrc != plan_.ssrc) return;
  introduced_ = true;
  stats_.fraction_lost = block.fraction_lost;
  stats_.packets_lost = block.cumulative_lost;
  stats_.jitter_ms = block.jitter * 1000.0 / codec_clock_rate(codec_);
  if (block.last_sr == 0) return;
  const uint32_t arrival = rtcp::ntp_middle(rtcp::ntp_from_unix(now.unix_ns));
  const uint32_t round_trip = arrival - block.last_sr - block.delay_since_last_sr;
  if (round_trip < 60 * 65536u) stats_.round_trip_ms = round_trip * 1000.0 / 65536;
}

}  // namespace reallive::rtc
