// Idle cameras: asked lightly, told apart from dead ones, and never held up by them.
#include <gst/gst.h>

#include "media/media_fixture.h"
#include "media/prober.h"
#include "media/rtsp_server.h"
#include "media/talking_camera.h"

namespace reallive::media::test {
namespace {

std::string silence(const std::string&) {
  return {};
}
std::string yes(const std::string& request) {
  return answer(request, "200 OK", {"Public: OPTIONS, DESCRIBE, SETUP, PLAY"});
}

class Probes : public MediaTest {};

TEST_F(Probes, AnIdleCameraIsOnlineWhileItAnswersAndOfflineWhenItDoesNot) {
  open({.probe_ms = 50});
  auto server = std::make_unique<RtspServer>();
  const int port = server->port();
  add("door", server->url());
  ASSERT_TRUE(wait_state("door", StreamState::idle)) << media->status("door").error;
  EXPECT_EQ(media->status("door").bytes_in, 0u) << "a probe plays nothing";
  server.reset();
  ASSERT_TRUE(wait_state("door", StreamState::offline));
  EXPECT_EQ(media->status("door").error, "no answer from 127.0.0.1:" + std::to_string(port));
  server = std::make_unique<RtspServer>(RtspServerOptions{.port = port});
  ASSERT_TRUE(wait_state("door", StreamState::idle));
  EXPECT_EQ(media->status("door").error, "");
}

TEST_F(Probes, AViewedCameraIsNotAskedAndItsStartIsMeasured) {
  open({.viewer_linger_ms = 1});
  const RtspServer server;
  add("door", server.url());
  ASSERT_TRUE(wait_state("door", StreamState::idle));
  EXPECT_FALSE(media->status("door").start_ms);
  const auto reply = view("door");
  ASSERT_TRUE(reply) << reply.error().message;
  ASSERT_TRUE(wait_state("door", StreamState::online));
  const auto took = media->status("door").start_ms;
  ASSERT_TRUE(took);
  EXPECT_LT(*took, 10'000u);
  media->end_session(reply->session);
  ASSERT_TRUE(wait_state("door", StreamState::idle));
  EXPECT_EQ(media->status("door").start_ms, took) << "the last time stays known";
}

TEST_F(Probes, ARefusedPasswordStaysSaidThoughTheCameraAnswers) {
  open({.viewer_linger_ms = 1, .probe_ms = 20});
  const RtspServer server(RtspServerOptions{.user = "admin", .password = "walnut-lantern-58"});
  add("locked", server.url("admin:copper-thistle-31@"));
  ASSERT_TRUE(wait_state("locked", StreamState::idle)) << "what answers 401 is there";
  EXPECT_EQ(code(view("locked")), "not-live");
  TalkingCamera other(yes);
  add("other", other.url());
  ASSERT_TRUE(run_until([&] { return other.requests("OPTIONS") >= 5; }));
  EXPECT_EQ(media->status("locked").state, StreamState::error);
  EXPECT_NE(media->status("locked").error.find("password refused"), std::string::npos);
}

TEST_F(Probes, TlsAndOtherProtocolsAreToldApart) {
  open({.probe_ms = 100});
  const RtspServer tls(RtspServerOptions{.tls = true});
  add("tls", tls.url());
  TalkingCamera web([](const std::string&) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  add("web", web.url());
  EXPECT_TRUE(wait_state("tls", StreamState::idle)) << media->status("tls").error;
  EXPECT_TRUE(run_until([&] { return media->status("web").error.find("does not speak RTSP") != std::string::npos; }))
      << media->status("web").error;
}

TEST_F(Probes, AllowsNoAddressOfTheServerItself) {
  open({.probe_ms = 50}, pipeline::AddressRule());
  TalkingCamera camera(yes);
  add("own", "rtsp://localhost:" + std::to_string(camera.port()) + "/x");
  ASSERT_TRUE(wait_state("own", StreamState::error));
  EXPECT_EQ(camera.connections(), 0);
}

TEST_F(Probes, DeadCamerasHoldUpNoLiveOne) {
  const pipeline::AddressRule loopback({*base::Network::parse("127.0.0.0/8")});
  Prober prober(loopback, {.at_once = 4, .suspects = 2});
  const TalkingCamera dead(silence);
  const TalkingCamera live(yes);
  const auto source_of = [](const std::string& url) { return *pipeline::parse_camera_source(url); };
  std::vector<std::unique_ptr<Prober::Ticket>> tickets;
  int died = 0;
  for (int i = 0; i < 20; ++i)
    tickets.push_back(prober.ask(source_of(dead.url()), true, [&](const PipelineFault*) { ++died; }));
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    tickets.push_back(prober.ask(source_of(live.url()), false, [&](const PipelineFault* fault) {
      EXPECT_EQ(fault, nullptr);
      ++answered;
    }));
  }
  EXPECT_EQ(prober.running(), 4u);
  EXPECT_TRUE(run_until([&] { return answered == 20; }, std::chrono::seconds(4)));
  EXPECT_EQ(died, 0) << "the dead ones are still being waited for";
  EXPECT_EQ(prober.running(), 2u);
  tickets.clear();
  EXPECT_EQ(prober.running(), 0u);
}

}  // namespace
}  // namespace reallive::media::test
