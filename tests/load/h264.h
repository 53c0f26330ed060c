// H.264 as far as a load client looks into it: Annex B cutting, packets (RFC 6184), and the clock stamped into frames.
// Pure functions for any thread. Nothing is decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rtc/wire/bytes.h"

namespace reallive::load::h264 {

/// The NAL units of an Annex B stream, without start codes.
std::vector<rtc::Bytes> split(rtc::Bytes annex_b);

/// An SEI NAL unit (user data unregistered) that carries CLOCK_MONOTONIC in ns.
rtc::Buffer make_stamp(int64_t time_ns);

/// Payloads of at most `limit` bytes for one access unit: STAP-A of parameter sets and SEI, single NAL, FU-A.
std::vector<rtc::Buffer> packetize(const std::vector<rtc::Bytes>& units, size_t limit = 1160);

/// What one payload holds.
struct Payload {
  bool valid = false;
  bool starts_unit = false;  // the first bytes of some NAL unit
  bool key = false;          // (part of) an IDR slice
  bool parameters = false;   // SPS
  std::optional<int64_t> stamp_ns;
};
Payload inspect(rtc::Bytes payload);

}  // namespace reallive::load::h264
