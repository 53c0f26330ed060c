// Payloaders: any access units; payloads stay inside the frame and below the maximum, the marker is on the last.
// The first byte chooses codec and maximum; 00 00 00 01 ff in the rest begins the next access unit.
#include <algorithm>
#include <cassert>

#include "rtc/send/payloader.h"

using namespace reallive::rtc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr uint8_t kBorder[] = {0, 0, 0, 1, 0xff};
  const auto codec = static_cast<CodecKind>(data[0] % 4);
  const size_t max_payload = 4 + data[0] / 4 * 15;
  const auto payloader = make_payloader(codec, max_payload);
  Bytes rest(data + 1, size - 1);
  while (true) {
    const auto border = std::search(rest.begin(), rest.end(), std::begin(kBorder), std::end(kBorder));
    const auto length = static_cast<size_t>(border - rest.begin());
    if (const auto frame = payloader->packetize(rest.first(length), {})) {
      const auto& packets = (*frame)->packets;
      assert(!packets.empty());
      size_t end = 0;
      for (const auto& packet : packets) {
        assert(packet.offset == end);
        assert(packet.size > 0 && packet.size <= std::max<size_t>(max_payload, 5));
        assert(packet.marker == (is_video(codec) && &packet == &packets.back()));
        end = packet.offset + packet.size;
      }
      assert(end == (*frame)->data.size());
    }
    if (border == rest.end()) return 0;
    rest = rest.subspan(length + sizeof kBorder);
  }
}
