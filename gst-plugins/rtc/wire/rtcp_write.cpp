#include <algorithm>

#include "rtc/wire/rtcp.h"
#include "rtc/wire/rtcp_types.h"

namespace reallive::rtc::rtcp {

namespace {

constexpr uint64_t kNtpToUnixSeconds = 2'208'988'800;

/// One packet in the making: writes the header, and its length when it goes out of scope.
class PacketScope {
 public:
  PacketScope(Buffer& out, Type type, size_t count) : out_(out), start_(out.size()) {
    append_u8(out, static_cast<uint8_t>(0x80 | count));
    append_u8(out, type);
    append_u16(out, 0);
  }
  ~PacketScope() {
    while ((out_.size() - start_) % 4 != 0)
      append_u8(out_, 0);
    put_u16(out_.data() + start_ + 2, static_cast<uint16_t>((out_.size() - start_) / 4 - 1));
  }
  PacketScope(const PacketScope&) = delete;
  PacketScope& operator=(const PacketScope&) = delete;

 private:
  Buffer& out_;
  size_t start_;
};

template <typename List>
std::span<const typename List::value_type> cut(const List& list, size_t limit) {
  return {list.data(), std::min(list.size(), limit)};
}

void append_blocks(Buffer& out, std::span<const ReportBlock> blocks) {
  for (const ReportBlock& block : blocks) {
    append_u32(out, block.ssrc);
    append_u8(out, block.fraction_lost);
    append_u24(out, static_cast<uint32_t>(std::clamp(block.cumulative_lost, -0x800000, 0x7FFFFF)) & 0xFFFFFF);
    append_u32(out, block.highest_sequence);
    append_u32(out, block.jitter);
    append_u32(out, block.last_sr);
    append_u32(out, block.delay_since_last_sr);
  }
}

/// TWCC status symbols: 0 not received, 1 a delta of one byte, 2 a delta of two.
void append_chunks(Buffer& out, std::span<const uint8_t> symbols) {
  while (!symbols.empty()) {
    size_t run = 1;
    while (run < symbols.size() && run < 0x1FFF && symbols[run] == symbols[0])
      ++run;
    if (run >= 14 || run == symbols.size()) {
      append_u16(out, static_cast<uint16_t>(symbols[0] << 13 | run));
      symbols = symbols.subspan(run);
      continue;
    }
    auto ahead = symbols.first(std::min<size_t>(14, symbols.size()));
    bool two_bit = std::find(ahead.begin(), ahead.end(), 2) != ahead.end();
    size_t width = two_bit ? 2 : 1;
    size_t fits = std::min<size_t>(14 / width, symbols.size());
    auto chunk = static_cast<uint16_t>(two_bit ? 0xC000 : 0x8000);
    for (size_t i = 0; i < fits; ++i) {
      chunk = static_cast<uint16_t>(chunk | symbols[i] << (14 - width * (i + 1)));
    }
    append_u16(out, chunk);
    symbols = symbols.subspan(fits);
  }
}

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

void write(Buffer& out, const SenderReport& report) {
  auto blocks = cut(report.blocks, kMaxCount);
  PacketScope packet(out, kSenderReport, blocks.size());
  append_u32(out, report.ssrc);
  append_u64(out, report.ntp);
  append_u32(out, report.rtp_timestamp);
  append_u32(out, report.packets);
  append_u32(out, report.octets);
  append_blocks(out, blocks);
}

void write(Buffer& out, const ReceiverReport& report) {
  auto blocks = cut(report.blocks, kMaxCount);
  PacketScope packet(out, kReceiverReport, blocks.size());
  append_u32(out, report.ssrc);
  append_blocks(out, blocks);
}

void write(Buffer& out, const SourceDescription& description) {
  auto chunks = cut(description.chunks, kMaxCount);
  PacketScope packet(out, kSourceDescription, chunks.size());
  for (const auto& chunk : chunks) {
    size_t start = out.size();
    auto cname = std::string_view(chunk.cname).substr(0, 255);
    append_u32(out, chunk.ssrc);
    append_u8(out, kSdesCname);
    append_u8(out, static_cast<uint8_t>(cname.size()));
    append_bytes(out, as_bytes(cname));
    do
      append_u8(out, 0);
    while ((out.size() - start) % 4 != 0);
  }
}

void write(Buffer& out, const Bye& bye) {
  auto ssrcs = cut(bye.ssrcs, kMaxCount);
  PacketScope packet(out, kBye, ssrcs.size());
  for (uint32_t ssrc : ssrcs)
    append_u32(out, ssrc);
  if (bye.reason.empty()) return;
  auto reason = std::string_view(bye.reason).substr(0, 255);
  append_u8(out, static_cast<uint8_t>(reason.size()));
  append_bytes(out, as_bytes(reason));
}

void write(Buffer& out, const Nack& nack) {
  PacketScope packet(out, kTransportFeedback, kFormatNack);
  append_u32(out, nack.sender);
  append_u32(out, nack.media);
  for (size_t i = 0; i < nack.sequences.size();) {
    uint16_t first = nack.sequences[i++];
    uint16_t mask = 0;
    for (; i < nack.sequences.size(); ++i) {
      auto distance = static_cast<uint16_t>(nack.sequences[i] - first);
      if (distance == 0 || distance > 16) break;
      mask = static_cast<uint16_t>(mask | 1 << (distance - 1));
    }
    append_u16(out, first);
    append_u16(out, mask);
  }
}

void write(Buffer& out, const PictureLoss& request) {
  PacketScope packet(out, kPayloadFeedback, kFormatPli);
  append_u32(out, request.sender);
  append_u32(out, request.media);
}

void write(Buffer& out, const FullIntraRequest& request) {
  PacketScope packet(out, kPayloadFeedback, kFormatFir);
  append_u32(out, request.sender);
  append_u32(out, 0);  // RFC 5104 section 4.3.1.2: the media source is in the entries
  for (const auto& entry : request.entries) {
    append_u32(out, entry.ssrc);
    append_u32(out, uint32_t{entry.sequence} << 24);
  }
}

void write(Buffer& out, const Remb& remb) {
  auto ssrcs = cut(remb.ssrcs, 255);
  uint64_t mantissa = remb.bitrate;
  uint32_t exponent = 0;
  for (; mantissa > 0x3FFFF; mantissa >>= 1)
    ++exponent;
  PacketScope packet(out, kPayloadFeedback, kFormatAfb);
  append_u32(out, remb.sender);
  append_u32(out, 0);
  append_u32(out, kRembName);
  append_u8(out, static_cast<uint8_t>(ssrcs.size()));
  append_u24(out, exponent << 18 | static_cast<uint32_t>(mantissa));
  for (uint32_t ssrc : ssrcs)
    append_u32(out, ssrc);
}

size_t write(Buffer& out, const TwccFeedback& feedback) {
  if (feedback.arrivals.empty()) return 0;
  std::vector<uint8_t> symbols;
  Buffer deltas;
  int64_t reference = floor_div(feedback.arrivals[0].time_us, kReferenceUs);
  int64_t tick = reference * (kReferenceUs / kTickUs);
  size_t written = 0;
  for (const auto& arrival : feedback.arrivals) {
    auto offset = static_cast<uint16_t>(arrival.sequence - feedback.base);
    int64_t now = floor_div(arrival.time_us + kTickUs / 2, kTickUs);
    int64_t delta = now - tick;
    if (offset < symbols.size() || delta < INT16_MIN || delta > INT16_MAX) break;
    bool small = delta >= 0 && delta <= 255;
    symbols.resize(offset);
    symbols.push_back(small ? 1 : 2);
    if (small) {
      append_u8(deltas, static_cast<uint8_t>(delta));
    } else {
      append_u16(deltas, static_cast<uint16_t>(delta));
    }
    tick = now;
    ++written;
  }
  if (written == feedback.arrivals.size()) symbols.resize(std::max<size_t>(symbols.size(), feedback.count));

  PacketScope packet(out, kTransportFeedback, kFormatTwcc);
  append_u32(out, feedback.sender);
  append_u32(out, feedback.media);
  append_u16(out, feedback.base);
  append_u16(out, static_cast<uint16_t>(symbols.size()));
  append_u24(out, static_cast<uint32_t>(reference) & 0xFFFFFF);
  append_u8(out, feedback.feedback_count);
  append_chunks(out, symbols);
  append_bytes(out, deltas);
  return written;
}

void write(Buffer& out, const ReceiverReferenceTime& time) {
  PacketScope packet(out, kExtendedReport, 0);
  append_u32(out, time.sender);
  append_u8(out, kXrReceiverReferenceTime);
  append_u8(out, 0);
  append_u16(out, 2);
  append_u64(out, time.ntp);
}

void write(Buffer& out, const DelaySinceLastRr& delay) {
  PacketScope packet(out, kExtendedReport, 0);
  append_u32(out, delay.sender);
  append_u8(out, kXrDlrr);
  append_u8(out, 0);
  append_u16(out, static_cast<uint16_t>(3 * delay.blocks.size()));
  for (const auto& block : delay.blocks) {
    append_u32(out, block.ssrc);
    append_u32(out, block.last_rr);
    append_u32(out, block.delay);
  }
}

uint64_t ntp_from_unix(int64_t unix_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t seconds = floor_div(unix_ns, kSecond);
  auto fraction = static_cast<uint64_t>(unix_ns - seconds * kSecond);
  return (static_cast<uint64_t>(seconds) + kNtpToUnixSeconds) << 32 | ((fraction << 32) + kSecond / 2) / kSecond;
}

int64_t unix_from_ntp(uint64_t ntp) {
  constexpr uint64_t kSecond = 1'000'000'000;
  auto seconds = static_cast<int64_t>(ntp >> 32) - static_cast<int64_t>(kNtpToUnixSeconds);
  uint64_t fraction = ((ntp & 0xFFFFFFFF) * kSecond + (uint64_t{1} << 31)) >> 32;
  return seconds * static_cast<int64_t>(kSecond) + static_cast<int64_t>(fraction);
}

}  // namespace reallive::rtc::rtcp
