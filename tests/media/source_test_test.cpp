// A source tried once: what comes, a picture of it, or what is wrong, in words.
#include <gst/gst.h>

#include "media/media_fixture.h"
#include "media/pipeline_runner.h"
#include "media/rtsp_server.h"
#include "media/talking_camera.h"

namespace reallive::media::test {
namespace {

class SourceTests : public MediaTest {
 protected:
  SourceTestResult try_source(const std::string& url) {
    std::optional<SourceTestResult> result;
    const bool started =
        media->test_source(*pipeline::parse_camera_source(url), [&](const SourceTestResult& got) { result = got; });
    EXPECT_TRUE(started);
    EXPECT_TRUE(run_until([&] { return result.has_value(); })) << url;
    return result.value_or(SourceTestResult{});
  }
};

TEST_F(SourceTests, ACameraThatWorksShowsItself) {
  const RtspServer server(RtspServerOptions{
      .launch = "( videotestsrc is-live=true ! video/x-raw,width=1280,height=720,framerate=15/1 "
                "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 "
                "audiotestsrc is-live=true ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! alawenc "
                "! rtppcmapay name=pay1 pt=8 )",
      .user = "admin",
      .password = "walnut-lantern-58",
      .digest = true});
  const SourceTestResult result = try_source(server.url("admin:walnut-lantern-58@"));
  EXPECT_TRUE(result.ok) << result.message;
  EXPECT_EQ(result.code, "ok");
  EXPECT_EQ(result.status.video_codec, "H264");
  EXPECT_EQ(result.status.audio_codec, "PCMA");
  EXPECT_EQ(result.status.width, 1280);
  EXPECT_EQ(result.status.height, 720);
  EXPECT_NEAR(result.status.fps, 15, 5);
  const std::string prefix = "data:image/jpeg;base64,/9j/";  // FF D8 FF: a JPEG begins
  ASSERT_TRUE(result.picture.starts_with(prefix)) << result.picture.substr(0, 40);
  gsize size = 0;
  const CString jpeg(reinterpret_cast<char*>(g_base64_decode(result.picture.c_str() + 23, &size)));
  // The frame header (SOF0) says the size: at most 640 wide, and not squeezed.
  const std::string bytes(jpeg.get(), size);
  const size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  const auto word = [&](size_t at) {
    return static_cast<uint8_t>(bytes[frame + at]) * 256 + static_cast<uint8_t>(bytes[frame + at + 1]);
  };
  EXPECT_EQ(word(7), 640);
  EXPECT_EQ(word(5), 360);
  EXPECT_TRUE(run_until([] { return PipelineRunner::stopping() == 0; }));
}

TEST_F(SourceTests, WhatIsWrongIsSaid) {
  const RtspServer locked(RtspServerOptions{.user = "admin", .password = "walnut-lantern-58"});
  const TalkingCamera mute([](const std::string& request) {
    return answer(request, "200 OK", {"Content-Type: application/sdp"},
                  "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:track\r\n");
  });
  const RtspServer open_one;
  const std::string missing = "rtsp://127.0.0.1:" + std::to_string(open_one.port()) + "/other";
  const std::map<std::string, std::string> codes = {{locked.url("admin:copper-thistle-31@"), "password_refused"},
                                                    {"rtsp://127.0.0.1:1/x", "no_answer"},
                                                    {"rtsp://[::1]/x", "not_allowed"},
                                                    {missing, "not_found"},
                                                    {mute.url(), "no_video"},
                                                    {"publish", "unsupported"}};
  for (const auto& [url, code] : codes) {
    const SourceTestResult result = try_source(url);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.code, code) << url << ": " << result.message;
    EXPECT_FALSE(result.message.empty());
    EXPECT_EQ(result.message.find("copper-thistle-31"), std::string::npos);
    EXPECT_EQ(result.picture, "");
  }
}

TEST_F(SourceTests, TwoRunAtOnceAndNoMore) {
  const TalkingCamera deaf([](const std::string&) { return std::string(); });
  int ended = 0;
  const auto source = *pipeline::parse_camera_source(deaf.url());
  const auto count = [&](const SourceTestResult& result) {
    EXPECT_EQ(result.code, "no_answer") << result.message;
    ++ended;
  };
  EXPECT_TRUE(media->test_source(source, count));
  EXPECT_TRUE(media->test_source(source, count));
  EXPECT_FALSE(media->test_source(source, count));
  EXPECT_TRUE(run_until([&] { return ended == 2; }));
  EXPECT_TRUE(media->test_source(source, count)) << "places are free again";
}

}  // namespace
}  // namespace reallive::media::test
