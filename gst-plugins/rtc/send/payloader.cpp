#include "rtc/send/payloader.h"

namespace reallive::rtc {

std::unique_ptr<Payloader> make_payloader(CodecKind codec, size_t max_payload) {
  switch (codec) {
    case CodecKind::kH264:
      return make_h264_payloader(max_payload);
    case CodecKind::kH265:
      return make_h265_payloader(max_payload);
    case CodecKind::kVp8:
      return make_vp8_payloader(max_payload);
    case CodecKind::kOpus:
      return make_opus_payloader(max_payload);
  }
  return nullptr;
}

}  // namespace reallive::rtc
