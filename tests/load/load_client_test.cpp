// The load client's own parts: what it says was lost, repaired or whole must be true before it judges a server.
#include <gtest/gtest.h>

#include "load/clock.h"
#include "load/h264.h"
#include "load/receive_track.h"

namespace reallive::load {
namespace {

rtc::Buffer unit(uint8_t type, size_t size) {
  rtc::Buffer bytes(size, 0x5A);
  bytes[0] = static_cast<uint8_t>(0x60 | type);
  return bytes;
}

TEST(LoadH264, SplitsAnnexB) {
  rtc::Buffer stream = {0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 4, 0, 5};
  auto units = h264::split(stream);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].size(), 3u);
  EXPECT_EQ(units[1].size(), 2u);
  EXPECT_EQ(units[2].size(), 4u);
  EXPECT_TRUE(h264::split({}).empty());
}

TEST(LoadH264, PacketsSayWhatTheyHold) {
  rtc::Buffer sps = unit(7, 20), pps = unit(8, 5), stamp = h264::make_stamp(123456789012345), idr = unit(5, 3000);
  auto payloads = h264::packetize({sps, pps, stamp, idr});
  ASSERT_EQ(payloads.size(), 4u);
  auto first = h264::inspect(payloads[0]);
  EXPECT_TRUE(first.valid && first.parameters && first.starts_unit && !first.key);
  EXPECT_EQ(first.stamp_ns, 123456789012345);
  auto second = h264::inspect(payloads[1]);
  EXPECT_TRUE(second.valid && second.key && second.starts_unit);
  auto third = h264::inspect(payloads[2]);
  EXPECT_TRUE(third.valid && third.key && !third.starts_unit);
  EXPECT_FALSE(h264::inspect({}).valid);
  rtc::Buffer cut(payloads[0].begin(), payloads[0].end() - 1);
  EXPECT_FALSE(h264::inspect(cut).valid);
}

/// Frames of three packets: the first is a key frame.
class Stream {
 public:
  rtc::Buffer payload(int number) const {
    bool key = number < 3;
    if (number % 3 == 0) {
      rtc::Buffer stamp = h264::make_stamp(number * kMillisecond), slice = unit(key ? 5 : 1, 100);
      return h264::packetize({stamp, stamp, slice})[0];
    }
    return unit(key ? 5 : 1, 100);
  }
  void send(ReceiveTrack& track, int number, int64_t arrival_ms, bool repaired = false) const {
    rtc::Buffer bytes = payload(number);
    rtc::rtp::Packet packet;
    packet.sequence = static_cast<uint16_t>(65530 + number);
    packet.timestamp = static_cast<uint32_t>(number / 3 * 3000);
    packet.marker = number % 3 == 2;
    packet.payload = bytes;
    track.take(packet, arrival_ms * kMillisecond, repaired);
  }
};

TEST(LoadTrack, CountsWholeFramesAndDelays) {
  ReceiveTrack track;
  Stream stream;
  for (int i = 0; i < 30; ++i)
    stream.send(track, i, i + 5);
  EXPECT_EQ(track.figures().frames, 10u);
  EXPECT_EQ(track.figures().broken, 0u);
  EXPECT_EQ(track.figures().first_key_ns, 7 * kMillisecond);
  auto delays = track.take_delays();
  ASSERT_EQ(delays.size(), 10u);
  EXPECT_EQ(delays[0], 7000u);  // last packet at 7 ms, stamped 0
  EXPECT_TRUE(track.take_delays().empty());
}

TEST(LoadTrack, PutsReorderedPacketsInPlace) {
  ReceiveTrack track;
  Stream stream;
  for (int i : {0, 2, 1, 5, 3, 4})
    stream.send(track, i, i);
  EXPECT_EQ(track.figures().frames, 2u);
  EXPECT_EQ(track.figures().repaired, 0u);
  EXPECT_TRUE(track.missing(100 * kMillisecond).empty());
}

TEST(LoadTrack, AsksForWhatIsMissingAndTakesTheRepair) {
  ReceiveTrack track;
  Stream stream;
  for (int i : {0, 1, 2, 3, 6, 7, 8})
    stream.send(track, i, i);
  EXPECT_EQ(track.missing(60 * kMillisecond), (std::vector<uint16_t>{65534, 65535}));
  EXPECT_TRUE(track.missing(70 * kMillisecond).empty());  // not again so soon
  EXPECT_EQ(track.missing(111 * kMillisecond).size(), 2u);
  EXPECT_EQ(track.figures().frames, 1u);
  stream.send(track, 4, 120, true);
  stream.send(track, 5, 121, true);
  EXPECT_EQ(track.figures().frames, 3u);
  EXPECT_EQ(track.figures().repaired, 2u);
  stream.send(track, 5, 122, true);
  EXPECT_EQ(track.figures().duplicates, 1u);
  EXPECT_EQ(track.figures().lost, 0u);
}

TEST(LoadTrack, GivesUpAndCountsTheBrokenFrame) {
  ReceiveTrack track;
  Stream stream;
  for (int i : {0, 1, 2, 3, 5, 6, 7, 8})
    stream.send(track, i, i);
  EXPECT_FALSE(track.missing(60 * kMillisecond).empty());
  EXPECT_TRUE(track.missing(1100 * kMillisecond).empty());
  EXPECT_EQ(track.figures().lost, 1u);
  EXPECT_EQ(track.figures().broken, 1u);
  EXPECT_EQ(track.figures().frames, 2u);
}

TEST(LoadTrack, ALostWholeFrameSpoilsTheNextOnlyOnce) {
  ReceiveTrack track;
  Stream stream;
  for (int i : {0, 1, 2, 6, 7, 8, 9, 10, 11})
    stream.send(track, i, i);
  track.missing(1100 * kMillisecond);
  EXPECT_EQ(track.figures().lost, 3u);
  EXPECT_EQ(track.figures().frames, 2u);  // 0 to 2 and 9 to 11; what 6 to 8 follow on is not known
  EXPECT_EQ(track.figures().broken, 1u);
}

}  // namespace
}  // namespace reallive::load
