#include <cmath>
#include <gtest/gtest.h>

#include "receive_packets.h"
#include "rtc/receive/capture_clock.h"
#include "rtc/receive/playout_clock.h"
#include "rtc/receive/reception_stats.h"

namespace reallive::rtc {
namespace {

using test::kMs;
constexpr int64_t kSecond = 1'000 * kMs;
constexpr int64_t kUnix = test::kUnixStart;

TEST(CaptureClock, IsTheArrivalUntilSomethingIsKnown) {
  CaptureClock clock(90'000);
  EXPECT_EQ(clock.capture_ns(5, kUnix), kUnix);
  EXPECT_FALSE(clock.sender_ns(5));
  clock.sender_report(0, 5, kUnix);
  EXPECT_FALSE(clock.known()) << "zero means that the sender knows no time";
}

TEST(CaptureClock, FollowsSenderReportsAcrossTheWrap) {
  CaptureClock clock(90'000);
  clock.sender_report(rtcp::ntp_from_unix(kUnix), 0xffffff00, kUnix + 20'000'000);
  EXPECT_NEAR(clock.capture_ns(0xffffff00 + 90'000, kUnix + 1'500'000'000) - (kUnix + 1'000'000'000), 0, 10);
  EXPECT_NEAR(clock.capture_ns(0xffffff00 - 45'000, kUnix) - (kUnix - 500'000'000), 0, 10);
}

TEST(CaptureClock, PrefersAbsoluteCaptureTime) {
  CaptureClock clock(90'000);
  clock.absolute_capture_time(rtcp::ntp_from_unix(kUnix), std::nullopt, 1000, kUnix + 5'000'000);
  clock.sender_report(rtcp::ntp_from_unix(kUnix + 80'000'000), 1000, kUnix + 90'000'000);
  EXPECT_NEAR(clock.capture_ns(1000, 0) - (kUnix), 0, 10);
  // The capture clock runs half a second behind the sender's: the offset makes it the sender's.
  clock.absolute_capture_time(rtcp::ntp_from_unix(kUnix), int64_t{1} << 31, 1000, kUnix + 5'000'000);
  EXPECT_NEAR(clock.capture_ns(1000, 0) - (kUnix + 500'000'000), 0, 10);
}

TEST(CaptureClock, CorrectsASenderWhoseClockIsNotSet) {
  CaptureClock clock(90'000);
  const int64_t wrong = 1'000'000'000;  // 1970
  clock.sender_report(rtcp::ntp_from_unix(wrong), 0, kUnix + 40'000'000);
  EXPECT_NEAR(clock.capture_ns(0, 0) - (kUnix + 40'000'000), 0, 10);
  // A quicker report shows the difference of the clocks better, a slower one changes nothing.
  clock.sender_report(rtcp::ntp_from_unix(wrong + 1'000'000'000), 90'000, kUnix + 1'010'000'000);
  clock.sender_report(rtcp::ntp_from_unix(wrong + 2'000'000'000), 180'000, kUnix + 2'300'000'000);
  EXPECT_NEAR(clock.capture_ns(180'000, 0) - (kUnix + 2'010'000'000), 0, 20);
  EXPECT_NEAR(*clock.sender_ns(0), wrong, 10);
}

TEST(PlayoutClock, SmoothsJitteredArrival) {
  PlayoutClock clock({90'000});
  int64_t last = 0;
  for (int frame = 0; frame < 300; ++frame) {
    const int64_t arrival = kSecond + frame * kSecond / 30 + (frame % 7) * 3 * kMs;
    const int64_t time = clock.map(0, static_cast<uint32_t>(frame) * 3000 - 100'000, arrival, std::nullopt);
    if (frame > 0) {
      EXPECT_NEAR(time - last, kSecond / 30, kMs) << frame;
    }
    EXPECT_LE(std::abs(time - arrival), 20 * kMs);
    last = time;
  }
}

TEST(PlayoutClock, FollowsADriftingSender) {
  PlayoutClock clock({48'000});
  int64_t time = 0;
  int64_t arrival = 0;
  for (int packet = 0; packet < 30'000; ++packet) {  // ten minutes, 200 ppm
    arrival = kSecond + static_cast<int64_t>(packet * 20.0 * kMs * 1.0002);
    time = clock.map(0, static_cast<uint32_t>(packet) * 960, arrival, std::nullopt);
  }
  EXPECT_NEAR(time, arrival, 5 * kMs);
}

// What a sender had queued while it connected comes in one burst: the time must not stay ahead by that queue.
TEST(PlayoutClock, CatchesUpWithABurstAtTheBeginning) {
  PlayoutClock clock({90'000});
  int64_t last = 0;
  for (int frame = 0; frame < 120; ++frame) {
    const int64_t arrival = 2 * kSecond + std::max(0, frame - 27) * kSecond / 30;
    const int64_t time = clock.map(0, static_cast<uint32_t>(frame) * 3000, arrival, std::nullopt);
    EXPECT_GT(time, last) << frame;
    if (frame > 60) {
      EXPECT_NEAR(time, arrival, 40 * kMs) << frame;
    }
    last = time;
  }
}

TEST(PlayoutClock, GivesAFrameOneTime) {
  PlayoutClock clock({90'000});
  const int64_t first = clock.map(0, 7, kSecond, std::nullopt);
  EXPECT_EQ(clock.map(0, 7, kSecond + 9 * kMs, std::nullopt), first);
}

TEST(PlayoutClock, StartsAnewWhenTimestampsJumpAndNeverGoesBack) {
  PlayoutClock clock({90'000});
  int64_t last = 0;
  for (int frame = 0; frame < 60; ++frame) {
    const uint32_t timestamp = static_cast<uint32_t>(frame) * 3000 + (frame >= 30 ? 0x70000000u : 0u);
    const int64_t arrival = kSecond + frame * kSecond / 30;
    const int64_t time = clock.map(0, timestamp, arrival, std::nullopt);
    EXPECT_GT(time, last);
    EXPECT_NEAR(time, arrival, kMs);
    last = time;
  }
}

TEST(PlayoutClock, AlignsTracksBySenderTime) {
  PlayoutClock clock({90'000, 48'000});
  // Both are captured at the same moments; audio comes 60 ms later than video.
  int64_t video = 0;
  int64_t audio = 0;
  int64_t last_video = 0;
  for (int step = 0; step < 500; ++step) {
    const int64_t captured = step * 20 * kMs;
    video = clock.map(0, static_cast<uint32_t>(step) * 1800, kSecond + captured, kUnix + captured * 1000);
    audio = clock.map(1, static_cast<uint32_t>(step) * 960, kSecond + captured + 60 * kMs, kUnix + captured * 1000);
    EXPECT_TRUE(step == 0 || video > last_video) << step;
    last_video = video;
  }
  EXPECT_NEAR(video, audio, 2 * kMs);
  EXPECT_NEAR(audio, kSecond + 499 * 20 * kMs + 60 * kMs, 2 * kMs) << "nothing gets a time before its arrival";
}

TEST(ReceptionStats, CountsLossAsTheRfcDoes) {
  ReceptionStats stats(77, 90'000);
  EXPECT_FALSE(stats.report(0));
  for (int64_t n = 0; n < 100; ++n) {
    if (n % 4 != 0) stats.received(65'500 + n, 0, 0, false);
  }
  const auto block = stats.report(0);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->ssrc, 77u);
  EXPECT_EQ(block->highest_sequence, 65'599u) << "one cycle in the upper half";
  EXPECT_EQ(block->cumulative_lost, 24);
  EXPECT_EQ(block->fraction_lost, 24 * 256 / 99);
  for (int64_t n = 100; n < 200; ++n)
    stats.received(65'500 + n, 0, 0, false);
  EXPECT_EQ(stats.report(0)->fraction_lost, 0);
  stats.received(65'504, 0, 0, true);  // a repair
  EXPECT_EQ(stats.report(0)->cumulative_lost, 23);
}

TEST(ReceptionStats, MeasuresJitterAndEchoesSenderReports) {
  ReceptionStats stats(77, 90'000);
  for (int n = 0; n < 1000; ++n) {
    stats.received(n, static_cast<uint32_t>(n) * 3000, kSecond + n * kSecond / 30 + (n % 2) * 8 * kMs, false);
  }
  EXPECT_NEAR(stats.jitter_us(), 8 * kMs, kMs / 2);
  EXPECT_EQ(stats.report(0)->last_sr, 0u);
  stats.sender_report(0x1122334455667788, 10 * kSecond);
  const auto block = stats.report(10 * kSecond + 500 * kMs);
  EXPECT_EQ(block->last_sr, 0x33445566u);
  EXPECT_EQ(block->delay_since_last_sr, 32768u);
}

TEST(ReceptionStats, ARestartIsNoLoss) {
  ReceptionStats stats(77, 90'000);
  for (int64_t n = 0; n < 10; ++n)
    stats.received(n, 0, 0, false);
  stats.restart();
  for (int64_t n = 0; n < 10; ++n)
    stats.received(200'000 + n, 0, 0, false);
  const auto block = stats.report(0);
  EXPECT_EQ(block->cumulative_lost, 0);
  EXPECT_EQ(stats.packets(), 20u);
}

}  // namespace
}  // namespace reallive::rtc
