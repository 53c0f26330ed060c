#include "rtc/receive/keyframe_requests.h"

namespace reallive::rtc {

std::optional<int64_t> KeyframeRequests::next_due() const {
  if (!wanted_) return std::nullopt;
  return last_us_ ? *last_us_ + kIntervalUs : INT64_MIN;
}

bool KeyframeRequests::build(Buffer& out, uint32_t sender_ssrc, uint32_t media_ssrc, int64_t now_us) {
  const auto due = next_due();
  if (!due || now_us < *due) return false;
  wanted_ = false;
  last_us_ = now_us;
  ++sent_;
  if (means_ == Means::kPictureLoss) {
    rtcp::write(out, rtcp::PictureLoss{sender_ssrc, media_ssrc});
  } else {
    rtcp::FullIntraRequest request;
    request.sender = sender_ssrc;
    request.entries.push_back({media_ssrc, fir_sequence_++});
    rtcp::write(out, request);
  }
  return true;
}

}  // namespace reallive::rtc
