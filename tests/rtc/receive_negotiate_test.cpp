#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "rtc/receive/keyframe_probe.h"
#include "rtc/receive/negotiate.h"
#include "rtc/transport/answer.h"

namespace reallive::rtc {
namespace {

using Means = KeyframeRequests::Means;
using Mode = CongestionFeedback::Mode;

sdp::Session offer(const std::string& name) {
  std::ifstream file(std::string(getenv("REALLIVE_SOURCE_ROOT")) + "/tests/rtc/offers/" + name + ".sdp");
  std::stringstream text;
  text << file.rdbuf();
  auto session = sdp::parse(text.str());
  EXPECT_TRUE(session) << name;
  return session.value_or(sdp::Session{});
}

std::string finish(ReceiveNegotiation& result, const std::vector<sdp::Candidate>& candidates) {
  finish_answer(result.answer, {"ours", "0123456789012345678901"}, {"sha-256", "AA:BB"}, candidates);
  return sdp::write(result.answer);
}

TEST(ReceiveNegotiation, TakesWhatChromiumPublishes) {
  const auto session = offer("chromium_publish");
  auto result = negotiate_receive(session);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->tracks.size(), 2u);
  EXPECT_EQ(result->feedback, Mode::kTransportWide);
  EXPECT_NE(result->extensions.mid, 0);
  EXPECT_NE(result->extensions.transport_sequence, 0);
  EXPECT_TRUE(result->reduced_size);
  const auto video = std::find_if(result->tracks.begin(), result->tracks.end(), [](auto& t) { return t.video(); });
  ASSERT_NE(video, result->tracks.end());
  EXPECT_EQ(video->codec, ReceiveCodec::kH264);
  EXPECT_EQ(video->payload_type, 108) << "the constrained baseline one with packetization-mode 1";
  EXPECT_TRUE(video->rtx_payload_type);
  EXPECT_TRUE(video->nack);
  EXPECT_EQ(video->keyframes, Means::kPictureLoss);

  const auto text = finish(*result, {*sdp::parse_candidate("1 1 udp 100 192.0.2.1 8189 typ host")});
  const auto answer = sdp::parse(text);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->ice_lite);
  ASSERT_EQ(answer->media.size(), session.media.size());
  ASSERT_EQ(answer->bundles.size(), 1u);
  EXPECT_EQ(answer->bundles[0], session.bundles[0]);
  for (size_t n = 0; n < answer->media.size(); ++n) {
    const auto& media = answer->media[n];
    EXPECT_EQ(media.mid, session.media[n].mid);
    EXPECT_EQ(media.direction, sdp::Direction::kRecvOnly);
    EXPECT_TRUE(media.rtcp_mux);
    EXPECT_EQ(media.transport.setup, sdp::Setup::kPassive);
    for (const auto& extension : media.extmaps) {
      EXPECT_EQ(session.media[n].extension_id(extension.uri), extension.id);
    }
    EXPECT_EQ(media.candidates.size(), n == 0 ? 1u : 0u);
    if (media.kind == sdp::Kind::kVideo) {
      ASSERT_EQ(media.codecs.size(), 2u);
      EXPECT_EQ(media.codecs[1].parameter("apt"), "108");
      EXPECT_TRUE(media.codecs[0].has_feedback("transport-cc"));
    }
  }
}

TEST(ReceiveNegotiation, DeclinesSimulcast) {
  auto result = negotiate_receive(offer("chromium_publish_simulcast"));
  ASSERT_TRUE(result) << result.error().message;
  const auto text = finish(*result, {});
  EXPECT_EQ(text.find("simulcast"), std::string::npos);
  EXPECT_EQ(text.find("a=rid"), std::string::npos);
  EXPECT_EQ(text.find("rtp-stream-id"), std::string::npos);
}

TEST(ReceiveNegotiation, TakesVp8FromFirefoxAndH264FromWebrtcbin) {
  auto firefox = negotiate_receive(offer("firefox_publish"));
  ASSERT_TRUE(firefox) << firefox.error().message;
  ASSERT_EQ(firefox->tracks.size(), 1u);
  for (const auto& track : firefox->tracks) {
    if (!track.video()) continue;
    EXPECT_EQ(track.codec, ReceiveCodec::kVp8);
    EXPECT_TRUE(track.nack);
  }
  auto webrtcbin = negotiate_receive(offer("webrtcbin_publish"));
  ASSERT_TRUE(webrtcbin) << webrtcbin.error().message;
  ASSERT_EQ(webrtcbin->tracks.size(), 2u);
  EXPECT_EQ(webrtcbin->tracks[0].codec, ReceiveCodec::kH264);
  EXPECT_FALSE(webrtcbin->tracks[0].nack) << "nack pli alone is no nack";
  EXPECT_EQ(webrtcbin->tracks[0].keyframes, Means::kPictureLoss);
  EXPECT_EQ(webrtcbin->tracks[1].codec, ReceiveCodec::kOpus);
}

