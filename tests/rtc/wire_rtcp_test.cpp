// RTCP: each record written and parsed again, bytes of other implementations, and what must be refused.
#include <gtest/gtest.h>

#include "rtc/wire/rtcp.h"
#include "wire_bytes.h"

namespace reallive::rtc {
namespace {

template <typename T>
T round_trip(const T& record) {
  Buffer bytes;
  rtcp::write(bytes, record);
  EXPECT_EQ(bytes.size() % 4, 0u);
  auto records = rtcp::parse(bytes);
  EXPECT_TRUE(records && records->size() == 1);
  if (!records || records->size() != 1 || !std::holds_alternative<T>(records->front())) return {};
  return std::get<T>(records->front());
}

rtcp::ReportBlock a_block(uint32_t ssrc) {
  return {ssrc, 17, -5, 0x00012345, 900, 0xaabbccdd, 0x1234};
}

TEST(Rtcp, EveryRecordComesBackAsWritten) {
  rtcp::SenderReport sr{1, 0x0123456789abcdef, 90000, 100, 120000, {a_block(2), a_block(3)}};
  EXPECT_EQ(round_trip(sr), sr);
  rtcp::ReceiverReport rr{4, {a_block(5)}};
  EXPECT_EQ(round_trip(rr), rr);
  rtcp::SourceDescription sdes{{{6, "some@where"}, {7, ""}, {8, "x"}}};
  EXPECT_EQ(round_trip(sdes), sdes);
  rtcp::Bye bye{{9, 10}, "over"};
  EXPECT_EQ(round_trip(bye), bye);
  EXPECT_EQ(round_trip(rtcp::Bye{{9}, ""}), (rtcp::Bye{{9}, ""}));
  rtcp::Nack nack{11, 12, {65530, 65531, 65535, 10, 11, 26, 27, 28}};
  EXPECT_EQ(round_trip(nack), nack);
  rtcp::PictureLoss pli{13, 14};
  EXPECT_EQ(round_trip(pli), pli);
  rtcp::FullIntraRequest fir{15, {{16, 200}, {17, 1}}};
  EXPECT_EQ(round_trip(fir), fir);
  rtcp::Remb remb{18, 262143, {19, 20}};
  EXPECT_EQ(round_trip(remb), remb);
  rtcp::ReceiverReferenceTime rrtr{21, 0xfedcba9876543210};
  EXPECT_EQ(round_trip(rrtr), rrtr);
  rtcp::DelaySinceLastRr dlrr{22, {{23, 24, 25}, {26, 27, 28}}};
  EXPECT_EQ(round_trip(dlrr), dlrr);
}

TEST(Rtcp, LargeRembKeepsItsHighestBits) {
  EXPECT_EQ(round_trip(rtcp::Remb{1, 2'500'000, {}}).bitrate, 2'500'000u / 16 * 16);
  uint64_t huge = 1'000'000'000'000;
  uint64_t back = round_trip(rtcp::Remb{1, huge, {}}).bitrate;
  EXPECT_LE(back, huge);
  EXPECT_GT(back, huge - huge / 100000);
}

TEST(Rtcp, CompoundKeepsOrderAndSkipsTheUnknown) {
  Buffer bytes;
  rtcp::write(bytes, rtcp::ReceiverReport{1, {}});
  append_bytes(bytes, from_hex("80 cc 0002 00000001 61626364"));           // APP
  append_bytes(bytes, from_hex("8f ce 0003 00000001 00000000 58585858"));  // some other AFB
  append_bytes(bytes, from_hex("80 cf 0002 00000001 07000000"));           // an XR block of another type
  rtcp::write(bytes, rtcp::PictureLoss{1, 2});
  auto records = rtcp::parse(bytes);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 2u);
  EXPECT_TRUE(std::holds_alternative<rtcp::ReceiverReport>((*records)[0]));
  EXPECT_TRUE(std::holds_alternative<rtcp::PictureLoss>((*records)[1]));
}

TEST(Rtcp, TakesPaddingOnTheLastPacketOnly) {
  EXPECT_TRUE(rtcp::parse(from_hex("a0 c9 0002 00000001 00000004")));
  EXPECT_FALSE(rtcp::parse(from_hex("a0 c9 0002 00000001 00000003")));
  EXPECT_FALSE(rtcp::parse(from_hex("a0 c9 0002 00000001 0000000c")));
  EXPECT_FALSE(rtcp::parse(from_hex("a0 c9 0002 00000001 00000000")));
  EXPECT_FALSE(rtcp::parse(from_hex("a0 c9 0002 00000001 00000004 80 c9 0001 00000001")));
}

TEST(Rtcp, RefusesWhatIsMalformed) {
  for (const char* hex : {"",
                          "80 c9 00",             // half a header
                          "40 c9 0001 00000001",  // version 1
                          "80 c9 0002 00000001",  // longer than the datagram
                          "81 c8 0006 00000001 0000000000000000 00000000 00000000 00000000",  // SR without its block
                          "80 c8 0001 00000001",                                              // SR too short
                          "81 c9 0001 00000001",                                              // RR without its block
                          "80 c9 0000",                                                       // RR without SSRC
                          "81 ca 0001 00000001",                                              // SDES without an end
                          "81 ca 0002 00000001 01ff6161",                                     // CNAME too long
                          "81 ca 0000",                                                       // chunk missing
                          "82 cb 0001 00000001",                                              // BYE of two, one there
                          "81 cb 0002 00000001 05616161",                                     // reason too long
                          "81 cd 0001 00000001",                                              // feedback without media
                          "81 ce 0001 00000001",                                              //
                          "8f cd 0003 00000001 00000002 00000000",                            // TWCC cut
                          "8f cd 0004 00000001 00000002 00000001 00000000",                   // no chunk
                          "8f cd 0005 00000001 00000002 00000001 00000000 6001 0000",         // reserved symbol
                          "8f cd 0005 00000001 00000002 00000004 00000000 4004 0000",         // deltas missing
                          "8f cd 0005 00000001 00000002 00000004 00000000 2000 0000",         // run of none
                          "8f ce 0004 00000001 00000000 52454d42 01000000",                   // REMB SSRC missing
                          "8f ce 0004 00000001 00000000 52454d42 00fc0001",                   // REMB exponent 63
                          "80 cf 0000",                                                       // XR without sender
                          "80 cf 0002 00000001 04000002",                                     // RRTR cut
                          "80 cf 0002 00000001 04000000",                                     // RRTR empty
                          "80 cf 0003 00000001 05000001 00000000"}) {                         // DLRR of 4 bytes
    EXPECT_FALSE(rtcp::parse(from_hex(hex))) << hex;
  }
}

TEST(Rtcp, ReadsTwccOfEveryChunkKind) {
  // Base 10, 25 numbers, reference 2: run of 3 small deltas, a one-bit vector, a two-bit vector, run of lost.
  Buffer bytes = from_hex(R"(
    8f cd 0008 00000001 00000002
    000a 0019 000002 07
    2003 a400 e000 0001
    04 08 00 0c 10 fffc 00)");
  auto records = rtcp::parse(bytes);
  ASSERT_TRUE(records);
  auto feedback = std::get<rtcp::TwccFeedback>(records->front());
  EXPECT_EQ(feedback.base, 10);
  EXPECT_EQ(feedback.count, 25);
  EXPECT_EQ(feedback.reference_time, 2);
  EXPECT_EQ(feedback.feedback_count, 7);
  std::vector<rtcp::TwccFeedback::Arrival> expected = {{10, 129'000}, {11, 131'000}, {12, 131'000},
                                                       {13, 134'000}, {16, 138'000}, {27, 137'000}};
  EXPECT_EQ(feedback.arrivals, expected);
}

TEST(Rtcp, TwccComesBackAsWritten) {
  rtcp::TwccFeedback feedback{1, 2, 65530, 0, 9, 0, {}};
  int64_t time = 64'000 * 100 + 250;
  auto add = [&](int offset, int64_t delta_us) {
    time += delta_us;
    feedback.arrivals.push_back({static_cast<uint16_t>(65530 + offset), time});
  };
  add(0, 0);
  add(1, 250);
  add(2, 63'750);  // largest small delta
  add(3, 64'000);  // needs two bytes
  add(5, -1'000);  // arrived before the former
  for (int i = 6; i < 40; ++i)
    add(i, 500);
  add(9000, 8'000'000);  // a long gap, a long delay
  add(9003, 250);
  auto back = round_trip(feedback);
  EXPECT_EQ(back.arrivals, feedback.arrivals);
  EXPECT_EQ(back.base, 65530);
  EXPECT_EQ(back.count, 9004);
  EXPECT_EQ(back.reference_time, 100);
  EXPECT_EQ(back.feedback_count, 9);
}

TEST(Rtcp, TwccEndsBeforeADeltaThatDoesNotFit) {
  rtcp::TwccFeedback feedback{1, 2, 0, 3, 0, 0, {{0, 0}, {1, 250}, {2, 9'000'000}}};
  Buffer bytes;
  EXPECT_EQ(rtcp::write(bytes, feedback), 2u);
  auto records = rtcp::parse(bytes);
  ASSERT_TRUE(records);
  EXPECT_EQ(std::get<rtcp::TwccFeedback>(records->front()).count, 2);
  bytes.clear();
  EXPECT_EQ(rtcp::write(bytes, rtcp::TwccFeedback{}), 0u);
  EXPECT_TRUE(bytes.empty());
}

TEST(Rtcp, ConvertsNtpAndUnixTime) {
  // 1970-01-01 is 2208988800 s after 1900-01-01.
  EXPECT_EQ(rtcp::ntp_from_unix(0), 2208988800ull << 32);
  EXPECT_EQ(rtcp::ntp_from_unix(500'000'000), 2208988800ull << 32 | 0x80000000u);
  for (int64_t time : {int64_t{0}, int64_t{1}, int64_t{999'999'999}, int64_t{1'795'000'000'123'456'789}}) {
    EXPECT_EQ(rtcp::unix_from_ntp(rtcp::ntp_from_unix(time)), time);
  }
  EXPECT_EQ(rtcp::ntp_middle(0x1234567890abcdef), 0x567890abu);
}

}  // namespace
}  // namespace reallive::rtc
