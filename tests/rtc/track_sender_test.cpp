// A number that is given away twice: an assertion ends the program; where assertions are off (this file is built both
// ways), the packet is neither sent nor counted as sent, and the others are. No sockets, no clock.
#include "rtc/send/track_sender.h"

#include <gtest/gtest.h>

#include "rtc/send/payloader.h"
#include "rtc/wire/rtp.h"
#include "test_media.h"

namespace reallive::rtc {
namespace {

constexpr uint32_t kSsrc = 0x1111;
constexpr uint32_t kRtxSsrc = 0x2222;
constexpr uint16_t kFirst = 100;

class Wire final : public ViewerTransport {
 public:
  SrtpSender& srtp() override { return srtp_; }
  SendResult send(Bytes datagrams, size_t segment_size) override {
    SendResult result;
    for (size_t at = 0; at < datagrams.size(); at += segment_size) {
      const auto header = rtp::parse_header(datagrams.subspan(at, std::min(segment_size, datagrams.size() - at)));
      if (header) (header->ssrc == kSsrc ? sequences : repeats).push_back(header->sequence);
      ++result.datagrams;
    }
    ++sends;
    return result;
  }
  void send_rtcp(Bytes) override {}
  /// Somebody seals with this number behind the sender's back.
  void spend(uint16_t sequence) {
    Buffer header(12);
    rtp::write_header(header, {false, 96, sequence, 0, kSsrc}, {});
    Buffer out(100);
    ASSERT_NE(srtp_.seal({header, {}, Buffer(10), 0}, out), 0u);
  }
  std::vector<uint16_t> sequences;
  std::vector<uint16_t> repeats;
  unsigned sends = 0;

 private:
  SrtpSender srtp_ = std::move(*SrtpSender::make(SrtpKeys{}));
};

class TrackSenderDeathTest : public testing::Test {
 protected:
  static TrackPlan plan(bool rtx) {
    TrackPlan plan;
    plan.payload_type = 96;
    plan.ssrc = kSsrc;
    plan.nack = true;
    if (rtx) plan.rtx_payload_type = 97;
    plan.rtx_ssrc = kRtxSsrc;
    return plan;
  }
  size_t send(TrackSender& sender) { return sender.send(*frame_, 0, 0, frame_->packets.size(), 0); }
  size_t packets() const { return frame_->packets.size(); }

  const std::shared_ptr<const Frame> frame_ = *make_h264_payloader()->packetize(h264_unit(true, 20'000, 1), {});
  Wire wire_;
};

TEST_F(TrackSenderDeathTest, SealsNoTwoPacketsWithOneNumber) {
  ASSERT_GT(packets(), 10u);
  TrackSender sender(plan(true), CodecKind::kH264, kFirst, 0);
  sender.connect(wire_);
  wire_.spend(kFirst + 2);
  [[maybe_unused]] size_t taken = 0;
  EXPECT_DEBUG_DEATH(taken = send(sender), "no two plaintexts");
#ifdef NDEBUG
  EXPECT_EQ(taken, packets()) << "what was refused does not come again";
  ASSERT_EQ(wire_.sequences.size(), packets() - 3);
  EXPECT_EQ(wire_.sequences.front(), kFirst + 3);
  EXPECT_EQ(sender.stats().packets_refused, 3u);
  EXPECT_EQ(sender.stats().packets, packets() - 3);
  const rtcp::SenderReport report = sender.report({}, {});
  EXPECT_EQ(report.packets, packets() - 3);
  size_t bytes = 0;
  for (size_t at = 3; at < packets(); ++at)
    bytes += frame_->packets[at].size;
  EXPECT_EQ(report.octets, bytes);
#endif
}

TEST_F(TrackSenderDeathTest, SendsNothingWhereAllIsRefused) {
  TrackSender sender(plan(true), CodecKind::kH264, kFirst, 0);
  sender.connect(wire_);
  wire_.spend(kFirst + 1000);
  EXPECT_DEBUG_DEATH(send(sender), "no two plaintexts");
  EXPECT_EQ(wire_.sends, 0u);
#ifdef NDEBUG
  EXPECT_EQ(sender.stats().packets, 0u);
  EXPECT_EQ(sender.stats().packets_refused, packets());
#endif
}

TEST_F(TrackSenderDeathTest, RepeatsNothingElseUnderANumberThatWasUsed) {
  TrackSender sender(plan(false), CodecKind::kH264, kFirst, 0);
  sender.connect(wire_);
  FrameHistory sent{CacheLimits{}};
  sent.push({frame_, 0, {}});
  ASSERT_EQ(send(sender), packets());
  const uint16_t lost[] = {kFirst};
  sender.repeat(lost, sent, 10'000'000, {TimePoint(std::chrono::hours(1)), 0});
  EXPECT_EQ(wire_.sequences.size(), packets() + 1);
  EXPECT_EQ(sender.stats().packets_refused, 0u);

  FrameHistory other{CacheLimits{}};  // another picture where the one that was sent should lie
  other.push({*make_h264_payloader()->packetize(h264_unit(true, 20'000, 2), {}), 0, {}});
  const uint16_t next[] = {kFirst + 1};
  EXPECT_DEBUG_DEATH(sender.repeat(next, other, 10'000'000, {TimePoint(std::chrono::hours(1)), 0}),
                     "no two plaintexts");
#ifdef NDEBUG
  EXPECT_EQ(wire_.sequences.size(), packets() + 1);
  EXPECT_EQ(sender.stats().packets_refused, 1u);
  EXPECT_EQ(sender.stats().packets_repeated, 1u);
#endif
}

}  // namespace
}  // namespace reallive::rtc
