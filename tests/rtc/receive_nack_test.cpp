#include <algorithm>
#include <gtest/gtest.h>

#include "receive_packets.h"
#include "rtc/receive/nack_list.h"
#include "rtc/receive/rtx.h"

namespace reallive::rtc {
namespace {

using test::kMs;
using Numbers = std::vector<uint16_t>;

TEST(NackList, AsksForAGapAndRepeatsByTheRoundTrip) {
  NackList list;
  list.set_rtt(40 * kMs);
  list.received(65534, 0);
  EXPECT_EQ(list.received(65537, 0).missing, 2u);
  EXPECT_TRUE(list.take_due(0).empty()) << "packets of one moment may have changed places";
  EXPECT_EQ(list.next_due(), 2 * kMs);
  EXPECT_EQ(list.take_due(2 * kMs), (Numbers{65535, 0}));
  EXPECT_TRUE(list.take_due(40 * kMs).empty());
  EXPECT_EQ(list.take_due(52 * kMs), (Numbers{65535, 0}));
  list.received(65535, 60 * kMs);
  EXPECT_EQ(list.take_due(103 * kMs), Numbers{0});
}

TEST(NackList, GivesUpAfterTwelveTriesOrASecond) {
  NackList quick;
  quick.set_rtt(1 * kMs);
  quick.received(1, 0);
  quick.received(3, 0);
  int asked = 0;
  for (int64_t now = 0; now < 2'000 * kMs; now += kMs)
    asked += static_cast<int>(quick.take_due(now).size());
  EXPECT_EQ(asked, NackList::kMaxTries);
  EXPECT_EQ(quick.size(), 0u);

  NackList slow;
  slow.set_rtt(300 * kMs);
  slow.received(1, 0);
  slow.received(3, 0);
  asked = 0;
  for (int64_t now = 0; now < 3'000 * kMs; now += kMs)
    asked += static_cast<int>(slow.take_due(now).size());
  EXPECT_EQ(asked, 3);
  EXPECT_FALSE(slow.next_due());
}

TEST(NackList, SpreadsItsTriesOverTheTimeThereIs) {
  NackList list;
  list.set_rtt(20 * kMs);
  list.received(1, 0);
  list.received(3, 0);
  std::vector<int64_t> asked;
  for (int64_t now = 0; now < 2'000 * kMs; now += kMs) {
    if (!list.take_due(now).empty()) asked.push_back(now / kMs);
  }
  ASSERT_EQ(asked.size(), static_cast<size_t>(NackList::kMaxTries));
  EXPECT_EQ((std::vector<int64_t>(asked.begin(), asked.begin() + 4)), (std::vector<int64_t>{2, 27, 52, 77}));
  EXPECT_GE(std::count_if(asked.begin(), asked.end(), [](int64_t ms) { return ms < 200; }), 7);
  EXPECT_GT(asked.back(), 600);
}

TEST(NackList, LearnsTheRoundTripFromRepairs) {
  NackList list;
  list.received(1, 0);
  list.received(3, 0);
  list.take_due(5 * kMs);
  list.received(2, 35 * kMs);
  EXPECT_EQ(list.rtt_us(), 30 * kMs);
}

TEST(NackList, AnAmbiguousAnswerNeverShortensTheRoundTrip) {
  NackList list;
  list.received(1, 0);
  list.received(3, 0);
  list.take_due(2 * kMs);
  list.take_due(127 * kMs);     // a second time: the round trip is longer than thought
  list.received(2, 137 * kMs);  // 10 ms later: the answer to the first
  EXPECT_EQ(list.rtt_us(), 135 * kMs);
}

TEST(NackList, LearnsThatPacketsChangePlaces) {
  NackList list;
  for (int64_t n = 1; n < 40; n += 3) {
    list.received(n, n * 10 * kMs);
    list.received(n + 2, n * 10 * kMs);
    list.received(n + 1, n * 10 * kMs + kMs + kMs / 2);
  }
  list.received(100, 1'000 * kMs);
  EXPECT_GT(*list.next_due(), 1'000 * kMs);
  NackList patient;
  patient.received(1, 0);
  patient.received(3, 0);
  patient.received(2, 20 * kMs);  // before it was asked for
  patient.received(5, 30 * kMs);
  EXPECT_GE(*patient.next_due(), 45 * kMs);
}

TEST(NackList, ForgetsWhatIsSettledAndIsBounded) {
  NackList list;
  list.received(1, 0);
  list.received(10, 0);
  list.forget_below(9);
  EXPECT_EQ(list.take_due(10 * kMs), Numbers{9});
  const auto result = list.received(5000, 20 * kMs);
  EXPECT_TRUE(result.overflow);
  EXPECT_EQ(list.size(), 0u);
}

TEST(Rtx, GivesTheOriginalPacketBack) {
  test::PacketSpec spec;
  spec.ssrc = 2222;
  spec.payload_type = 97;
  spec.sequence = 9;
  spec.timestamp = 1234;
  spec.marker = true;
  const uint8_t mid[] = {'0'};
  spec.extensions.add(4, mid);
  spec.payload = {0x12, 0x34, 0xaa, 0xbb};
  const Buffer plain = test::make_rtp(spec);
  const auto original = restore_retransmission(plain, *rtp::parse(plain), 1111, 96);
  ASSERT_TRUE(original);
  const auto packet = rtp::parse(*original);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->ssrc, 1111u);
  EXPECT_EQ(packet->payload_type, 96);
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->timestamp, 1234u);
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(Buffer(packet->payload.begin(), packet->payload.end()), (Buffer{0xaa, 0xbb}));
  EXPECT_TRUE(rtp::find_extension(*packet, 4));
}

TEST(Rtx, PaddingOnlyProbesCarryNothing) {
  test::PacketSpec spec;
  for (const Buffer& payload : {Buffer{}, Buffer{1}, Buffer{1, 2}}) {
    spec.payload = payload;
    const Buffer plain = test::make_rtp(spec);
    EXPECT_FALSE(restore_retransmission(plain, *rtp::parse(plain), 1, 96));
  }
  // Padding is no payload: with it cut off there is nothing but a number.
  Buffer padded = test::make_rtp(spec);
  padded[0] |= 0x20;
  padded.insert(padded.end(), {0, 0, 3});
  EXPECT_FALSE(restore_retransmission(padded, *rtp::parse(padded), 1, 96));
}

}  // namespace
}  // namespace reallive::rtc
