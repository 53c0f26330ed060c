// Numbers of RTCP packet types and formats, shared by parser and writer.
// Constants only. Nothing outside this directory needs them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reallive::rtc::rtcp {

inline constexpr size_t kHeaderBytes = 4;
inline constexpr size_t kBlockBytes = 24;
inline constexpr size_t kMaxCount = 31;

enum Type : uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kBye = 203,
  kTransportFeedback = 205,
  kPayloadFeedback = 206,
  kExtendedReport = 207,
};

enum Format : uint8_t {
  kFormatNack = 1,   // transport
  kFormatTwcc = 15,  // transport
  kFormatPli = 1,    // payload
  kFormatFir = 4,    // payload
  kFormatAfb = 15,   // payload, application layer: REMB
};

enum XrBlock : uint8_t { kXrReceiverReferenceTime = 4, kXrDlrr = 5 };

inline constexpr uint8_t kSdesCname = 1;
inline constexpr uint32_t kRembName = 0x52454D42;  // "REMB"
inline constexpr int64_t kReferenceUs = 64'000;    // a unit of TWCC reference time
inline constexpr int64_t kTickUs = 250;            // a unit of TWCC receive delta

}  // namespace reallive::rtc::rtcp