TEST(ReceiveNegotiation, RefusesLinesItCannotTake) {
  auto session = offer("chromium_publish");
  session.media[0].codecs.clear();
  sdp::Media data;
  data.kind = sdp::Kind::kApplication;
  data.type = "application";
  data.formats = {"webrtc-datachannel"};
  data.mid = "9";
  session.media.push_back(data);
  auto result = negotiate_receive(session);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->tracks.size(), 1u);
  EXPECT_TRUE(result->answer.media[0].rejected());
  EXPECT_FALSE(result->answer.media[1].rejected());
  EXPECT_TRUE(result->answer.media[2].rejected());
  finish(*result, {});
  EXPECT_EQ(result->answer.bundles[0], std::vector<std::string>{session.media[1].mid});
}

TEST(ReceiveNegotiation, SaysWhyNot) {
  auto viewing = negotiate_receive(offer("chromium_view"));
  ASSERT_FALSE(viewing);
  EXPECT_EQ(viewing.error().code, "bad-offer");

  auto session = offer("firefox_publish");
  for (auto& media : session.media) {
    std::erase_if(media.codecs, [](const auto& codec) { return codec.is("VP8") || codec.is("opus"); });
  }
  auto codecs = negotiate_receive(session);
  ASSERT_FALSE(codecs);
  EXPECT_EQ(codecs.error().code, "no-common-codec");
}

TEST(ReceiveNegotiation, PrefersFeedbackThatWasOffered) {
  auto session = offer("chromium_publish");
  for (auto& media : session.media) {
    for (auto& codec : media.codecs) {
      std::erase(codec.feedback, "transport-cc");
      std::erase(codec.feedback, "nack pli");
    }
    media.rtcp_rsize = false;
  }
  auto result = negotiate_receive(session);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->feedback, Mode::kRemb);
  EXPECT_FALSE(result->reduced_size);
  for (const auto& track : result->tracks) {
    EXPECT_EQ(track.keyframes, track.video() ? Means::kFullIntra : Means::kNone);
  }
}

TEST(KeyframeProbe, ReadsH264) {
  const auto h264 = [](Buffer payload) { return begins_keyframe(ReceiveCodec::kH264, payload); };
  EXPECT_TRUE(h264({0x65, 1}));
  EXPECT_TRUE(h264({0x67, 1}));
  EXPECT_FALSE(h264({0x41, 1}));
  EXPECT_TRUE(h264({0x78, 0, 2, 0x09, 0x10, 0, 2, 0x67, 0x42})) << "STAP-A, an AUD in front";
  EXPECT_FALSE(h264({0x78, 0, 2, 0x09, 0x10, 0, 2, 0x61, 0x42}));
  EXPECT_FALSE(h264({0x78, 0xff, 0xff, 0x09}));
  EXPECT_TRUE(h264({0x7c, 0x85}));
  EXPECT_FALSE(h264({0x7c, 0x05})) << "not the first fragment";
  EXPECT_FALSE(h264({0x7c}));
  EXPECT_FALSE(h264({}));
}

TEST(KeyframeProbe, ReadsVp8) {
  const auto vp8 = [](Buffer payload) { return begins_keyframe(ReceiveCodec::kVp8, payload); };
  EXPECT_TRUE(vp8({0x10, 0x00}));
  EXPECT_FALSE(vp8({0x10, 0x01}));
  EXPECT_FALSE(vp8({0x00, 0x00}));
  EXPECT_TRUE(vp8({0x90, 0x80, 0x81, 0x02, 0x00}));
  EXPECT_TRUE(vp8({0x90, 0xf0, 0x01, 0x02, 0x03, 0x00}));
  EXPECT_FALSE(vp8({0x90, 0xf0, 0x01, 0x02, 0x03, 0x01}));
  for (const Buffer& cut : {Buffer{}, Buffer{0x90}, Buffer{0x90, 0x80}, Buffer{0x90, 0xf0, 0x81}})
    EXPECT_FALSE(vp8(cut));
}

}  // namespace
}  // namespace reallive::rtc
