// The frames that viewers are served from: bounded in time, whatever the tracks do.
#include "rtc/send/history.h"

#include <gtest/gtest.h>

namespace reallive::rtc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

FrameHistory::Entry entry(CodecKind codec, size_t track, TimePoint arrival) {
  auto frame = std::make_shared<Frame>();
  frame->codec = codec;
  frame->key = true;
  frame->data.assign(100, 0);
  frame->packets = {{0, 100, true}};
  return {frame, track, arrival};
}

TEST(FrameHistory, ASilentVideoTrackDoesNotHoldTheSound) {
  const CacheLimits limits;
  FrameHistory history(limits);
  const TimePoint start{};
  history.push(entry(CodecKind::kH264, 0, start));
  for (int packet = 1; packet <= 50 * 30; ++packet)
    history.push(entry(CodecKind::kOpus, 1, start + packet * milliseconds(20)));
  EXPECT_FALSE(history.newest_key(0).has_value());
  EXPECT_LE(history.span(), limits.repair + milliseconds(20));
}

TEST(FrameHistory, TheKeyFrameStaysWhileItIsYoung) {
  FrameHistory history(CacheLimits{});
  const TimePoint start{};
  history.push(entry(CodecKind::kH264, 0, start));
  for (int packet = 1; packet <= 50 * 10; ++packet)
    history.push(entry(CodecKind::kOpus, 1, start + packet * milliseconds(20)));
  ASSERT_TRUE(history.newest_key(0).has_value());
  EXPECT_GE(history.span(), seconds(10));
}

}  // namespace
}  // namespace reallive::rtc
