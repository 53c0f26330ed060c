// SDP: any text; a parsed description written again must parse, and writing that must change nothing more.
#include <cassert>

#include "rtc/wire/bytes.h"
#include "rtc/wire/sdp.h"

using namespace reallive::rtc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto session = sdp::parse(as_text({data, size}));
  if (!session) return 0;
  for (const auto& media : session->media) {
    sdp::transport_of(*session, media);
    sdp::rejected_copy(media);
    for (const auto& codec : media.codecs) {
      codec.parameter("apt");
      media.rtx_of(codec.payload_type);
    }
    for (const auto& ssrc : media.ssrcs)
      media.repair_of(ssrc.ssrc);
  }
  std::string text = sdp::write(*session);
  auto again = sdp::parse(text);
  // Writing may double what stood at session level, so the bounds may refuse it; nothing else may.
  if (!again) return 0;
  assert(again->media.size() == session->media.size());
  std::string second = sdp::write(*again);
  auto third = sdp::parse(second);
  assert(third && *third == *again);
  return 0;
}
