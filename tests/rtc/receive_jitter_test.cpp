#include <gtest/gtest.h>

#include "receive_packets.h"
#include "rtc/receive/jitter_buffer.h"
#include "rtc/receive/sequence_gate.h"

namespace reallive::rtc {
namespace {

using test::kMs;
using test::received;

std::vector<int64_t> pop_all(JitterBuffer& buffer, int64_t now, int64_t* lost = nullptr) {
  std::vector<int64_t> out;
  while (auto output = buffer.pop(now)) {
    out.push_back(output->packet.sequence);
    if (lost) *lost += output->lost_before;
  }
  return out;
}

TEST(JitterBuffer, PassesPacketsInOrderAtOnce) {
  JitterBuffer buffer({});
  for (int64_t n = 10; n < 100; ++n) {
    EXPECT_EQ(buffer.insert(received(n, n * kMs)), JitterBuffer::Inserted::kAccepted);
    EXPECT_EQ(pop_all(buffer, n * kMs), std::vector<int64_t>{n});
    EXPECT_FALSE(buffer.deadline());
  }
}

TEST(JitterBuffer, PutsReorderedPacketsBack) {
  JitterBuffer buffer({});
  for (int64_t n : {1, 4, 3})
    buffer.insert(received(n, 0));
  EXPECT_EQ(pop_all(buffer, 0), std::vector<int64_t>{1});
  buffer.insert(received(2, 5 * kMs));
  EXPECT_EQ(pop_all(buffer, 5 * kMs), (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(buffer.bytes(), 0u);
}

TEST(JitterBuffer, DropsDuplicatesAndLatePackets) {
  JitterBuffer buffer({});
  buffer.insert(received(1, 0));
  buffer.insert(received(3, 0));
  EXPECT_EQ(buffer.insert(received(3, 0)), JitterBuffer::Inserted::kDuplicate);
  EXPECT_EQ(pop_all(buffer, 0), std::vector<int64_t>{1});
  EXPECT_EQ(buffer.insert(received(1, 0)), JitterBuffer::Inserted::kLate);
}

TEST(JitterBuffer, GivesUpAGapWhenItsTimeIsOver) {
  JitterBuffer buffer({});
  buffer.insert(received(1, 0));
  pop_all(buffer, 0);
  buffer.insert(received(4, 10 * kMs));
  EXPECT_EQ(buffer.deadline(), 210 * kMs);
  EXPECT_TRUE(pop_all(buffer, 210 * kMs - 1).empty());
  int64_t lost = 0;
  EXPECT_EQ(pop_all(buffer, 210 * kMs, &lost), std::vector<int64_t>{4});
  EXPECT_EQ(lost, 2);
  EXPECT_EQ(buffer.insert(received(2, 211 * kMs)), JitterBuffer::Inserted::kLate);
}

TEST(JitterBuffer, CountsEachGapFromItsOwnNotice) {
  JitterBuffer buffer({});
  buffer.insert(received(1, 0));
  pop_all(buffer, 0);
  buffer.insert(received(3, 0));
  buffer.insert(received(5, 100 * kMs));
  // 2 and 3 settle late; 4 was missed at 100 ms and is waited for until 300, whatever happened to 2.
  EXPECT_EQ(pop_all(buffer, 200 * kMs), std::vector<int64_t>{3});
  EXPECT_EQ(buffer.deadline(), 300 * kMs);
  // A repair that comes before the gap in front of it is settled inherits the older notice.
  JitterBuffer second({});
  second.insert(received(1, 0));
  pop_all(second, 0);
  second.insert(received(5, 0));
  second.insert(received(3, 150 * kMs));
  EXPECT_EQ(second.deadline(), 200 * kMs);
}

TEST(JitterBuffer, WithoutRepairWaitsOnlyAsLongAsReorderingTakes) {
  JitterBuffer::Config config;
  config.repairable = false;
  JitterBuffer buffer(config);
  buffer.insert(received(1, 0));
  pop_all(buffer, 0);
  buffer.insert(received(3, 0));
  EXPECT_EQ(buffer.deadline(), 20 * kMs);
  pop_all(buffer, 20 * kMs);
  // 2 came 35 ms late: the next gap is waited for longer, but never beyond the limit.
  buffer.insert(received(2, 35 * kMs));
  buffer.insert(received(5, 40 * kMs));
  EXPECT_GE(*buffer.deadline(), 75 * kMs);
  EXPECT_LE(*buffer.deadline(), 240 * kMs);
}

TEST(JitterBuffer, IsBoundedInPacketsAndBytes) {
  JitterBuffer::Config config;
  config.max_packets = 10;
  JitterBuffer packets(config);
  packets.insert(received(1, 0));
  pop_all(packets, 0);
  for (int64_t n = 3; n <= 12; ++n)
    packets.insert(received(n, 0));
  EXPECT_TRUE(pop_all(packets, 0).empty());
  packets.insert(received(13, 0));
  EXPECT_EQ(pop_all(packets, 0).size(), 11u);

  config.max_packets = 1000;
  config.max_bytes = 250;
  JitterBuffer bytes(config);
  bytes.insert(received(1, 0));
  pop_all(bytes, 0);
  bytes.insert(received(3, 0));
  bytes.insert(received(4, 0));
  EXPECT_TRUE(pop_all(bytes, 0).empty());
  bytes.insert(received(6, 0));
  EXPECT_EQ(pop_all(bytes, 0), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(bytes.size(), 1u);
}

TEST(SequenceGate, UnwrapsAcrossTheEnd) {
  SequenceGate gate;
  EXPECT_EQ(gate.place(65534)->sequence, 65534);
  EXPECT_EQ(gate.place(1)->sequence, 65537);
  EXPECT_EQ(gate.place(65535)->sequence, 65535);
  EXPECT_EQ(gate.place(0)->sequence, 65536);
}

TEST(SequenceGate, IgnoresAStrayAndFollowsARestart) {
  SequenceGate gate;
  gate.place(100);
  EXPECT_FALSE(gate.place(40000));
  EXPECT_EQ(gate.place(101)->sequence, 101);
  EXPECT_FALSE(gate.place(40001)) << "the stray's successor counts only directly after it";
  const auto restarted = gate.place(40002);
  ASSERT_TRUE(restarted);
  EXPECT_TRUE(restarted->restarted);
  EXPECT_GT(restarted->sequence, 101);
  EXPECT_EQ(restarted->sequence & 0xffff, 40002);
  EXPECT_FALSE(gate.place(40003)->restarted);
}

}  // namespace
}  // namespace reallive::rtc
