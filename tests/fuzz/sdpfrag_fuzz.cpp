// Trickle fragments: any text; written again it must parse to the same credentials and candidates.
#include <cassert>

#include "rtc/wire/bytes.h"
#include "rtc/wire/sdp.h"

using namespace reallive::rtc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto fragment = sdp::parse_fragment(as_text({data, size}));
  if (!fragment) return 0;
  auto again = sdp::parse_fragment(sdp::write_fragment(*fragment));
  if (!again) return 0;  // grown over a bound
  assert(again->ufrag() == fragment->ufrag() && again->pwd() == fragment->pwd());
  assert(again->candidates == fragment->candidates);
  return 0;
}
