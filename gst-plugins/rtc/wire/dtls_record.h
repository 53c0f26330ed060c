// Which protocol a datagram of the shared port belongs to (RFC 7983), and the record headers of DTLS (RFC 6347).
// Pure functions for any thread. They never look past the record and handshake headers.
#pragma once

#include <cstdint>
#include <optional>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

enum class PacketKind : uint8_t { kUnknown, kStun, kDtls, kTurnChannel, kRtp, kRtcp };

/// By the first byte, and for RTP and RTCP by the second (RFC 5761 section 4). kUnknown for what is too short to be
/// its kind: STUN 20 bytes, DTLS 13, RTP 12, RTCP 8, TURN channel data 4.
PacketKind classify(Bytes datagram);

struct DtlsRecord {
  uint8_t content_type = 0;  // 20 change cipher spec, 21 alert, 22 handshake, 23 application data
  uint16_t version = 0;      // 0xfeff DTLS 1.0 (also in a ClientHello), 0xfefd DTLS 1.2
  uint16_t epoch = 0;
  uint64_t sequence = 0;  // 48 bits
  Bytes fragment;
};

/// Walks the records of a datagram; ends at the first malformed one.
/// `for (DtlsRecords it(datagram); auto record = it.next();)`
class DtlsRecords {
 public:
  explicit DtlsRecords(Bytes datagram) : rest_(datagram) {}
  std::optional<DtlsRecord> next();
  /// True when everything so far was well-formed and nothing is left.
  bool finished() const { return rest_.empty(); }

 private:
  Bytes rest_;
};

/// True when the datagram starts with a plain (epoch 0) handshake record whose first message is a ClientHello, or any
/// fragment of one: the only thing that may open a DTLS association here.
bool is_client_hello(Bytes datagram);

}  // namespace reallive::rtc
