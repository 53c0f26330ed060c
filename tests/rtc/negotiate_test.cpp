// Offers of real browsers, and of none, against streams: which line gets which track, and what is refused and why.
#include "rtc/send/negotiate.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "rtc/transport/answer.h"

namespace reallive::rtc {
namespace {

sdp::Session offer(const std::string& name) {
  std::ifstream file(std::string(getenv("REALLIVE_SOURCE_ROOT")) + "/tests/rtc/offers/" + name + ".sdp");
  std::stringstream text;
  text << file.rdbuf();
  auto session = sdp::parse(text.str());
  EXPECT_TRUE(session) << name;
  return session.value_or(sdp::Session{});
}

const std::vector<TrackDescription> kH264AndOpus = {{CodecKind::kH264, "42e01f"}, {CodecKind::kOpus, ""}};
const std::vector<TrackDescription> kVp8AndOpus = {{CodecKind::kVp8, ""}, {CodecKind::kOpus, ""}};

// The answer as text and back, with a transport: what a browser would read.
sdp::Session finished(ViewerPlan& plan) {
  sdp::Candidate candidate;
  candidate.foundation = "1";
  candidate.address = "203.0.113.5";
  candidate.port = 8189;
  finish_answer(plan.answer, {"ours", "0123456789012345678901"}, {"sha-256", "AA:BB"}, {candidate});
  auto parsed = sdp::parse(sdp::write(plan.answer));
  EXPECT_TRUE(parsed);
  return parsed.value_or(sdp::Session{});
}

sdp::Media h264_media(const std::vector<std::string>& profiles, const char* mode = "1") {
  sdp::Media media;
  media.kind = sdp::Kind::kVideo;
  uint8_t type = 96;
  for (const auto& profile : profiles) {
    sdp::Codec codec;
    codec.payload_type = type++;
    codec.name = "H264";
    codec.clock_rate = 90000;
    codec.fmtp = "packetization-mode=" + std::string(mode) + ";profile-level-id=" + profile;
    media.codecs.push_back(codec);
  }
  return media;
}

TEST(Negotiate, AnswersChromium) {
  const auto session = offer("chromium_view");
  auto plan = negotiate_viewer(session, kH264AndOpus);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->tracks.size(), 2u);
  const auto answer = finished(*plan);
  EXPECT_TRUE(answer.ice_lite);
  ASSERT_EQ(answer.media.size(), session.media.size());
  for (const auto& track : plan->tracks) {
    const bool video = kH264AndOpus[track.track].codec == CodecKind::kH264;
    const auto line = std::find_if(answer.media.begin(), answer.media.end(),
                                   [&](const auto& media) { return media.mid == track.mid; });
    ASSERT_NE(line, answer.media.end());
    EXPECT_EQ(line->kind, video ? sdp::Kind::kVideo : sdp::Kind::kAudio);
    EXPECT_EQ(line->direction, sdp::Direction::kSendOnly);
    EXPECT_TRUE(line->rtcp_mux);
    EXPECT_EQ(sdp::transport_of(answer, *line).setup, sdp::Setup::kPassive);
    EXPECT_EQ(line->ssrcs.at(0).ssrc, track.ssrc);
    EXPECT_EQ(line->codecs.at(0).payload_type, track.payload_type);
    EXPECT_NE(track.mid_id, 0);
    if (!video) continue;
    EXPECT_EQ(line->codecs[0].parameter("profile-level-id"), "42e01f");
    EXPECT_EQ(line->codecs[0].parameter("packetization-mode"), "1");
    EXPECT_EQ(line->codecs[0].feedback, (std::vector<std::string>{"nack", "nack pli", "ccm fir", "goog-remb"}));
    ASSERT_TRUE(track.rtx_payload_type);
    EXPECT_EQ(line->rtx_of(track.payload_type)->payload_type, *track.rtx_payload_type);
    EXPECT_EQ(line->repair_of(track.ssrc), track.rtx_ssrc);
    EXPECT_NE(track.playout_delay_id, 0);
    EXPECT_EQ(track.abs_capture_time_id, 0) << "Chromium offers it only when the page asks";
  }
  const auto& first = answer.media[0];
  EXPECT_EQ(first.candidates.at(0).address, "203.0.113.5");
  EXPECT_TRUE(first.end_of_candidates);
}

TEST(Negotiate, AnswersFirefoxWithVp8AndSaysWhyNotH264) {
  auto plan = negotiate_viewer(offer("firefox_view"), kVp8AndOpus);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->tracks.size(), 2u);
  EXPECT_TRUE(plan->tracks[0].rtx_payload_type);

  const auto refused = negotiate_viewer(offer("firefox_view"), kH264AndOpus);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "no-common-codec");
  EXPECT_NE(refused.error().message.find("H264"), std::string::npos);
  EXPECT_NE(refused.error().message.find("VP8"), std::string::npos);
}

TEST(Negotiate, AnswersWebrtcbin) {
  auto plan = negotiate_viewer(offer("webrtcbin_view"), kH264AndOpus);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->tracks.size(), 1u);
  EXPECT_TRUE(remote_transport_of(offer("webrtcbin_view")));
}

