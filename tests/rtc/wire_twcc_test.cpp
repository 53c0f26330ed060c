// What TwccRecorder reports: everything once, late packets, losses, long gaps.
#include <gtest/gtest.h>

#include "rtc/wire/twcc.h"

namespace reallive::rtc {
namespace {

std::vector<rtcp::TwccFeedback> build(TwccRecorder& recorder) {
  Buffer bytes;
  recorder.build(bytes, 1, 2);
  std::vector<rtcp::TwccFeedback> result;
  if (bytes.empty()) return result;
  auto records = rtcp::parse(bytes);
  EXPECT_TRUE(records);
  for (auto& record : *records)
    result.push_back(std::get<rtcp::TwccFeedback>(record));
  return result;
}

TEST(Twcc, ReportsEachArrivalOnceAndCountsFeedback) {
  TwccRecorder recorder;
  EXPECT_FALSE(recorder.pending());
  for (int i = 0; i < 10; ++i) {
    if (i != 4) recorder.record(static_cast<uint16_t>(65531 + i), 1'000'000 + i * 1000);
  }
  EXPECT_TRUE(recorder.pending());
  auto first = build(recorder);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].base, 65531);
  EXPECT_EQ(first[0].count, 10);
  ASSERT_EQ(first[0].arrivals.size(), 9u);
  EXPECT_EQ(first[0].arrivals[4].sequence, 0);  // 65535 is the lost one
  EXPECT_EQ(first[0].arrivals[0].time_us, 1'000'000);
  EXPECT_EQ(first[0].arrivals[8].time_us, 1'009'000);
  EXPECT_FALSE(recorder.pending());
  EXPECT_TRUE(build(recorder).empty());

  recorder.record(7, 1'020'000);
  auto second = build(recorder);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].base, 5);  // 5 and 6 are reported as missing
  EXPECT_EQ(second[0].arrivals.size(), 1u);
  EXPECT_EQ(second[0].feedback_count, first[0].feedback_count + 1);
}

TEST(Twcc, StartsAgainAtALateArrival) {
  TwccRecorder recorder;
  for (uint16_t i : {0, 1, 3, 4})
    recorder.record(i, i * 1000);
  build(recorder);
  recorder.record(2, 9000);
  recorder.record(2, 9500);  // a repeat counts for nothing
  auto feedback = build(recorder);
  ASSERT_EQ(feedback.size(), 1u);
  EXPECT_EQ(feedback[0].base, 2);
  ASSERT_EQ(feedback[0].arrivals.size(), 3u);
  EXPECT_EQ(feedback[0].arrivals[0], (rtcp::TwccFeedback::Arrival{2, 9000}));
}

TEST(Twcc, SplitsWhatIsTooMuchOrTooFarApart) {
  TwccRecorder recorder;
  for (int i = 0; i < 1000; ++i)
    recorder.record(static_cast<uint16_t>(i), i * 100'000);  // large deltas
  auto feedback = build(recorder);
  ASSERT_EQ(feedback.size(), 3u);
  size_t arrivals = 0;
  for (auto& part : feedback)
    arrivals += part.arrivals.size();
  EXPECT_EQ(arrivals, 1000u);
  EXPECT_EQ(feedback[2].base, 800);

  recorder.record(1000, 100'000'000);
  recorder.record(1001, 120'000'000);  // 20 s later: no delta can say that
  feedback = build(recorder);
  ASSERT_EQ(feedback.size(), 2u);
  EXPECT_EQ(feedback[1].base, 1001);
  EXPECT_EQ(feedback[1].arrivals[0].time_us, 120'000'000);
}

TEST(Twcc, StaysBoundedWithoutBeingAsked) {
  TwccRecorder recorder;
  for (int i = 0; i < 20'000; ++i)
    recorder.record(static_cast<uint16_t>(i), i * 250);
  auto feedback = build(recorder);
  size_t arrivals = 0;
  for (auto& part : feedback)
    arrivals += part.arrivals.size();
  EXPECT_EQ(arrivals, 4096u);
  EXPECT_EQ(feedback.front().base, 20'000 - 4096);
}

TEST(Twcc, SurvivesAJumpOfNumbers) {
  TwccRecorder recorder;
  recorder.record(0, 0);
  build(recorder);
  recorder.record(32'000, 1000);
  recorder.record(64'000, 2000);
  auto feedback = build(recorder);
  ASSERT_FALSE(feedback.empty());
  EXPECT_EQ(feedback.back().arrivals.back().sequence, 64'000);
  EXPECT_FALSE(recorder.pending());
}

}  // namespace
}  // namespace reallive::rtc
