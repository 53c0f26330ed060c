// Session descriptions of real browsers and of webrtcbin, answers of ours, trickle fragments, and what is refused.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "rtc/wire/sdp.h"

namespace reallive::rtc {
namespace {

constexpr char kTwcc[] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

std::string offer(const std::string& name) {
  std::ifstream file(std::string(getenv("REALLIVE_SOURCE_ROOT")) + "/tests/rtc/offers/" + name + ".sdp");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

sdp::Session parsed(const std::string& name) {
  auto session = sdp::parse(offer(name));
  EXPECT_TRUE(session) << name << ": " << (session ? "" : session.error().message);
  return session.value_or(sdp::Session{});
}

TEST(Sdp, ReadsChromiumViewer) {
  auto session = parsed("chromium_view");
  ASSERT_EQ(session.media.size(), 3u);
  EXPECT_EQ(session.bundles, (std::vector<std::vector<std::string>>{{"0", "1", "2"}}));
  EXPECT_TRUE(session.extmap_allow_mixed);
  EXPECT_FALSE(session.ice_lite);

  const auto& video = session.media[0];
  EXPECT_EQ(video.kind, sdp::Kind::kVideo);
  EXPECT_EQ(video.mid, "0");
  EXPECT_EQ(video.direction, sdp::Direction::kRecvOnly);
  EXPECT_TRUE(video.rtcp_mux && video.rtcp_rsize);
  EXPECT_EQ(video.extension_id(kTwcc), 4);
  EXPECT_EQ(video.extension_id("urn:example:none"), 0);
  EXPECT_EQ(video.transport.ufrag, "QiP+");
  EXPECT_EQ(video.transport.setup, sdp::Setup::kActPass);
  ASSERT_EQ(video.transport.fingerprints.size(), 1u);
  EXPECT_EQ(video.transport.fingerprints[0].algorithm, "sha-256");
  EXPECT_EQ(video.transport.fingerprints[0].value.size(), 95u);
  ASSERT_EQ(video.candidates.size(), 2u);
  EXPECT_TRUE(video.candidates[0].address.ends_with(".local"));

  int h264 = 0;
  for (const auto& codec : video.codecs) {
    if (!codec.is("h264")) continue;
    ++h264;
    EXPECT_EQ(codec.clock_rate, 90000u);
    EXPECT_TRUE(codec.has_feedback("nack pli"));
    EXPECT_TRUE(codec.parameter("profile-level-id"));
    EXPECT_EQ(codec.parameter("level-asymmetry-allowed"), "1");
    ASSERT_TRUE(video.rtx_of(codec.payload_type));
    EXPECT_EQ(video.rtx_of(codec.payload_type)->parameter("apt"), std::to_string(codec.payload_type));
  }
  EXPECT_EQ(h264, 8);

  const auto& audio = session.media[1];
  EXPECT_EQ(audio.kind, sdp::Kind::kAudio);
  ASSERT_TRUE(audio.codec(111));
  EXPECT_TRUE(audio.codec(111)->is("OPUS"));
  EXPECT_EQ(audio.codec(111)->channels, 2);
  EXPECT_EQ(audio.codec(0)->name, "PCMU");

  EXPECT_EQ(session.media[2].kind, sdp::Kind::kApplication);
  EXPECT_EQ(session.media[2].sctp_port, "5000");
}

TEST(Sdp, ReadsPublishersSources) {
  auto session = parsed("chromium_publish");
  const auto& video = session.media.at(0);
  EXPECT_EQ(video.direction, sdp::Direction::kSendOnly);
  ASSERT_EQ(video.ssrcs.size(), 2u);
  EXPECT_EQ(video.repair_of(2526544890), 4203329150u);
  EXPECT_FALSE(video.repair_of(4203329150));
  EXPECT_EQ(video.ssrcs[0].cname, "jqqMVP6KVUHgt74o");
  EXPECT_EQ(video.ssrcs[1].msid, video.msid);

  auto simulcast = parsed("chromium_publish_simulcast");
  ASSERT_EQ(simulcast.media.at(0).rids.size(), 2u);
  EXPECT_EQ(simulcast.media[0].rids[1].id, "l");
  EXPECT_TRUE(simulcast.media[0].rids[1].send);
  EXPECT_EQ(simulcast.media[0].simulcast, "send h;l");
}

TEST(Sdp, ReadsFirefox) {
  auto session = parsed("firefox_view");
  const auto& video = session.media.at(0);
  EXPECT_EQ(video.direction, sdp::Direction::kRecvOnly);
  EXPECT_TRUE(video.end_of_candidates);
  EXPECT_EQ(video.candidates.at(2).protocol, "tcp");
  EXPECT_EQ(video.candidates.at(2).tcp_type, "active");
  ASSERT_TRUE(video.codec(120));
  EXPECT_TRUE(video.codec(120)->is("VP8"));
  EXPECT_EQ(video.codec(120)->parameter("max-fs"), "12288");
  EXPECT_TRUE(video.rtx_of(120));
  // The fingerprint stands at session level only.
  EXPECT_TRUE(video.transport.fingerprints.empty());
  EXPECT_EQ(sdp::transport_of(session, video).fingerprints.size(), 1u);
  EXPECT_EQ(sdp::transport_of(session, video).setup, sdp::Setup::kActPass);
}

TEST(Sdp, ReadsWebrtcbin) {
  auto session = parsed("webrtcbin_publish");
  ASSERT_EQ(session.media.size(), 2u);
  EXPECT_EQ(session.media[0].candidates.size(), 9u);
  EXPECT_EQ(session.media[0].candidates[0].address, "192.0.2.2");
  EXPECT_EQ(session.media[1].port, 0);
  EXPECT_TRUE(session.media[1].bundle_only);
  EXPECT_FALSE(session.media[1].rejected());
  EXPECT_TRUE(session.media[1].codec(97)->is("opus"));
}

TEST(Sdp, EveryOfferComesBackAsWritten) {
  for (const char* name : {"chromium_view", "chromium_publish", "chromium_publish_simulcast", "firefox_view",
                           "firefox_publish", "webrtcbin_view", "webrtcbin_publish"}) {
    auto session = parsed(name);
    // What the model leaves out is left out of the lines' formats as well.
    for (auto& media : session.media) {
      if (media.codecs.empty()) continue;
      media.formats.clear();
      for (const auto& codec : media.codecs)
        media.formats.push_back(std::to_string(codec.payload_type));
    }
    auto again = sdp::parse(sdp::write(session));
    ASSERT_TRUE(again) << name << ": " << again.error().message;
    EXPECT_EQ(*again, session) << name << "\n" << sdp::write(session);
  }
}

TEST(Sdp, WritesAnAnswer) {
  auto viewer = parsed("chromium_view");
  sdp::Session answer;
  answer.id = 42;
  answer.ice_lite = true;
  answer.bundles = {{"0"}};
  answer.transport.ufrag = "abcd";
  answer.transport.pwd = "0123456789abcdef012345";
  answer.transport.fingerprints = {{"sha-256", "AB:CD"}};
  answer.transport.setup = sdp::Setup::kPassive;
  sdp::Media video;
  video.kind = sdp::Kind::kVideo;
  video.type = "video";
  video.mid = "0";
  video.direction = sdp::reversed(viewer.media[0].direction);
  video.codecs = {*viewer.media[0].codec(96)};
  video.rtcp_mux = true;
  video.candidates = {{"1", 1, "udp", 2130706431, "192.0.2.7", 8189, "host", ""}};
  video.end_of_candidates = true;
  answer.media = {video, sdp::rejected_copy(viewer.media[1]), sdp::rejected_copy(viewer.media[2])};
  std::string text = sdp::write(answer);
  EXPECT_NE(text.find("a=ice-lite\r\n"), std::string::npos);
  EXPECT_NE(text.find("a=setup:passive\r\n"), std::string::npos);
  EXPECT_NE(text.find("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), std::string::npos);
  EXPECT_NE(text.find("a=sendonly\r\n"), std::string::npos);
  EXPECT_NE(text.find("a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host\r\na=end-of-candidates\r\n"),
            std::string::npos);
  EXPECT_NE(text.find("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"), std::string::npos);
  auto again = sdp::parse(text);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->ice_lite);
  EXPECT_TRUE(again->media[1].rejected());
  EXPECT_EQ(again->media[1].mid, "1");
  EXPECT_TRUE(again->media[2].rejected());
  EXPECT_EQ(sdp::transport_of(*again, again->media[0]).ufrag, "abcd");
}

TEST(Sdp, BundledLinesShareTheFirstOnesTransport) {
  auto session = sdp::parse(
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a b\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\na=ice-ufrag:one\r\na=ice-pwd:first\r\n"
      "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:b\r\na=bundle-only\r\na=rtpmap:96 VP8/90000\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:c\r\na=rtpmap:96 VP8/90000\r\n");
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(sdp::transport_of(*session, session->media[1]).ufrag, "one");
  EXPECT_EQ(sdp::transport_of(*session, session->media[2]).ufrag, "");
}

TEST(Sdp, SpreadsWildcardFeedbackAndSessionExtensions) {
  auto session = sdp::parse(
      "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\na=recvonly\na=extmap:3/sendonly urn:example:ext\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97\na=rtcp-fb:* nack\na=rtpmap:96 VP8/90000\na=rtpmap:97 H264/90000\n"
      "a=rtpmap:98 AV1/90000\n");
  ASSERT_TRUE(session) << session.error().message;
  const auto& video = session->media.at(0);
  EXPECT_TRUE(video.codec(96)->has_feedback("nack") && video.codec(97)->has_feedback("nack"));
  EXPECT_EQ(video.codec(98), nullptr);
  EXPECT_EQ(video.extension_id("urn:example:ext"), 3);
  EXPECT_EQ(video.extmaps[0].direction, sdp::Direction::kSendOnly);
  EXPECT_EQ(video.direction, sdp::Direction::kRecvOnly);
}

TEST(Sdp, SaysWhichLineIsWrong) {
  const std::string head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n";
  struct Case {
    std::string text, reason;
  };
  for (const Case& wrong :
       std::vector<Case>{{"", "v=0"},
                         {"hello", "v=0"},
                         {head + "nonsense\r\n", "line 4: not an SDP line"},
                         {head + "a=bad\x01\r\n", "line 4: not an SDP line"},
                         {"v=0\r\no=- x 1\r\n", "line 2: o="},
                         {head + "m=video\r\n", "line 4: m="},
                         {head + "m=video 70000 UDP/TLS/RTP/SAVPF 96\r\n", "line 4: m= has no port"},
                         {head + "m=video 9 UDP/TLS/RTP/SAVPF 128\r\n", "line 4: a payload type"},
                         {head + "m=video 9 UDP/TLS/RTP/SAVPF 96 96\r\n", "stands twice"},
                         {head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8\r\n", "line 5: a=rtpmap"},
                         {head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ssrc:x cname:y\r\n", "line 5: a=ssrc"},
                         {head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ssrc-group:FID 1 z\r\n", "line 5: a=ssrc-group"},
                         {head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rid:1 up\r\n", "line 5: a=rid"},
                         {head + "a=extmap:0 urn:x\r\n", "line 4: a=extmap"},
                         {head + "a=fingerprint:sha-256 ABCD\r\n", "line 4: malformed ICE or DTLS"},
                         {head + "a=ice-ufrag:\r\n", "line 4: malformed ICE or DTLS"},
                         {head + "a=ice-pwd:" + std::string(257, 'x') + "\r\n", "line 4: malformed ICE or DTLS"}}) {
    auto session = sdp::parse(wrong.text);
    ASSERT_FALSE(session) << wrong.text;
    EXPECT_EQ(session.error().code, "bad-offer");
    EXPECT_NE(session.error().message.find(wrong.reason), std::string::npos) << session.error().message;
  }
}

TEST(Sdp, IsBounded) {
  const std::string head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n";
  auto refused = [](const std::string& text, const char* reason) {
    auto session = sdp::parse(text);
    return !session && session.error().message.find(reason) != std::string::npos;
  };
  EXPECT_TRUE(refused(head + "a=" + std::string(sdp::kMaxBytes, 'x'), "65536 bytes"));
  EXPECT_FALSE(sdp::parse(head, head.size() - 1));
  EXPECT_TRUE(sdp::parse(head, head.size()));
  std::string lines = head, media = head, formats = head + "m=application 9 X", bundle = head + "a=group:BUNDLE";
  for (size_t i = 0; i < sdp::kMaxLines; ++i)
    lines += "a=x\r\n";
  for (size_t i = 0; i <= sdp::kMaxMedia; ++i)
    media += "m=audio 9 X 0\r\n";
  for (size_t i = 0; i <= sdp::kMaxFormats; ++i)
    formats += " f";
  for (size_t i = 0; i <= sdp::kMaxMedia; ++i)
    bundle += " m";
  EXPECT_TRUE(refused(lines, "4096 lines"));
  EXPECT_TRUE(refused(media, "32 media"));
  EXPECT_TRUE(refused(formats, "128 formats"));
  EXPECT_TRUE(refused(bundle, "32 media"));
}

TEST(Sdp, ReadsCandidates) {
  auto candidate = sdp::parse_candidate(
      "candidate:842163049 1 UDP 1677729535 203.0.113.9 60769 typ srflx raddr 10.0.0.1 rport 60769 generation 0");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->protocol, "udp");
  EXPECT_EQ(candidate->type, "srflx");
  EXPECT_EQ(candidate->port, 60769);
  EXPECT_EQ(sdp::parse_candidate("a=candidate:" + sdp::write_candidate(*candidate)), candidate);
  auto tcp = sdp::parse_candidate("3 1 TCP 2105524479 fe80::1 9 typ host tcptype active");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->tcp_type, "active");
  EXPECT_FALSE(sdp::parse_candidate(""));
  EXPECT_FALSE(sdp::parse_candidate("1 1 udp 1 192.0.2.1 99999 typ host"));
  EXPECT_FALSE(sdp::parse_candidate("1 0 udp 1 192.0.2.1 9 typ host"));
  EXPECT_FALSE(sdp::parse_candidate("1 1 udp 1 192.0.2.1 9 kind host"));
  EXPECT_FALSE(sdp::parse_candidate("1 1 udp 1 192.0.2.1 9 typ host\r\na=evil"));
}

TEST(SdpFragment, ReadsTheExampleOfRfc8840) {
  auto fragment = sdp::parse_fragment(
      "a=ice-ufrag:9uB6\r\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r\na=group:BUNDLE 0 1\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
      "a=candidate:1 1 UDP 2130706432 2001:db8::1 9999 typ host\r\na=candidate:nonsense\r\n"
      "m=audio 9 RTP/AVP 0\r\na=mid:1\r\na=end-of-candidates\r\n");
  ASSERT_TRUE(fragment) << fragment.error().message;
  EXPECT_EQ(fragment->ufrag(), "9uB6");
  EXPECT_EQ(fragment->pwd(), "YH75Fviy6338Vbrhrlp8Yh");
  ASSERT_EQ(fragment->sections.size(), 2u);
  EXPECT_EQ(fragment->sections[0].mid, "0");
  ASSERT_EQ(fragment->sections[0].candidates.size(), 1u);
  EXPECT_EQ(fragment->sections[0].candidates[0].address, "2001:db8::1");
  EXPECT_TRUE(fragment->sections[1].end_of_candidates);
  auto again = sdp::parse_fragment(sdp::write_fragment(*fragment));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *fragment);
}

TEST(SdpFragment, FindsCredentialsWhereverTheyStand) {
  auto fragment = sdp::parse_fragment("a=mid:0\na=ice-ufrag:here\na=ice-pwd:there\na=mid:1\n");
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->sections.size(), 2u);
  EXPECT_EQ(fragment->ufrag(), "here");
  EXPECT_EQ(fragment->pwd(), "there");
  auto session_level =
      sdp::parse_fragment("a=ice-lite\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\na=end-of-candidates");
  ASSERT_TRUE(session_level);
  EXPECT_TRUE(session_level->ice_lite && session_level->end_of_candidates);
  EXPECT_EQ(session_level->candidates.size(), 1u);
  EXPECT_EQ(session_level->ufrag(), "");
  EXPECT_EQ(session_level->pwd(), "");
}

TEST(SdpFragment, RefusesWhatIsMalformed) {
  EXPECT_FALSE(sdp::parse_fragment("nonsense"));
  EXPECT_FALSE(sdp::parse_fragment("a=ice-pwd:two words"));
  EXPECT_FALSE(sdp::parse_fragment(std::string(sdp::kMaxBytes + 1, 'a')));
  EXPECT_TRUE(sdp::parse_fragment("a=ice-lite\n", 11));
  EXPECT_FALSE(sdp::parse_fragment("a=ice-lite\n", 10));
  std::string many, mids, lines;
  for (size_t i = 0; i <= sdp::kMaxMedia; ++i)
    many += "m=audio 9 X 0\n", mids += "a=mid:0\n";
  for (size_t i = 0; i <= sdp::kMaxLines; ++i)
    lines += "a=x\n";
  EXPECT_FALSE(sdp::parse_fragment(many));
  EXPECT_FALSE(sdp::parse_fragment(mids));
  EXPECT_FALSE(sdp::parse_fragment(lines));
  EXPECT_TRUE(sdp::parse_fragment(""));
}

}  // namespace
}  // namespace reallive::rtc
