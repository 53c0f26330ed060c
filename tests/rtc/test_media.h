// H.264 access units made up for tests, and the way back from received packets to access units.
// Pure functions; the test's thread. They never look at the plugin's own payloaders.
#pragma once

#include <vector>

#include "test_peer.h"

namespace reallive::rtc {

/// Byte-stream with four-byte start codes: SPS, PPS and an IDR slice, or one slice, of about `bytes`; `seed` makes each
/// different.
Buffer h264_unit(bool key, size_t bytes, unsigned seed);

/// The access units of packets (RFC 6184) in the order of their sequence numbers, NAL units behind four-byte start
/// codes. Frames with a gap are left out.
std::vector<Buffer> h264_frames(const std::vector<TestPeer::Received>& packets);

/// Media packets and what RTX packets (RFC 4588) restore, in order.
std::vector<TestPeer::Received> with_repeats(const std::vector<TestPeer::Received>& packets, uint8_t payload_type,
                                             uint8_t rtx_payload_type);

}  // namespace reallive::rtc
