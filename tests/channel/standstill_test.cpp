// A reader that stands still on the clock while the writer pushes in real time: no push waits for it. 2 s, or 10 s with
// REALLIVE_SOAK (`./dev soak standstill`).
#include <chrono>
#include <cstdlib>
#include <thread>

#include "channel/gst_fixture.h"

namespace reallive::channel::test {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::duration_cast;

TEST(Standstill, NoPushWaitsForAReader) {
  const std::chrono::milliseconds standstill(std::getenv("REALLIVE_SOAK") ? 10'000 : 2000);
  TestWriter writer("standstill");
  writer.add_track("video_0", h264_caps);
  TestReader reader("standstill");
  reader.play();
  ASSERT_TRUE(reallive::test::eventually([&] { return reader.has_pad("video_0"); }));
  writer.push_pictures(0, 1, 60);
  ASSERT_TRUE(reader.wait_count("video_0", 1));

  reader.hold(true);
  const auto began = Steady::now();
  // It goes on in time whatever the writer does: a writer that waits is late, and does not hang this test.
  std::thread release([&] {
    std::this_thread::sleep_until(began + standstill);
    reader.hold(false);
  });
  Steady::duration longest{};
  int pushed = 1;
  while (Steady::now() < began + standstill) {
    auto buffer = make_buffer(static_cast<GstClockTime>(pushed) * frame_time, pushed % 60 == 0, 10'000);
    const auto before = Steady::now();
    EXPECT_EQ(writer.push("video_0", std::move(buffer)), GST_FLOW_OK);
    longest = std::max(longest, Steady::now() - before);
    std::this_thread::sleep_until(began + std::chrono::nanoseconds(frame_time) * pushed++);
  }
  release.join();
  const auto microseconds = duration_cast<std::chrono::microseconds>(longest).count();
  RecordProperty("longest_push_us", static_cast<int>(microseconds));
  std::printf("longest push beside a reader that stood still for %d ms: %ld us\n", static_cast<int>(standstill.count()),
              static_cast<long>(microseconds));
  EXPECT_LT(longest, standstill / 4) << "what the machine does meanwhile is shorter, what the reader does is not";
  EXPECT_GT(pushed, 10) << "in real time";
  EXPECT_TRUE(reallive::test::eventually([&] {
    const Recorded track = reader.recorded("video_0");
    return GST_BUFFER_DTS(track.buffers.back().get()) - GST_BUFFER_DTS(track.buffers.front().get()) ==
           static_cast<GstClockTime>(pushed - 1) * frame_time;
  })) << "the reader is live again";
}

}  // namespace
}  // namespace reallive::channel::test
