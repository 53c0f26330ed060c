#include <gtest/gtest.h>
#include <map>
#include <random>

#include "receive_packets.h"
#include "rtc/receive/publisher.h"

namespace reallive::rtc {
namespace {

using test::at;
using test::kMs;
using test::make_rtp;
using test::PacketSpec;

constexpr uint8_t kTwccId = 3;
constexpr uint8_t kMidId = 4;
constexpr uint32_t kVideoSsrc = 1111;
constexpr uint32_t kRtxSsrc = 2222;
constexpr uint32_t kAudioSsrc = 3333;

ReceiveNegotiation negotiation() {
  ReceiveNegotiation result;
  ReceiveTrack video;
  video.mid = "0";
  video.payload_type = 96;
  video.rtx_payload_type = 97;
  video.nack = true;
  video.keyframes = KeyframeRequests::Means::kPictureLoss;
  ReceiveTrack audio;
  audio.codec = ReceiveCodec::kOpus;
  audio.mid = "1";
  audio.payload_type = 111;
  audio.clock_rate = 48'000;
  result.tracks = {video, audio};
  result.extensions.mid = kMidId;
  result.extensions.transport_sequence = kTwccId;
  result.feedback = CongestionFeedback::Mode::kTransportWide;
  return result;
}

class Recorder final : public Publisher::Output {
 public:
  void deliver(size_t track, MediaPacket packet) override { media[track].push_back(std::move(packet)); }
  void send_rtcp(Bytes plain) override {
    EXPECT_LE(plain.size(), RtcpBatch::kLargest);
    auto records = rtcp::parse(plain);
    ASSERT_TRUE(records);
    ASSERT_FALSE(records->empty());
    first.push_back(records->front());
    for (auto& record : *records)
      sent.push_back(std::move(record));
  }
  void expired(const std::string& reason) override { reasons.push_back(reason); }

  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& record : sent) {
      if (const auto* match = std::get_if<T>(&record)) found.push_back(*match);
    }
    return found;
  }
  std::vector<uint16_t> asked() const {
    std::vector<uint16_t> numbers;
    for (const auto& nack : all<rtcp::Nack>()) {
      numbers.insert(numbers.end(), nack.sequences.begin(), nack.sequences.end());
    }
    return numbers;
  }
  std::vector<uint16_t> sequences(size_t track) const {
    std::vector<uint16_t> numbers;
    const auto found = media.find(track);
    if (found == media.end()) return numbers;
    for (const auto& packet : found->second)
      numbers.push_back(rtp::parse(packet.data)->sequence);
    return numbers;
  }

  std::map<size_t, std::vector<MediaPacket>> media;
  std::vector<rtcp::Record> sent;
  std::vector<rtcp::Record> first;  // of each datagram
  std::vector<std::string> reasons;
};

PacketSpec video(uint16_t sequence, uint32_t timestamp = 3000) {
  PacketSpec spec;
  spec.sequence = sequence;
  spec.timestamp = timestamp;
  spec.ssrc = kVideoSsrc;
  return spec;
}

PacketSpec keyframe(uint16_t sequence, uint32_t timestamp = 3000) {
  PacketSpec spec = video(sequence, timestamp);
  spec.payload = test::idr();
  return spec;
}

PacketSpec retransmission(uint16_t original, uint32_t timestamp, uint16_t sequence) {
  PacketSpec spec = video(sequence, timestamp);
  spec.ssrc = kRtxSsrc;
  spec.payload_type = 97;
  spec.payload = {static_cast<uint8_t>(original >> 8), static_cast<uint8_t>(original), 0x41, 0x9a, 0x00};
  return spec;
}

class PublisherTest : public testing::Test {
 protected:
  explicit PublisherTest(ReceiveNegotiation agreed = negotiation()) : publisher(agreed, {}, out) {
    publisher.start(at(0));
  }
  void rtp(PacketSpec spec, int64_t us) { publisher.receive_rtp(make_rtp(std::move(spec)), at(us)); }
  void run_until(int64_t us) {
    while (publisher.next_wake() <= us)
      publisher.tick(at(std::max(now_, publisher.next_wake())));
    now_ = us;
  }
  Recorder out;
  Publisher publisher;
  int64_t now_ = 0;
};

