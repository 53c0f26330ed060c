// RTP: any datagram; header and extensions written again must parse to the same.
#include <algorithm>
#include <cassert>

#include "rtc/wire/rtp.h"

using namespace reallive::rtc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto packet = rtp::parse({data, size});
  if (!packet) return 0;
  assert(packet->header_size + packet->payload.size() + packet->padding == size);
  rtp::ExtensionBlock block((packet->extension_profile & 0xFFF0) == rtp::kTwoByteProfile);
  size_t added = 0;
  for (rtp::Extensions extensions(*packet); auto extension = extensions.next();) {
    assert(rtp::find_extension(*packet, extension->id));
    if (block.add(extension->id, extension->data)) ++added;
  }
  uint8_t out[rtp::kFixedHeader + 128];
  size_t written = rtp::write_header(
      out, {packet->marker, packet->payload_type, packet->sequence, packet->timestamp, packet->ssrc}, block.bytes());
  auto again = rtp::parse({out, written});
  assert(again && again->sequence == packet->sequence && again->marker == packet->marker);
  size_t found = 0;
  for (rtp::Extensions extensions(*again); auto extension = extensions.next();) {
    assert(block.offset_of(extension->id) != 0);
    ++found;
  }
  assert(found == added);
  return 0;
}