TEST(Negotiate, ServesPictureWithoutSoundWhenTheStreamHasNone) {
  const auto session = offer("chromium_view");
  auto plan = negotiate_viewer(session, std::vector<TrackDescription>{{CodecKind::kH264, ""}});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->tracks.size(), 1u);
  const auto answer = finished(*plan);
  for (const auto& media : answer.media) {
    const bool audio = media.kind == sdp::Kind::kAudio;
    EXPECT_TRUE(!audio || media.direction == sdp::Direction::kInactive);
    EXPECT_TRUE(media.kind != sdp::Kind::kApplication || media.rejected());
  }
}

TEST(Negotiate, RefusesPublishers) {
  const auto refused = negotiate_viewer(offer("chromium_publish"), kH264AndOpus);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "bad-offer");
}

TEST(Negotiate, NeverRefusesH264ForItsProfile) {
  const auto media = h264_media({"42001f", "42e01f", "4d001f", "f4001f"});
  EXPECT_EQ(choose_h264(media, "42e01f")->payload_type, 97);
  EXPECT_EQ(choose_h264(media, "42E01F")->payload_type, 97);
  EXPECT_EQ(choose_h264(media, "42e028")->payload_type, 97) << "same profile, another level";
  EXPECT_EQ(choose_h264(media, "4d4028")->payload_type, 98) << "same family";
  EXPECT_EQ(choose_h264(media, "640028")->payload_type, 97) << "High: decoders take it as 42e01f";
  EXPECT_EQ(choose_h264(media, "")->payload_type, 97);
  EXPECT_EQ(choose_h264(h264_media({"f4001f"}), "640028")->payload_type, 96);
  EXPECT_EQ(choose_h264(h264_media({"42e01f"}, "0"), "42e01f"), nullptr) << "mode 0 knows no fragments";
}

TEST(Negotiate, WantsAUsableTransport) {
  const auto with = [](auto change) {
    auto session = offer("chromium_view");
    change(session);
    return remote_transport_of(session);
  };
  EXPECT_TRUE(with([](sdp::Session&) {}));
  const auto refused = {
      with([](sdp::Session& session) { session.bundles.clear(); }),
      with([](sdp::Session& session) {
        for (auto& media : session.media)
          media.transport.ufrag.clear();
      }),
      with([](sdp::Session& session) {
        for (auto& media : session.media)
          media.transport.fingerprints.clear();
      }),
      with([](sdp::Session& session) {
        for (auto& media : session.media)
          media.transport.setup = sdp::Setup::kPassive;
      }),
      with([](sdp::Session& session) {
        for (auto& media : session.media)
          media.rtcp_mux = false;
      }),
      with([](sdp::Session& session) {
        for (auto& media : session.media)
          media.port = 0;
      }),
  };
  for (const auto& result : refused) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "bad-offer");
    EXPECT_GT(result.error().message.size(), 20u);
  }
}

sdp::Media h265_media(const std::vector<std::string>& parameters) {
  sdp::Media media;
  media.kind = sdp::Kind::kVideo;
  uint8_t type = 96;
  for (const auto& fmtp : parameters)
    media.codecs.push_back({type++, "H265", 90000, 1, fmtp, {}});
  return media;
}

TEST(Negotiate, ChoosesTheH265ProfileThatDecodesTheStream) {
  const auto chosen = [](const std::vector<std::string>& offered, std::string_view profile) {
    const auto media = h265_media(offered);
    const auto* codec = choose_h265(media, profile);
    return codec ? codec->payload_type : 0;
  };
  const std::string main = "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST";
  const std::string main10 = "level-id=93;profile-id=2;tier-flag=0;tx-mode=SRST";
  EXPECT_EQ(chosen({main10, main}, "1"), 97);
  EXPECT_EQ(chosen({main10, main}, "2"), 96);
  EXPECT_EQ(chosen({main10}, "1"), 96);
  EXPECT_EQ(chosen({main}, "2"), 0);
  EXPECT_EQ(chosen({"level-id=93"}, "1"), 96);
  EXPECT_EQ(chosen({main}, ""), 96);
  EXPECT_EQ(chosen({"profile-id=1;tx-mode=MRST"}, "1"), 0);
}

// What Safari sends, and Chromium where the machine decodes H.265: the H.264 lines of a real offer with H265 before.
TEST(Negotiate, SendsH265ToWhomeverTakesItAndTellsOthers) {
  const std::vector<TrackDescription> tracks = {{CodecKind::kH265, "1"}, {CodecKind::kOpus, ""}};
  auto session = offer("chromium_view");
  const auto refused = negotiate_viewer(session, tracks);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "no-common-codec");

  for (auto& media : session.media) {
    if (media.kind != sdp::Kind::kVideo) continue;
    media.codecs.insert(
        media.codecs.begin(),
        {49, "H265", 90000, 1, "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST", {"nack", "nack pli"}});
  }
  auto plan = negotiate_viewer(session, tracks);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->tracks.size(), 2u);
  const auto answer = finished(*plan);
  for (const auto& media : answer.media) {
    if (media.kind != sdp::Kind::kVideo) continue;
    ASSERT_FALSE(media.codecs.empty());
    EXPECT_TRUE(media.codecs[0].is("H265"));
    EXPECT_EQ(media.codecs[0].parameter("profile-id"), "1");
    EXPECT_TRUE(media.codecs[0].has_feedback("nack pli"));
  }
}

}  // namespace
}  // namespace reallive::rtc