TEST_F(PublisherTest, HandsOnWhatComesInOrderAtOnce) {
  rtp(keyframe(65535), 0);
  rtp(video(0), kMs);
  PacketSpec audio;
  audio.ssrc = kAudioSsrc;
  audio.payload_type = 111;
  rtp(audio, 2 * kMs);
  EXPECT_EQ(out.media[0].size(), 2u);
  EXPECT_EQ(out.media[1].size(), 1u);
  const auto stats = publisher.stats();
  EXPECT_EQ(stats[0].packets, 2u);
  EXPECT_EQ(stats[1].ssrc, kAudioSsrc);
}

TEST_F(PublisherTest, RepairsByRetransmissionPackets) {
  rtp(keyframe(100), 0);
  rtp(video(102, 9000), 33 * kMs);
  run_until(50 * kMs);
  EXPECT_EQ(out.asked(), std::vector<uint16_t>{101});
  EXPECT_EQ(out.media[0].size(), 1u);
  rtp(retransmission(101, 6000, 7), 60 * kMs);
  ASSERT_EQ(out.media[0].size(), 3u);
  EXPECT_EQ(rtp::parse(out.media[0][1].data)->timestamp, 6000u);
  EXPECT_EQ(rtp::parse(out.media[0][1].data)->ssrc, kVideoSsrc);
  const auto numbers = out.sequences(0);
  EXPECT_EQ(numbers[2] - numbers[0], 2) << "no gap is left";
  EXPECT_TRUE(out.all<rtcp::PictureLoss>().empty());
  EXPECT_EQ(publisher.stats()[0].repaired, 1u);
}

