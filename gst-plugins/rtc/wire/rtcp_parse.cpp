#include <algorithm>

#include "rtc/wire/rtcp.h"
#include "rtc/wire/rtcp_types.h"

namespace reallive::rtc::rtcp {

namespace {

using Records = std::vector<Record>;

ReportBlock parse_block(const uint8_t* p) {
  ReportBlock block;
  block.ssrc = read_u32(p);
  block.fraction_lost = p[4];
  // Signed 24 bits: shift the sign up and back down.
  block.cumulative_lost = static_cast<int32_t>(read_u24(p + 5) << 8) >> 8;
  block.highest_sequence = read_u32(p + 8);
  block.jitter = read_u32(p + 12);
  block.last_sr = read_u32(p + 16);
  block.delay_since_last_sr = read_u32(p + 20);
  return block;
}

bool parse_blocks(Bytes body, size_t count, std::vector<ReportBlock>& blocks) {
  // Profile-specific extensions may follow the blocks (RFC 3550 section 6.4.3).
  if (body.size() < count * kBlockBytes) return false;
  blocks.reserve(count);
  for (size_t i = 0; i < count; ++i)
    blocks.push_back(parse_block(body.data() + i * kBlockBytes));
  return true;
}

bool parse_sender_report(Bytes body, size_t count, Records& out) {
  if (body.size() < 24) return false;
  SenderReport report;
  report.ssrc = read_u32(body.data());
  report.ntp = read_u64(body.data() + 4);
  report.rtp_timestamp = read_u32(body.data() + 12);
  report.packets = read_u32(body.data() + 16);
  report.octets = read_u32(body.data() + 20);
  if (!parse_blocks(body.subspan(24), count, report.blocks)) return false;
  out.emplace_back(std::move(report));
  return true;
}

bool parse_receiver_report(Bytes body, size_t count, Records& out) {
  if (body.size() < 4) return false;
  ReceiverReport report;
  report.ssrc = read_u32(body.data());
  if (!parse_blocks(body.subspan(4), count, report.blocks)) return false;
  out.emplace_back(std::move(report));
  return true;
}

bool parse_source_description(Bytes body, size_t count, Records& out) {
  SourceDescription description;
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    if (body.size() - at < 4) return false;
    SourceDescription::Chunk chunk;
    chunk.ssrc = read_u32(body.data() + at);
    at += 4;
    while (at < body.size() && body[at] != 0) {
      if (body.size() - at < 2 || body.size() - at - 2 < body[at + 1]) return false;
      Bytes text = body.subspan(at + 2, body[at + 1]);
      if (body[at] == kSdesCname) chunk.cname = as_text(text);
      at += 2 + text.size();
    }
    if (at == body.size()) return false;  // at least one zero ends the items (RFC 3550 section 6.5)
    at = (at / 4 + 1) * 4;
    description.chunks.push_back(std::move(chunk));
  }
  out.emplace_back(std::move(description));
  return true;
}

bool parse_bye(Bytes body, size_t count, Records& out) {
  if (body.size() < 4 * count) return false;
  Bye bye;
  for (size_t i = 0; i < count; ++i)
    bye.ssrcs.push_back(read_u32(body.data() + 4 * i));
  Bytes rest = body.subspan(4 * count);
  if (!rest.empty()) {
    if (rest[0] > rest.size() - 1) return false;
    bye.reason = as_text(rest.subspan(1, rest[0]));
  }
  out.emplace_back(std::move(bye));
  return true;
}

Nack parse_nack(Bytes fci) {
  Nack nack;
  for (size_t at = 0; at + 4 <= fci.size(); at += 4) {
    uint16_t first = read_u16(fci.data() + at);
    uint16_t mask = read_u16(fci.data() + at + 2);
    nack.sequences.push_back(first);
    for (int bit = 0; bit < 16; ++bit) {
      if (mask >> bit & 1) nack.sequences.push_back(static_cast<uint16_t>(first + bit + 1));
    }
  }
  return nack;
}

/// Walks the status chunks of a TWCC packet: calls `symbol(0…3)` once for each number, at most `count` times.
/// The bytes of the chunks; nothing when they end early.
template <typename Symbol>
std::optional<size_t> walk_chunks(Bytes body, size_t count, Symbol symbol) {
  size_t at = 0;
  while (count > 0) {
    if (body.size() - at < 2) return {};
    uint16_t chunk = read_u16(body.data() + at);
    at += 2;
    if (!(chunk & 0x8000)) {
      size_t run = std::min<size_t>(chunk & 0x1FFF, count);
      if (run == 0) return {};
      symbol(chunk >> 13 & 3, run);
      count -= run;
      continue;
    }
    bool two_bit = chunk & 0x4000;
    for (int left = two_bit ? 7 : 14; left > 0 && count > 0; --left, --count) {
      symbol(two_bit ? chunk >> (2 * left - 2) & 3 : chunk >> (left - 1) & 1, size_t{1});
    }
  }
  return at;
}

bool parse_twcc(uint32_t sender, uint32_t media, Bytes fci, Records& out) {
  if (fci.size() < 8) return false;
  TwccFeedback feedback;
  feedback.sender = sender;
  feedback.media = media;
  feedback.base = read_u16(fci.data());
  feedback.count = read_u16(fci.data() + 2);
  feedback.reference_time = static_cast<int32_t>(read_u24(fci.data() + 4) << 8) >> 8;
  feedback.feedback_count = fci[7];
  Bytes body = fci.subspan(8);

  size_t delta_bytes = 0;
  bool reserved = false;
  auto chunk_bytes = walk_chunks(body, feedback.count, [&](int symbol, size_t run) {
    reserved = reserved || symbol == 3;
    delta_bytes += run * static_cast<size_t>(symbol);  // symbol 1 has a delta of one byte, 2 of two
  });
  if (!chunk_bytes || reserved || body.size() - *chunk_bytes < delta_bytes) return false;

  const uint8_t* delta = body.data() + *chunk_bytes;
  int64_t time_us = feedback.reference_time * kReferenceUs;
  uint16_t sequence = feedback.base;
  walk_chunks(body, feedback.count, [&](int symbol, size_t run) {
    if (symbol == 0) {
      sequence = static_cast<uint16_t>(sequence + run);
      return;
    }
    for (; run > 0; --run, ++sequence) {
      time_us += kTickUs * (symbol == 1 ? *delta : static_cast<int16_t>(read_u16(delta)));
      delta += symbol;
      feedback.arrivals.push_back({sequence, time_us});
    }
  });
  out.emplace_back(std::move(feedback));
  return true;
}

bool parse_transport_feedback(Bytes body, size_t format, Records& out) {
  if (body.size() < 8) return false;
  uint32_t sender = read_u32(body.data());
  uint32_t media = read_u32(body.data() + 4);
  Bytes fci = body.subspan(8);
  if (format == kFormatTwcc) return parse_twcc(sender, media, fci, out);
  if (format == kFormatNack) {
    Nack nack = parse_nack(fci);
    nack.sender = sender;
    nack.media = media;
    out.emplace_back(std::move(nack));
  }
  return true;
}

bool parse_remb(uint32_t sender, Bytes fci, Records& out) {
  if (fci.size() < 8 || read_u32(fci.data()) != kRembName) return true;  // some other application's
  size_t count = fci[4];
  if (fci.size() - 8 < 4 * count) return false;
  Remb remb;
  remb.sender = sender;
  int exponent = fci[5] >> 2;
  uint64_t mantissa = read_u24(fci.data() + 5) & 0x3FFFF;
  // 18 bits of mantissa, so an exponent above 46 could not be represented.
  if (exponent > 46) return false;
  remb.bitrate = mantissa << exponent;
  for (size_t i = 0; i < count; ++i)
    remb.ssrcs.push_back(read_u32(fci.data() + 8 + 4 * i));
  out.emplace_back(std::move(remb));
  return true;
}

bool parse_payload_feedback(Bytes body, size_t format, Records& out) {
  if (body.size() < 8) return false;
  uint32_t sender = read_u32(body.data());
  Bytes fci = body.subspan(8);
  if (format == kFormatPli) out.emplace_back(PictureLoss{sender, read_u32(body.data() + 4)});
  if (format == kFormatFir) {
    FullIntraRequest request;
    request.sender = sender;
    for (size_t at = 0; at + 8 <= fci.size(); at += 8) {
      request.entries.push_back({read_u32(fci.data() + at), fci[at + 4]});
    }
    out.emplace_back(std::move(request));
  }
  return format == kFormatAfb ? parse_remb(sender, fci, out) : true;
}

bool parse_extended_report(Bytes body, Records& out) {
  if (body.size() < 4) return false;
  uint32_t sender = read_u32(body.data());
  for (Bytes rest = body.subspan(4); !rest.empty();) {
    if (rest.size() < 4) return false;
    size_t size = size_t{4} * read_u16(rest.data() + 2);
    if (rest.size() - 4 < size) return false;
    Bytes block = rest.subspan(4, size);
    if (rest[0] == kXrReceiverReferenceTime) {
      if (size != 8) return false;
      out.emplace_back(ReceiverReferenceTime{sender, read_u64(block.data())});
    } else if (rest[0] == kXrDlrr) {
      if (size % 12 != 0) return false;
      DelaySinceLastRr delay;
      delay.sender = sender;
      for (size_t at = 0; at < size; at += 12) {
        const uint8_t* p = block.data() + at;
        delay.blocks.push_back({read_u32(p), read_u32(p + 4), read_u32(p + 8)});
      }
      out.emplace_back(std::move(delay));
    }
    rest = rest.subspan(4 + size);
  }
  return true;
}

bool parse_packet(uint8_t type, size_t count, Bytes body, Records& out) {
  switch (type) {
    case kSenderReport:
      return parse_sender_report(body, count, out);
    case kReceiverReport:
      return parse_receiver_report(body, count, out);
    case kSourceDescription:
      return parse_source_description(body, count, out);
    case kBye:
      return parse_bye(body, count, out);
    case kTransportFeedback:
      return parse_transport_feedback(body, count, out);
    case kPayloadFeedback:
      return parse_payload_feedback(body, count, out);
    case kExtendedReport:
      return parse_extended_report(body, out);
    default:
      return true;
  }
}

}  // namespace

std::optional<std::vector<Record>> parse(Bytes datagram) {
  if (datagram.empty()) return {};
  Records records;
  while (!datagram.empty()) {
    if (datagram.size() < kHeaderBytes || datagram[0] >> 6 != 2) return {};
    size_t size = kHeaderBytes + size_t{4} * read_u16(datagram.data() + 2);
    if (datagram.size() < size) return {};
    Bytes body = datagram.subspan(kHeaderBytes, size - kHeaderBytes);
    if (datagram[0] & 0x20) {
      // Only the last packet of a compound may be padded, by whole words (RFC 3550 section 6.4.1).
      if (body.empty() || datagram.size() != size) return {};
      size_t padding = body.back();
      if (padding == 0 || padding % 4 != 0 || padding > body.size()) return {};
      body = body.first(body.size() - padding);
    }
    if (!parse_packet(datagram[1], datagram[0] & 0x1F, body, records)) return {};
    datagram = datagram.subspan(size);
  }
  return records;
}

}  // namespace reallive::rtc::rtcp
