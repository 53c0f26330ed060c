#include <arpa/inet.h>
#include <gst/gst.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/media_fixture.h"
#include "media/pipeline_runner.h"
#include "media/rtsp_server.h"

namespace reallive::media::test {
namespace {

class Sources : public MediaTest {};

TEST_F(Sources, NoMoreSessionsThanTheLimitAllows) {
  open({.limits = {.max_sessions = 1}});
  add("demo", "test");
  const auto first = view("demo");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(code(view("demo")), "too-many-sessions");
  media->end_session(first->session);
  EXPECT_TRUE(run_until([&] { return code(view("demo")) == "answered"; })) << "and there is room again";
}

TEST_F(Sources, TheTestCameraRunsOnlyWhileWatched) {
  open({.viewer_linger_ms = 50});
  add("demo", "test");
  EXPECT_EQ(media->status("demo").bytes_in, 0u);
  const auto reply = view("demo");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_NE(reply->sdp.find("m=video"), std::string::npos);
  EXPECT_NE(reply->sdp.find("H264/90000"), std::string::npos);
  EXPECT_NE(reply->sdp.find("opus/48000"), std::string::npos);
  ASSERT_TRUE(run_until([&] { return media->status("demo").fps > 20; }));
  const StreamStatus status = media->status("demo");
  EXPECT_EQ(status.state, StreamState::online);
  EXPECT_EQ(status.video_codec, "H264");
  EXPECT_EQ(status.audio_codec, "opus");
  EXPECT_EQ(status.width, 1280);
  EXPECT_EQ(status.height, 720);
  EXPECT_EQ(status.viewers, 1u);
  EXPECT_GT(status.bitrate, 100'000);
  ASSERT_EQ(media->sessions().size(), 1u);
  EXPECT_EQ(media->sessions()[0].kind, "view");
  EXPECT_EQ(media->sessions()[0].stream, "demo");
  EXPECT_TRUE(media->end_session(reply->session));
  EXPECT_TRUE(run_until([&] { return gone.count(reply->session) == 1; }));
  EXPECT_FALSE(media->end_session(reply->session));
  EXPECT_TRUE(run_until([&] { return media->status("demo").bytes_in == 0; })) << "still running";
  EXPECT_TRUE(run_until([] { return PipelineRunner::stopping() == 0; }));
}

TEST_F(Sources, ComingBackAtOnceFindsNoTrouble) {
  open({.viewer_linger_ms = 1});
  const RtspServer server;
  add("demo", "test");
  add("door", server.url());
  for (const std::string stream : {"demo", "door"}) {
    for (int i = 0; i < 5; ++i) {
      const auto reply = view(stream);
      ASSERT_TRUE(reply) << stream << " " << i << ": " << reply.error().message;
      ASSERT_TRUE(media->end_session(reply->session));
      ASSERT_TRUE(run_until([&] { return media->status(stream).bytes_in == 0; }));
    }
    EXPECT_TRUE(errors[stream].empty()) << errors[stream].front();
  }
}

TEST_F(Sources, AnRtspCameraComesDropsAndComesBack) {
  auto server = std::make_unique<RtspServer>();
  const int port = server->port();
  add("door", server->url(), false);
  ASSERT_TRUE(wait_state("door", StreamState::online));
  ASSERT_TRUE(run_until([&] { return media->status("door").width > 0; }));
  EXPECT_EQ(media->status("door").video_codec, "H264");
  EXPECT_EQ(media->status("door").width, 320);
  const auto reply = view("door");
  ASSERT_TRUE(reply) << reply.error().message;

  server.reset();
  ASSERT_TRUE(wait_state("door", StreamState::error));
  EXPECT_NE(media->status("door").error.find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << media->status("door").error;
  EXPECT_TRUE(gone.empty()) << "viewers stay";

  server = std::make_unique<RtspServer>(RtspServerOptions{.port = port});
  ASSERT_EQ(server->port(), port);
  ASSERT_TRUE(wait_state("door", StreamState::online));
  EXPECT_TRUE(media->status("door").error.empty());
  EXPECT_TRUE(view("door"));
  EXPECT_FALSE(had_error("door", "already")) << "two pipelines at once";
}

TEST_F(Sources, SoundOfAnRtspCameraIsThereForTheFirstViewer) {
  // Sound comes well before the first picture.
  const RtspServer server(RtspServerOptions{
      .launch =
          "( audiotestsrc is-live=true ! opusenc ! rtpopuspay name=pay1 pt=97 "
          "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=5/1 "
          "! x264enc speed-preset=ultrafast bframes=0 rc-lookahead=8 key-int-max=5 ! rtph264pay name=pay0 pt=96 )"});
  add("both", server.url());
  const auto reply = view("both");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_NE(reply->sdp.find("H264/90000"), std::string::npos) << reply->sdp;
  EXPECT_NE(reply->sdp.find("opus/48000"), std::string::npos) << reply->sdp;
}

TEST_F(Sources, ARefusedPasswordIsToldInWords) {
  const RtspServer server(RtspServerOptions{.user = "admin", .password = "walnut-lantern-58"});
  add("locked", server.url("admin:copper-thistle-31@"));
  const auto reply = view("locked");
  ASSERT_EQ(code(reply), "not-live");
  EXPECT_NE(reply.error().message.find("password"), std::string::npos) << reply.error().message;
  EXPECT_EQ(media->status("locked").state, StreamState::error);
  for (const auto& error : errors["locked"])
    EXPECT_EQ(error.find("copper-thistle-31"), std::string::npos) << error;

  add("open", server.url("admin:walnut-lantern-58@"));
  EXPECT_TRUE(view("open"));
}

TEST_F(Sources, AMissingStreamAndASilentCameraAreToldApart) {
  const RtspServer server;
  add("missing", "rtsp://127.0.0.1:" + std::to_string(server.port()) + "/other");
  const auto missing = view("missing");
  EXPECT_EQ(code(missing), "not-live");
  EXPECT_NE(missing.error().message.find("no such stream"), std::string::npos) << missing.error().message;

  add("nobody", "rtsp://127.0.0.1:1/camera");
  const auto nobody = view("nobody");
  EXPECT_EQ(code(nobody), "not-live");
  EXPECT_NE(nobody.error().message.find("no answer"), std::string::npos) << nobody.error().message;
}

// A port that accepts and says nothing.
class DeafPort {
 public:
  DeafPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~DeafPort() { ::close(socket_); }
  int port() const { return port_; }

 private:
  int socket_;
  int port_ = 0;
};

TEST_F(Sources, ADeafCameraHoldsNobodyUp) {
  open({.viewer_linger_ms = 10, .start_limit_ms = 300});
  const DeafPort port;
  add("deaf", "rtsp://127.0.0.1:" + std::to_string(port.port()) + "/camera");
  using Steady = std::chrono::steady_clock;
  const auto before = Steady::now();
  EXPECT_EQ(code(view("deaf")), "not-live");
  EXPECT_LT(Steady::now() - before, std::chrono::seconds(3));
  const auto stop = Steady::now();
  media->remove_source("deaf");
  EXPECT_LT(Steady::now() - stop, std::chrono::milliseconds(200)) << "the main loop waited for the network";
  media->shutdown();
  EXPECT_LT(Steady::now() - stop, std::chrono::milliseconds(2'500));
}

TEST_F(Sources, ALaunchLineIsACameraRawOrEncoded) {
  add("raw", "launch:videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1");
  add("encoded",
      "launch:videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1 "
      "! x264enc tune=zerolatency");
  for (const char* stream : {"raw", "encoded"}) {
    const auto reply = view(stream);
    ASSERT_TRUE(reply) << stream << ": " << reply.error().message;
    EXPECT_NE(reply->sdp.find("H264/90000"), std::string::npos);
    EXPECT_EQ(media->status(stream).width, 160);
  }
}

TEST_F(Sources, AMistakeInALaunchLineIsTold) {
  const std::map<std::string, std::string> mistakes = {
      {"launch:nosuchsrc", "nosuchsrc"},
      {"launch:videotestsrc ! fakesink", "could not link"},
      {"launch:audiotestsrc", "neither raw video nor H.264"},
      {"launch:videotestsrc pattern=copper-thistle-31", "does not fit"}};
  int number = 0;
  for (const auto& [line, words] : mistakes) {
    const std::string stream = "wrong-" + std::to_string(number++);
    add(stream, line);
    const auto reply = view(stream);
    EXPECT_EQ(code(reply), "not-live") << line;
    EXPECT_NE(reply.error().message.find(words), std::string::npos) << reply.error().message;
    EXPECT_EQ(reply.error().message.find("copper-thistle-31"), std::string::npos) << reply.error().message;
  }
}

TEST_F(Sources, RefusesWithItsCodes) {
  add("demo", "test");
  add("open", "publish");
  EXPECT_EQ(code(view("nowhere")), "no-such-stream");
  EXPECT_EQ(code(publish("nowhere")), "no-such-stream");
  EXPECT_EQ(code(publish("demo")), "not-publishable");
  EXPECT_EQ(code(view("open")), "not-live");
  EXPECT_EQ(code(view("demo", "this is no SDP")), "bad-offer");
  EXPECT_FALSE(media->trickle("nobody", "a=candidate"));
  EXPECT_EQ(media->restart_ice("nobody", "x").error().code, "no-such-session");
  EXPECT_GT(media->webrtc_port(), 0);
}

TEST_F(Sources, RemovingASourceEndsItsSessions) {
  add("demo", "test");
  const auto reply = view("demo");
  ASSERT_TRUE(reply);
  media->remove_source("demo");
  EXPECT_TRUE(run_until([&] { return gone.count(reply->session) == 1; }));
  EXPECT_EQ(code(view("demo")), "no-such-stream");
  EXPECT_TRUE(run_until([] { return PipelineRunner::stopping() == 0; }));
}

}  // namespace
}  // namespace reallive::media::test