TEST_F(PublisherTest, AsksForAKeyframeWhenAGapIsGivenUpUntilOneComes) {
  rtp(keyframe(100), 0);
  run_until(900 * kMs);
  rtp(video(102, 90'000), 1000 * kMs);
  run_until(1199 * kMs);
  EXPECT_TRUE(out.all<rtcp::PictureLoss>().empty());
  run_until(1201 * kMs);
  ASSERT_EQ(out.all<rtcp::PictureLoss>().size(), 1u);
  EXPECT_EQ(out.all<rtcp::PictureLoss>()[0].media, kVideoSsrc);
  const auto numbers = out.sequences(0);
  EXPECT_EQ(numbers[1] - numbers[0], 2) << "the gap shows";
  // The request got lost: pictures that cannot be decoded ask again, at most every 500 ms.
  uint16_t sequence = 103;
  for (int64_t ms = 1210; ms < 2250; ms += 33) {
    run_until(ms * kMs);
    rtp(video(sequence, 90'000 + static_cast<uint32_t>(ms) * 90), ms * kMs);
    ++sequence;
  }
  EXPECT_EQ(out.all<rtcp::PictureLoss>().size(), 3u);
  rtp(keyframe(sequence, 300'000), 2260 * kMs);
  run_until(4000 * kMs);
  EXPECT_EQ(out.all<rtcp::PictureLoss>().size(), 3u);
  EXPECT_EQ(publisher.stats()[0].given_up, 1u);
}

TEST_F(PublisherTest, LimitsKeyframeRequestsFromDownstream) {
  rtp(keyframe(1), 0);
  for (int64_t ms = 0; ms < 2000; ms += 10) {
    publisher.request_keyframe(0);
    publisher.request_keyframe(7);
    run_until(ms * kMs);
  }
  EXPECT_EQ(out.all<rtcp::PictureLoss>().size(), 3u) << "at 500, 1000 and 1500 ms: a sender opens with one anyway";
}

// rtph264pay config-interval=-1 repeats the parameter sets before each slice of a key frame.
TEST_F(PublisherTest, TakesParameterSetsOutOfTheMiddleOfAPicture) {
  PacketSpec spec = video(1);
  spec.payload = {0x78, 0, 2, 0x09, 0x10, 0, 2, 0x67, 1, 0, 2, 0x68, 2, 0, 2, 0x65, 3, 0, 2, 0x67, 4};
  rtp(spec, 0);
  spec = video(2);
  spec.payload = {0x68, 2};
  rtp(spec, 0);
  spec = video(3);
  spec.payload = {0x78, 0, 2, 0x67, 5, 0, 2, 0x68, 6};
  rtp(spec, 0);
  spec = video(4);
  spec.payload = {0x78, 0, 2, 0x67, 1, 0, 2, 0x65, 7};
  spec.marker = true;
  rtp(spec, 0);
  spec = video(5, 6000);
  spec.payload = {0x67, 8};
  rtp(spec, 0);
  spec = video(6, 6000);
  spec.payload = {0x78, 0, 9, 0x67};  // cut short: left to the depayloader
  rtp(spec, 0);
  ASSERT_EQ(out.media[0].size(), 4u);
  const auto payload = [this](size_t n) {
    const auto packet = rtp::parse(out.media[0][n].data);
    return Buffer(packet->payload.begin(), packet->payload.end());
  };
  EXPECT_EQ(payload(0), (Buffer{0x78, 0, 2, 0x09, 0x10, 0, 2, 0x67, 1, 0, 2, 0x68, 2, 0, 2, 0x65, 3}));
  EXPECT_EQ(payload(1), (Buffer{0x78, 0, 2, 0x65, 7}));
  EXPECT_EQ(payload(2), (Buffer{0x67, 8})) << "the next picture may begin with them";
  const auto numbers = out.sequences(0);
  EXPECT_EQ(numbers[2] - numbers[0], 2) << "no gap is left";
}

TEST_F(PublisherTest, PaddingLeavesNoGap) {
  rtp(keyframe(1), 0);
  PacketSpec padding = video(2);
  padding.payload.clear();
  Buffer bytes = make_rtp(padding);
  bytes[0] |= 0x20;
  bytes.insert(bytes.end(), {0, 0, 0, 4});
  publisher.receive_rtp(bytes, at(kMs));
  rtp(video(3), 2 * kMs);
  const auto numbers = out.sequences(0);
  ASSERT_EQ(numbers.size(), 2u);
  EXPECT_EQ(numbers[1] - numbers[0], 1);
}

TEST_F(PublisherTest, SortsByMidThenSsrcThenPayloadType) {
  PacketSpec spec;
  spec.ssrc = 42;
  spec.payload_type = 111;
  const uint8_t mid[] = {'1'};
  spec.extensions.add(kMidId, mid);
  rtp(spec, 0);
  EXPECT_EQ(out.media[1].size(), 1u);
  spec = video(1);
  spec.payload_type = 13;
  rtp(spec, 0);
  EXPECT_EQ(publisher.rejected(), 1u) << "a payload type that nobody agreed on";
}

TEST_F(PublisherTest, SendsTransportWideFeedback) {
  for (uint16_t n = 0; n < 40; ++n) {
    PacketSpec spec = n == 0 ? keyframe(n) : video(n);
    uint8_t number[2];
    put_u16(number, static_cast<uint16_t>(500 + n));
    spec.extensions.add(kTwccId, number);
    run_until(n * 10 * kMs);
    rtp(spec, n * 10 * kMs);
  }
  run_until(500 * kMs);
  const auto feedback = out.all<rtcp::TwccFeedback>();
  ASSERT_GE(feedback.size(), 5u);
  ASSERT_LE(feedback.size(), 9u);
  size_t arrivals = 0;
  for (const auto& one : feedback)
    arrivals += one.arrivals.size();
  EXPECT_EQ(arrivals, 40u);
  EXPECT_TRUE(out.all<rtcp::Remb>().empty());
}

TEST_F(PublisherTest, ReportsEverySecondWithTheSendersEcho) {
  rtp(keyframe(1), 0);
  Buffer report;
  rtcp::write(report, rtcp::SenderReport{kVideoSsrc, rtcp::ntp_from_unix(test::kUnixStart), 3000, 1, 1, {}});
  publisher.receive_rtcp(report, at(100 * kMs));
  run_until(2500 * kMs);
  const auto reports = out.all<rtcp::ReceiverReport>();
  ASSERT_EQ(reports.size(), 3u);
  ASSERT_EQ(reports[1].blocks.size(), 1u);
  EXPECT_EQ(reports[1].blocks[0].ssrc, kVideoSsrc);
  EXPECT_EQ(reports[1].blocks[0].last_sr, rtcp::ntp_middle(rtcp::ntp_from_unix(test::kUnixStart)));
  EXPECT_NEAR(reports[1].blocks[0].delay_since_last_sr, 0.9 * 65536, 200);
  EXPECT_FALSE(out.all<rtcp::SourceDescription>().empty());
}

TEST_F(PublisherTest, GivesCaptureTimeFromSenderReports) {
  rtp(keyframe(1, 0), 40 * kMs);
  EXPECT_EQ(out.media[0][0].capture_ns, at(40 * kMs).unix_ns);
  Buffer report;
  rtcp::write(report, rtcp::SenderReport{kVideoSsrc, rtcp::ntp_from_unix(test::kUnixStart), 0, 1, 1, {}});
  publisher.receive_rtcp(report, at(41 * kMs));
  rtp(video(2, 9000), 140 * kMs);
  EXPECT_NEAR(out.media[0][1].capture_ns, test::kUnixStart + 100'000'000, 10);
  EXPECT_NEAR(out.media[0][1].time_us, 140 * kMs, kMs);
}

TEST_F(PublisherTest, FollowsANewSsrcAndANewStart) {
  rtp(keyframe(1), 0);
  rtp(video(2), kMs);
  PacketSpec changed = keyframe(40'000, 777);
  changed.ssrc = 9999;
  rtp(changed, 2 * kMs);
  EXPECT_EQ(out.media[0].size(), 3u);
  EXPECT_GT(out.media[0][2].time_us, out.media[0][1].time_us);
  EXPECT_EQ(publisher.stats()[0].restarts, 1u);
  changed.sequence = 10;
  rtp(changed, 3 * kMs);
  changed.sequence = 11;
  rtp(changed, 4 * kMs);
  EXPECT_EQ(out.media[0].size(), 4u);
  EXPECT_EQ(publisher.stats()[0].restarts, 2u);
}

TEST_F(PublisherTest, EndsAfterByeOrSilence) {
  rtp(keyframe(1), 0);
  Buffer bye;
  rtcp::write(bye, rtcp::Bye{{kVideoSsrc}, ""});
  publisher.receive_rtcp(bye, at(10 * kMs));
  rtp(video(2), 20 * kMs);  // it goes on: a BYE that meant something else
  run_until(29'000 * kMs);
  EXPECT_TRUE(out.reasons.empty());
  publisher.receive_rtcp(bye, at(29'000 * kMs));
  run_until(30'000 * kMs);
  EXPECT_EQ(out.reasons, std::vector<std::string>{"peer-closed"});

  Recorder quiet;
  Publisher silent(negotiation(), {}, quiet);
  silent.start(at(0));
  EXPECT_EQ(silent.next_wake(), 30'000 * kMs);
  silent.tick(at(30'000 * kMs));
  silent.tick(at(30'001 * kMs));
  EXPECT_EQ(quiet.reasons, std::vector<std::string>{"no-media"});
}

class CompoundPublisherTest : public PublisherTest {
 protected:
  CompoundPublisherTest()
      : PublisherTest([] {
          auto agreed = negotiation();
          agreed.reduced_size = false;
          agreed.feedback = CongestionFeedback::Mode::kRemb;
          return agreed;
        }()) {}
};

TEST_F(CompoundPublisherTest, OpensEveryDatagramWithAReport) {
  for (uint16_t n = 0; n < 200; ++n) {
    run_until(n * 10 * kMs);
    if (n % 10 != 5) rtp(n == 0 ? keyframe(n) : video(n), n * 10 * kMs);
  }
  run_until(2500 * kMs);
  EXPECT_GE(out.all<rtcp::Remb>().size(), 4u);
  EXPECT_GE(out.all<rtcp::Nack>().size(), 20u);
  for (const auto& record : out.first)
    EXPECT_TRUE(std::holds_alternative<rtcp::ReceiverReport>(record));
}

TEST(CongestionFeedback, RembStartsGenerouslyGrowsAndLowersOnLoss) {
  CongestionFeedback feedback(CongestionFeedback::Mode::kRemb);
  Buffer out;
  int64_t now = 0;
  const auto second = [&](size_t bytes, size_t missed) {
    for (int n = 0; n < 100; ++n)
      feedback.received(std::nullopt, bytes / 100, now + n * 10 * kMs);
    feedback.missed(missed);
    now += 1000 * kMs;
    feedback.build(out, 1, {kVideoSsrc}, now);
  };
  second(250'000, 0);
  EXPECT_EQ(feedback.estimate(), 3'000'000u);
  for (int n = 0; n < 10; ++n)
    second(500'000, 0);
  const auto grown = feedback.estimate();
  EXPECT_GE(grown, 6'000'000u);
  for (int n = 0; n < 5; ++n)
    second(500'000, 30);
  EXPECT_LT(feedback.estimate(), 4'000'000u);
  EXPECT_GE(feedback.estimate(), 150'000u);
}

// A lossy, reordering, duplicating road both ways: everything arrives, in order, as it was sent.
TEST_F(PublisherTest, ABadRoadLosesNothing) {
  std::mt19937 random(7);
  std::multimap<int64_t, Buffer> road;
  std::map<uint16_t, PacketSpec> history;
  const auto chance = [&random](int percent) { return static_cast<int>(random() % 100) < percent; };
  const auto send = [&](Buffer bytes, int64_t us) {
    if (chance(10)) return;
    const int64_t delay = 10 * kMs + (chance(10) ? 15 * kMs : 0) + static_cast<int64_t>(random() % 500);
    if (chance(5)) road.emplace(us + delay + 3 * kMs, bytes);
    road.emplace(us + delay, std::move(bytes));
  };
  constexpr int kPackets = 20'000;
  uint16_t rtx_sequence = 0;
  size_t answered = 0;
  // The very first packet defines where the stream begins.
  rtp(keyframe(0, 0), 0);
  history.emplace(0, keyframe(0, 0));
  for (int64_t us = 0; us < kPackets * kMs + 500 * kMs; us += kMs) {
    const auto n = us / kMs + 1;
    if (n < kPackets) {
      PacketSpec spec = video(static_cast<uint16_t>(n), static_cast<uint32_t>(n / 10) * 3000);
      history.insert_or_assign(spec.sequence, spec);
      send(make_rtp(spec), us);
    }
    while (!road.empty() && road.begin()->first <= us) {
      publisher.receive_rtp(road.begin()->second, at(us));
      road.erase(road.begin());
    }
    run_until(us);
    const auto asked = out.asked();
    for (; answered < asked.size(); ++answered) {
      const auto found = history.find(asked[answered]);
      ASSERT_NE(found, history.end()) << "asked for what was never sent";
      send(make_rtp(retransmission(found->first, found->second.timestamp, rtx_sequence++)), us + 10 * kMs);
    }
  }
  const auto stats = publisher.stats()[0];
  EXPECT_EQ(stats.given_up, 0u);
  EXPECT_GT(stats.repaired, 1500u);
  const auto numbers = out.sequences(0);
  ASSERT_GE(numbers.size(), size_t{kPackets} - 10);  // a lost tail shows only when something follows
  for (size_t n = 1; n < numbers.size(); ++n) {
    ASSERT_EQ(static_cast<uint16_t>(numbers[n] - numbers[n - 1]), 1);
    ASSERT_GE(out.media[0][n].time_us, out.media[0][n - 1].time_us);
    ASSERT_EQ(rtp::parse(out.media[0][n].data)->timestamp, n / 10 * 3000);
  }
  EXPECT_TRUE(out.all<rtcp::PictureLoss>().empty());
}

}  // namespace
}  // namespace reallive::rtc
