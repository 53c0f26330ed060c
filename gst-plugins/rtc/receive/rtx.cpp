#include "rtc/receive/rtx.h"

namespace reallive::rtc {

namespace {
constexpr size_t kOriginalSequence = 2;  // RFC 4588 section 4: the payload opens with the original number
constexpr uint8_t kPaddingBit = 0x20;
}  // namespace

std::optional<std::vector<uint8_t>> restore_retransmission(Bytes plain, const rtp::Packet& packet, uint32_t ssrc,
                                                           uint8_t payload_type) {
  if (packet.payload.size() <= kOriginalSequence || packet.header_size > plain.size()) return std::nullopt;
  std::vector<uint8_t> original;
  original.reserve(packet.header_size + packet.payload.size() - kOriginalSequence);
  original.assign(plain.begin(), plain.begin() + static_cast<ptrdiff_t>(packet.header_size));
  const Bytes media = packet.payload.subspan(kOriginalSequence);
  original.insert(original.end(), media.begin(), media.end());
  original[0] = static_cast<uint8_t>(original[0] & ~kPaddingBit);
  original[1] = static_cast<uint8_t>((original[1] & 0x80) | (payload_type & 0x7f));
  put_u16(&original[2], read_u16(packet.payload.data()));
  put_u32(&original[8], ssrc);
  return original;
}

}  // namespace reallive::rtc
