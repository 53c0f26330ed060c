#include "pipeline/camera_source.h"

#include <gtest/gtest.h>

namespace reallive::pipeline {
namespace {

using Kind = CameraSource::Kind;

CameraSource good(std::string_view text) {
  const auto source = parse_camera_source(text);
  EXPECT_TRUE(source) << text << ": " << (source ? "" : source.error().message);
  return source.value_or(CameraSource{});
}

std::string refusal(std::string_view text) {
  const auto source = parse_camera_source(text);
  EXPECT_FALSE(source) << text;
  if (source) return {};
  EXPECT_EQ(source.error().code, "VALIDATION_FAILED");
  EXPECT_EQ(source.error().field, "source.url");
  EXPECT_FALSE(source.error().message.empty());
  return source.error().message;
}

TEST(CameraSource, KnowsTheWords) {
  EXPECT_EQ(good("publish").kind, Kind::publish);
  EXPECT_EQ(good("test").kind, Kind::test);
  EXPECT_EQ(good("device:USB Camera 2").kind, Kind::device);
  EXPECT_EQ(good("device:USB Camera 2").device, "USB Camera 2");
  EXPECT_EQ(good("launch:videotestsrc is-live=true ! x264enc").fragment, "videotestsrc is-live=true ! x264enc");
  EXPECT_EQ(good("launch:videotestsrc").kind, Kind::launch);
}

TEST(CameraSource, SplitsUserAndPasswordOutOfTheUrl) {
  const CameraSource source = good("rtsp://admin:s%40cret%2F1@Cam.LAN:8554/h264?channel=1");
  EXPECT_EQ(source.kind, Kind::rtsp);
  EXPECT_EQ(source.user, "admin");
  EXPECT_EQ(source.password, "s@cret/1");
  EXPECT_EQ(source.host, "cam.lan");
  EXPECT_EQ(source.port, 8554);
  EXPECT_EQ(source.url, "rtsp://Cam.LAN:8554/h264?channel=1");
}

TEST(CameraSource, TakesThePlainAtInAPassword) {
  const CameraSource source = good("rtsp://admin:p@ss@10.0.0.7/stream");
  EXPECT_EQ(source.password, "p@ss");
  EXPECT_EQ(source.host, "10.0.0.7");
  EXPECT_EQ(source.url, "rtsp://10.0.0.7/stream");
}

TEST(CameraSource, KnowsDefaultPortsSchemesAndAddresses) {
  EXPECT_EQ(good("rtsp://cam").port, 554);
  EXPECT_EQ(good("RTSPS://cam/a").port, 322);
  EXPECT_EQ(good("RTSPS://cam/a").url, "rtsps://cam/a");
  EXPECT_EQ(good("rtsp://[FD00::1]:99/a").host, "fd00::1");
  EXPECT_EQ(good("rtsp://[fd00::1]:99/a").port, 99);
  EXPECT_EQ(good("rtsp://[fd00::1]:99/a").url, "rtsp://[fd00::1]:99/a");
  EXPECT_EQ(good("rtsp://cam?x=1").url, "rtsp://cam?x=1");
  EXPECT_EQ(good("rtsp://only-user@cam/a").user, "only-user");
  EXPECT_EQ(good("rtsp://cam/a#part").url, "rtsp://cam/a");
}

TEST(CameraSource, RefusesWithWordsThatHelp) {
  EXPECT_NE(refusal("").find("publish"), std::string::npos);
  EXPECT_NE(refusal("http://cam/a").find("http:// addresses are not known"), std::string::npos);
  EXPECT_NE(refusal("front door").find("device:NAME"), std::string::npos);
  EXPECT_NE(refusal("rtsp://").find("no host"), std::string::npos);
  EXPECT_NE(refusal("rtsp:cam/a").find("two slashes"), std::string::npos);
  EXPECT_NE(refusal("rtsp://cam:0/a").find("65535"), std::string::npos);
  EXPECT_NE(refusal("rtsp://cam:65536/a").find("65535"), std::string::npos);
  EXPECT_NE(refusal("rtsp://cam:/a").find("65535"), std::string::npos);
  EXPECT_NE(refusal("rtsp://[fd00::1/a").find("bracket"), std::string::npos);
  EXPECT_NE(refusal("rtsp://[cam]/a").find("IPv6"), std::string::npos);
  EXPECT_NE(refusal("rtsp://[::1]x/a").find(":PORT"), std::string::npos);
  EXPECT_NE(refusal("rtsp://ca!m/a").find("host name"), std::string::npos);
  EXPECT_NE(refusal("rtsp://cam/a b").find("%20"), std::string::npos);
  EXPECT_NE(refusal("rtsp://a:50%@cam/a").find("%25"), std::string::npos);
  EXPECT_NE(refusal("rtsp://a:b%0d%0aX: y@cam/a").find("space"), std::string::npos);
  EXPECT_NE(refusal("rtsp://a:b%0d%0aX@cam/a").find("percent"), std::string::npos);
  EXPECT_NE(refusal("rtsp://cam/a\r\nX: y").find("control"), std::string::npos);
  EXPECT_NE(refusal("device: ").find("follow"), std::string::npos);
  EXPECT_NE(refusal("launch:").find("follow"), std::string::npos);
}

TEST(CameraSource, CountsCharactersNotBytes) {
  EXPECT_EQ(good("device:" + std::string(493, 'x')).device.size(), 493u);
  refusal("device:" + std::string(494, 'x'));
  std::string umlauts;
  for (int i = 0; i < 493; ++i)
    umlauts += "ü";
  EXPECT_EQ(good("device:" + umlauts).device, umlauts);
}

TEST(CameraSource, NeverShowsAPassword) {
  for (const char* text : {"http://admin:copper-thistle-31@cam/a", "rtsp://admin:copper-thistle-31@ca!m/a",
                           "rtsp://admin:copper-thistle-31%@cam/", "rtsp://admin:copper-thistle-31@cam:99999/",
                           "admin:copper-thistle-31@cam"}) {
    const std::string message = refusal(text);
    EXPECT_EQ(message.find("copper-thistle-31"), std::string::npos) << message;
  }
  const std::string shown = describe(good("rtsp://admin:copper-thistle-31@cam/a?token=copper-thistle-31"));
  EXPECT_EQ(shown.find("copper-thistle-31"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("admin"), std::string::npos) << shown;
  EXPECT_NE(shown.find("cam/a"), std::string::npos) << shown;
  EXPECT_EQ(describe(good("launch:rtspsrc user-pw=copper-thistle-31")), "launch:***");
  EXPECT_EQ(describe(good("device:Webcam")), "device:Webcam");
  EXPECT_EQ(describe(good("publish")), "publish");
  EXPECT_EQ(describe(good("test")), "test");
}

TEST(CameraSource, IsWrittenWithItsAddress) {
  EXPECT_EQ(url_by_address(good("rtsp://u:p@cam.lan/a?b=1"), "10.0.0.7"), "rtsp://10.0.0.7:554/a?b=1");
  EXPECT_EQ(url_by_address(good("rtsps://cam:8322?x=//y"), "fd00::1"), "rtsps://[fd00::1]:8322?x=//y");
  EXPECT_EQ(url_by_address(good("rtsp://[fd00::2]:99/a"), "fd00::2"), "rtsp://[fd00::2]:99/a");
  EXPECT_EQ(place_of(good("rtsp://Cam/a")), "cam:554");
  EXPECT_EQ(place_of(good("rtsp://[fd00::2]/a")), "[fd00::2]:554");
  EXPECT_EQ(place_of(good("test")), "");
  EXPECT_EQ(transport_of("udp"), CameraSource::Transport::udp);
  EXPECT_EQ(transport_of("auto"), CameraSource::Transport::automatic);
}

TEST(CameraSource, Compares) {
  EXPECT_EQ(good("rtsp://a:b@cam/x"), good("rtsp://a:b@cam/x"));
  EXPECT_NE(good("rtsp://a:b@cam/x"), good("rtsp://a:c@cam/x"));
  EXPECT_NE(good("publish"), good("test"));
}

}  // namespace
}  // namespace reallive::pipeline
