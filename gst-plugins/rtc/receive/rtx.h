// Takes retransmissions apart (RFC 4588): gives back the original packet from an RTX packet.
// Pure function for any thread. It never trusts a length.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rtc/wire/rtp.h"

namespace reallive::rtc {

/// The original packet under `ssrc` and `payload_type`, header extensions kept; nothing for what carries no original
/// packet (padding that probes the bandwidth).
std::optional<std::vector<uint8_t>> restore_retransmission(Bytes plain, const rtp::Packet& packet, uint32_t ssrc,
                                                           uint8_t payload_type);

}  // namespace reallive::rtc
