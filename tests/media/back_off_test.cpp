// How long a failed camera rests: the schedule by itself, and as a camera that is gone, comes back and goes again meets
// it.
#include "media/back_off.h"

#include <gst/gst.h>

#include "media/media_fixture.h"
#include "media/rtsp_server.h"
#include "support/process.h"

namespace reallive::media::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::vector<int> waits(BackOff& schedule, int count) {
  std::vector<int> list;
  for (int i = 0; i < count; ++i)
    list.push_back(static_cast<int>(schedule.next().count()));
  return list;
}

TEST(BackOff, GrowsToItsLongestAndBeginsAnew) {
  BackOff schedule(milliseconds(500), milliseconds(30'000));
  EXPECT_EQ(waits(schedule, 9), (std::vector{500, 1000, 2000, 4000, 8000, 16'000, 30'000, 30'000, 30'000}));
  schedule.reset();
  EXPECT_EQ(waits(schedule, 2), (std::vector{500, 1000}));
}

TEST(BackOff, AFirstWaitBeyondTheLongestIsTheLongest) {
  BackOff schedule(milliseconds(500), milliseconds(200));
  EXPECT_EQ(waits(schedule, 2), (std::vector{200, 200}));
  schedule.reset();
  EXPECT_EQ(waits(schedule, 1), std::vector{200});
}

/// A camera that is always wanted, and what the log says of each of its failures.
class Retries : public MediaTest {
 protected:
  void stream_changed(const std::string& stream, const StreamStatus& status) override {
    MediaTest::stream_changed(stream, status);
    if (status.state == StreamState::error) failed_at_ = Clock::now();
    if (status.state == StreamState::connecting && failed_at_ != Clock::time_point()) {
      rests_.push_back(std::chrono::duration_cast<milliseconds>(Clock::now() - failed_at_));
      failed_at_ = {};
    }
  }
  /// The waits that were told since the last call.
  std::vector<int> told() {
    const std::string log = testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
    const std::string word = "retry_ms=";
    std::vector<int> list;
    for (size_t at = log.find(word); at != std::string::npos; at = log.find(word, at + 1))
      list.push_back(std::stoi(log.substr(at + word.size())));
    return list;
  }

  Clock::time_point failed_at_;
  std::vector<milliseconds> rests_;  // from each failure to the next try
};

TEST_F(Retries, GrowToTheirLongestAndBeginAnewAfterHealthOnly) {
  testing::internal::CaptureStderr();
  open({.source_back_off_ms = 10, .source_healthy_ms = 3000});
  const int port = reallive::test::free_port();
  add("door", "rtsp://127.0.0.1:" + std::to_string(port) + "/camera", false);
  ASSERT_TRUE(run_until([&] { return rests_.size() >= 8; }, std::chrono::seconds(60)));
  const std::vector<int> first = told();
  const std::vector<int> expected = {10, 20, 40, 80, 160, 320, 600, 600};
  ASSERT_GE(first.size(), expected.size());
  EXPECT_EQ(std::vector<int>(first.begin(), first.begin() + 8), expected);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_GE(rests_[i].count(), expected[i] * 3 / 4 - 1) << "it waited as long as it said, the " << i << "th time";

  // It comes, and goes at once: that is no health.
  RtspServer server(RtspServerOptions{.port = port});
  ASSERT_TRUE(wait_state("door", StreamState::online));
  told();
  server.hang_up();
  ASSERT_TRUE(wait_state("door", StreamState::error));
  EXPECT_EQ(told(), std::vector{600});

  // It stays long enough.
  ASSERT_TRUE(wait_state("door", StreamState::online));
  const auto healthy = Clock::now() + milliseconds(4500);
  ASSERT_TRUE(run_until([&] { return Clock::now() > healthy; }));
  ASSERT_EQ(media->status("door").state, StreamState::online);
  told();
  server.hang_up();
  ASSERT_TRUE(wait_state("door", StreamState::error));
  EXPECT_EQ(told(), std::vector{10});
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace reallive::media::test
