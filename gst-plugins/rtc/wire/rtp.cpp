#include "rtc/wire/rtp.h"

#include <algorithm>

namespace reallive::rtc::rtp {

std::optional<Packet> parse_header(Bytes datagram) {
  if (datagram.size() < kFixedHeader || datagram[0] >> 6 != 2) return {};
  Packet packet;
  packet.marker = datagram[1] & 0x80;
  packet.payload_type = datagram[1] & 0x7F;
  packet.sequence = read_u16(datagram.data() + 2);
  packet.timestamp = read_u32(datagram.data() + 4);
  packet.ssrc = read_u32(datagram.data() + 8);

  size_t at = kFixedHeader;
  size_t csrc_bytes = size_t{4} * (datagram[0] & 0x0F);
  if (datagram.size() - at < csrc_bytes) return {};
  packet.csrcs = datagram.subspan(at, csrc_bytes);
  at += csrc_bytes;

  if (datagram[0] & 0x10) {
    if (datagram.size() - at < 4) return {};
    packet.has_extension = true;
    packet.extension_profile = read_u16(datagram.data() + at);
    size_t size = size_t{4} * read_u16(datagram.data() + at + 2);
    at += 4;
    if (datagram.size() - at < size) return {};
    packet.extension = datagram.subspan(at, size);
    at += size;
  }
  packet.header_size = at;
  packet.payload = datagram.subspan(at);
  return packet;
}

std::optional<Packet> parse(Bytes datagram) {
  auto packet = parse_header(datagram);
  if (!packet || !(datagram[0] & 0x20)) return packet;
  if (packet->payload.empty()) return {};
  packet->padding = packet->payload.back();
  if (packet->padding == 0 || packet->padding > packet->payload.size()) return {};
  packet->payload = packet->payload.first(packet->payload.size() - packet->padding);
  return packet;
}

Extensions::Extensions(const Packet& packet) {
  if (!packet.has_extension) return;
  two_byte_ = (packet.extension_profile & 0xFFF0) == kTwoByteProfile;
  if (two_byte_ || packet.extension_profile == kOneByteProfile) rest_ = packet.extension;
}

std::optional<Extension> Extensions::next() {
  while (!rest_.empty()) {
    if (rest_[0] == 0) {  // padding between elements
      rest_ = rest_.subspan(1);
      continue;
    }
    size_t header = two_byte_ ? 2 : 1;
    if (rest_.size() < header) break;
    auto id = static_cast<uint8_t>(two_byte_ ? rest_[0] : rest_[0] >> 4);
    size_t size = two_byte_ ? rest_[1] : (rest_[0] & 0x0F) + size_t{1};
    // One-byte form: 15 ends the block, 0 with a length is reserved (RFC 8285 section 4.2).
    if (!two_byte_ && (id == 15 || id == 0)) break;
    if (rest_.size() - header < size) break;
    Extension extension{id, rest_.subspan(header, size)};
    rest_ = rest_.subspan(header + size);
    return extension;
  }
  rest_ = {};
  return {};
}

std::optional<Bytes> find_extension(const Packet& packet, uint8_t id) {
  for (Extensions extensions(packet); auto extension = extensions.next();) {
    if (extension->id == id) return extension->data;
  }
  return {};
}

bool ExtensionBlock::add(uint8_t id, Bytes data) {
  if (id == 0 || data.size() > 255) return false;
  if (!two_byte_ && (id > 14 || data.empty() || data.size() > 16)) return false;
  size_t header = two_byte_ ? 2 : 1;
  if (size_ + header + data.size() > kCapacity) return false;
  if (two_byte_) {
    data_[size_] = id;
    data_[size_ + 1] = static_cast<uint8_t>(data.size());
  } else {
    data_[size_] = static_cast<uint8_t>(id << 4 | (data.size() - 1));
  }
  std::copy(data.begin(), data.end(), data_ + size_ + header);
  size_ += header + data.size();
  return true;
}

Bytes ExtensionBlock::bytes() {
  if (size_ == 4) return {};
  size_t end = (size_ + 3) & ~size_t{3};
  put_u16(data_, two_byte_ ? kTwoByteProfile : kOneByteProfile);
  put_u16(data_ + 2, static_cast<uint16_t>((end - 4) / 4));
  return {data_, end};
}

size_t ExtensionBlock::offset_of(uint8_t id) const {
  size_t header = two_byte_ ? 2 : 1;
  for (size_t at = 4; at < size_;) {
    uint8_t found = two_byte_ ? data_[at] : data_[at] >> 4;
    size_t size = two_byte_ ? data_[at + 1] : (data_[at] & 0x0F) + size_t{1};
    if (found == id) return at + header;
    at += header + size;
  }
  return 0;
}

size_t write_header(std::span<uint8_t> out, const Header& header, Bytes extension_block) {
  size_t size = kFixedHeader + extension_block.size();
  if (out.size() < size) return 0;
  out[0] = static_cast<uint8_t>(0x80 | (extension_block.empty() ? 0 : 0x10));
  out[1] = static_cast<uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7F));
  put_u16(out.data() + 2, header.sequence);
  put_u32(out.data() + 4, header.timestamp);
  put_u32(out.data() + 8, header.ssrc);
  std::copy(extension_block.begin(), extension_block.end(), out.begin() + kFixedHeader);
  return size;
}

}  // namespace reallive::rtc::rtp
