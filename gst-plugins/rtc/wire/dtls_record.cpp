#include "rtc/wire/dtls_record.h"

namespace reallive::rtc {

namespace {

constexpr size_t kRecordHeader = 13;
constexpr size_t kHandshakeHeader = 12;
constexpr uint8_t kHandshake = 22;
constexpr uint8_t kClientHello = 1;

}  // namespace

PacketKind classify(Bytes datagram) {
  if (datagram.empty()) return PacketKind::kUnknown;
  uint8_t first = datagram[0];
  size_t size = datagram.size();
  if (first < 4) return size >= 20 ? PacketKind::kStun : PacketKind::kUnknown;
  if (first >= 20 && first < 64) return size >= kRecordHeader ? PacketKind::kDtls : PacketKind::kUnknown;
  if (first >= 64 && first < 80) return size >= 4 ? PacketKind::kTurnChannel : PacketKind::kUnknown;
  if (first < 128 || first >= 192 || size < 8) return PacketKind::kUnknown;
  if (datagram[1] >= 192 && datagram[1] <= 223) return PacketKind::kRtcp;
  return size >= 12 ? PacketKind::kRtp : PacketKind::kUnknown;
}

std::optional<DtlsRecord> DtlsRecords::next() {
  if (rest_.size() < kRecordHeader) return {};
  DtlsRecord record;
  record.content_type = rest_[0];
  record.version = read_u16(rest_.data() + 1);
  record.epoch = read_u16(rest_.data() + 3);
  record.sequence = uint64_t{read_u16(rest_.data() + 5)} << 32 | read_u32(rest_.data() + 7);
  size_t size = read_u16(rest_.data() + 11);
  bool known_type = record.content_type >= 20 && record.content_type < 64;
  if (!known_type || record.version >> 8 != 0xFE || rest_.size() - kRecordHeader < size) return {};
  record.fragment = rest_.subspan(kRecordHeader, size);
  rest_ = rest_.subspan(kRecordHeader + size);
  return record;
}

bool is_client_hello(Bytes datagram) {
  auto record = DtlsRecords(datagram).next();
  if (!record || record->content_type != kHandshake || record->epoch != 0) return false;
  Bytes handshake = record->fragment;
  if (handshake.size() < kHandshakeHeader || handshake[0] != kClientHello) return false;
  uint32_t length = read_u24(handshake.data() + 1);
  uint32_t offset = read_u24(handshake.data() + 6);
  uint32_t fragment = read_u24(handshake.data() + 9);
  return offset <= length && fragment <= length - offset && fragment <= handshake.size() - kHandshakeHeader;
}

}  // namespace reallive::rtc
