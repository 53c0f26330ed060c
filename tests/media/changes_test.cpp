// Settings that change while streams run: each counts at once, and touches nothing that it does not belong to.
#include <gst/gst.h>

#include "media/media_fixture.h"
#include "media/pipeline_runner.h"
#include "media/rtc_anchor.h"
#include "media/rtsp_server.h"
#include "media/talking_camera.h"
#include "support/taken_port.h"

namespace reallive::media::test {
namespace {

class Changes : public MediaTest {
 protected:
  void SetUp() override {
    config.webrtc_listen = listen;
    config.limits.connect_timeout_ms = 600'000;  // nobody connects here, and all stay
    config.allow = pipeline::AddressRule({*base::Network::parse("127.0.0.0/8")});
    open_as_it_is();
  }
  void open_as_it_is() {
    listen = config.webrtc_listen;
    open(config, config.allow);
    add("lobby", "test");
  }
  bool change() {
    auto address = media->open_address(config);
    said = address ? "" : address.error().message;
    if (address) media->reconfigure(config, std::move(*address));
    return address.has_value();
  }
  /// Where the answer will be.
  std::shared_ptr<std::optional<base::Result<SessionReply>>> ask(bool publishes, const std::string& stream) {
    auto reply = std::make_shared<std::optional<base::Result<SessionReply>>>();
    const auto done = [reply](base::Result<SessionReply> got) { *reply = std::move(got); };
    if (publishes)
      media->publish(stream, offer_of("chromium_publish"), done);
    else
      media->view(stream, offer_of("chromium_view"), done);
    return reply;
  }
  bool is_gone(const std::string& session) { return gone.count(session) > 0; }
  bool wait_gone(const std::string& session) {
    return run_until([&] { return is_gone(session); });
  }
  bool names(const SessionReply& reply, const std::string& address) {
    return reply.sdp.find(" " + address + " ") != std::string::npos;
  }

  Config config;
  std::string said;  // why the last change was refused
};

TEST_F(Changes, ACameraThatIsForbiddenNowEndsWithAReasonAndComesBackWhenItIsAllowed) {
  const RtspServer server;
  add("door", server.url());
  add("idle", server.url());
  const auto lobby = view("lobby"), door = view("door");
  ASSERT_TRUE(lobby && door);
  ASSERT_TRUE(wait_state("door", StreamState::online));
  ASSERT_TRUE(wait_state("idle", StreamState::idle));

  config.allow = {};
  ASSERT_TRUE(change()) << said;
  ASSERT_TRUE(wait_gone(door->session));
  EXPECT_NE(gone[door->session].find("127.0.0.1 is no address for a camera"), std::string::npos) << gone[door->session];
  for (const char* camera : {"door", "idle"}) {
    ASSERT_TRUE(wait_state(camera, StreamState::error)) << camera;
    EXPECT_NE(media->status(camera).error.find("the setting sources.allow can permit it"), std::string::npos)
        << media->status(camera).error;
  }
  EXPECT_EQ(code(view("door")), "not-live");
  EXPECT_FALSE(is_gone(lobby->session)) << gone[lobby->session];

  config.allow = pipeline::AddressRule({*base::Network::parse("127.0.0.1")});
  ASSERT_TRUE(change()) << said;
  EXPECT_TRUE(wait_state("idle", StreamState::idle)) << media->status("idle").error;
  EXPECT_EQ(code(view("door")), "answered") << media->status("door").error;
  EXPECT_FALSE(is_gone(lobby->session)) << gone[lobby->session];
}

TEST_F(Changes, ACameraThatIsWantedAlwaysIsTriedAgainAsSoonAsItIsAllowed) {
  config.allow = {};
  config.source_back_off_ms = 600'000;  // longer than this test
  open_as_it_is();
  const RtspServer server;
  add("door", server.url(), false);
  ASSERT_TRUE(wait_state("door", StreamState::error));
  config.allow = pipeline::AddressRule({*base::Network::parse("127.0.0.1")});
  ASSERT_TRUE(change()) << said;
  EXPECT_TRUE(wait_state("door", StreamState::online)) << media->status("door").error;
}

TEST_F(Changes, AnnouncedAddressesAreInTheNextAnswer) {
  const auto before = view("lobby");
  ASSERT_TRUE(before);
  EXPECT_TRUE(names(*before, "127.0.0.1")) << before->sdp;
  config.announced_addresses = {"203.0.113.9"};
  ASSERT_TRUE(change()) << said;
  const auto after = view("lobby");
  ASSERT_TRUE(after);
  EXPECT_TRUE(names(*after, "203.0.113.9") && !names(*after, "127.0.0.1")) << after->sdp;
  EXPECT_FALSE(is_gone(before->session));
}

TEST_F(Changes, AnnouncedAddressesAreInTheAnswerToARestart) {
  add("stage", "publish");
  const auto publisher = publish("stage"), viewer = view("lobby");
  ASSERT_TRUE(publisher && viewer);
  config.announced_addresses = {"203.0.113.9"};
  ASSERT_TRUE(change()) << said;
  for (const auto& session : {publisher->session, viewer->session}) {
    const auto restarted =
        media->restart_ice(session, "a=ice-ufrag:anew\r\na=ice-pwd:0123456789012345678901\r\na=mid:0\r\n");
    ASSERT_TRUE(restarted) << restarted.error().message;
    EXPECT_NE(restarted->find(" 203.0.113.9 "), std::string::npos) << *restarted;
    EXPECT_EQ(restarted->find(" 127.0.0.1 "), std::string::npos) << *restarted;
  }
}

TEST_F(Changes, LimitsCountForTheNextSession) {
  const auto first = view("lobby");
  ASSERT_TRUE(first);
  config.limits.max_sessions = 1;
  ASSERT_TRUE(change()) << said;
  EXPECT_EQ(code(view("lobby")), "too-many-sessions");
  EXPECT_FALSE(is_gone(first->session));
  config.limits.max_sessions = 2;
  config.limits.connect_timeout_ms = 100;
  ASSERT_TRUE(change()) << said;
  const auto second = view("lobby");
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_TRUE(wait_gone(second->session));
  EXPECT_EQ(gone[second->session], "connect-timeout");
}

TEST_F(Changes, AnotherAddressEndsSessionsInWordsAndAWrongOneChangesNothing) {
  const uint16_t port = media->webrtc_port();
  const auto first = view("lobby");
  ASSERT_TRUE(first);
  config.webrtc_listen = "192.0.2.77:9";
  EXPECT_FALSE(change());
  EXPECT_NE(said.find("192.0.2.77:9"), std::string::npos) << said;
  EXPECT_EQ(media->webrtc_port(), port);
  EXPECT_FALSE(is_gone(first->session));

  config.webrtc_listen = "127.0.0.2:0";
  ASSERT_TRUE(change()) << said;
  EXPECT_TRUE(is_gone(first->session));
  EXPECT_EQ(gone[first->session], "the server's address for WebRTC has changed");
  const auto second = view("lobby");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(names(*second, "127.0.0.2 " + std::to_string(media->webrtc_port()))) << second->sdp;
}

TEST_F(Changes, AnAddressThatAnotherProgramHasIsRefusedAndNothingChanges) {
  const uint16_t port = media->webrtc_port();
  const std::string same_port = ":" + std::to_string(port);
  const reallive::test::TakenPort taken(SOCK_DGRAM, "127.0.0.2", port);
  const auto first = view("lobby");
  ASSERT_TRUE(first);
  config.limits.max_sessions = 1;
  for (const std::string& address : {"127.0.0.2" + same_port, "0.0.0.0" + same_port, same_port}) {
    config.webrtc_listen = address;
    EXPECT_FALSE(change()) << address;
    EXPECT_NE(said.find(same_port + ": Address already in use"), std::string::npos) << said;
    EXPECT_EQ(media->webrtc_port(), port);
  }
  EXPECT_FALSE(is_gone(first->session)) << gone[first->session];
  const auto second = view("lobby");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(names(*second, "127.0.0.1 " + std::to_string(port))) << second->sdp;
}

TEST_F(Changes, AnAddressThatIsNotTakenOverCloses) {
  const uint16_t port = media->webrtc_port();
  const auto first = view("lobby");
  ASSERT_TRUE(first);
  config.webrtc_listen = "127.0.0.2:0";
  auto address = media->open_address(config);
  ASSERT_TRUE(address) << address.error().message;
  const uint16_t other = (*address)->port();
  address->reset();
  ASSERT_TRUE(run_until([&] { return PipelineRunner::stopping() == 0; }));
  const reallive::test::TakenPort free(SOCK_DGRAM, "127.0.0.2", other);
  EXPECT_EQ(media->webrtc_port(), port);
  EXPECT_FALSE(is_gone(first->session)) << gone[first->session];
}

TEST_F(Changes, TheSamePortAtAnotherAddressIsTakenOverWithoutAGap) {
  config.webrtc_listen = "0.0.0.0:0";
  open_as_it_is();
  const uint16_t port = media->webrtc_port();
  // A stream that ends slowly: the former socket is still open.
  const auto slow = RtcAnchor::open({config.webrtc_listen, ""});
  ASSERT_TRUE(slow);
  ASSERT_EQ((*slow)->port(), port);
  for (const char* host : {"127.0.0.1", "0.0.0.0", "", "127.0.0.1"}) {
    const auto before = view("lobby");
    ASSERT_TRUE(before) << before.error().message;
    config.webrtc_listen = std::string(host) + ":" + std::to_string(port);
    ASSERT_TRUE(change()) << said;
    EXPECT_TRUE(is_gone(before->session));
    EXPECT_EQ(media->webrtc_port(), port) << "at once";
  }
  const auto reply = view("lobby");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_TRUE(names(*reply, "127.0.0.1 " + std::to_string(port))) << reply->sdp;
  config.webrtc_listen = "192.0.2.77:" + std::to_string(port);
  EXPECT_FALSE(change()) << "this machine does not have it";
  EXPECT_FALSE(is_gone(reply->session));
}

TEST_F(Changes, WhoComesWhileTheAddressMovesIsAnsweredAtTheNewOne) {
  config.webrtc_listen = "0.0.0.0:0";
  open_as_it_is();
  const std::string port = std::to_string(media->webrtc_port());
  add("stage", "publish");
  const auto former = publish("stage");
  ASSERT_TRUE(former) << former.error().message;
  EXPECT_TRUE(media->end_session(former->session));
  const auto publisher = ask(true, "stage"), viewer = ask(false, "lobby");
  ASSERT_FALSE(*publisher || *viewer) << "one waits for the former publisher's end, one for the source's start";
  config.webrtc_listen = "127.0.0.1:" + port;
  ASSERT_TRUE(change()) << said;
  ASSERT_TRUE(run_until([&] { return *publisher && *viewer; }));
  for (const auto& reply : {publisher, viewer}) {
    ASSERT_TRUE(**reply) << (*reply)->error().message;
    EXPECT_TRUE(names(***reply, "127.0.0.1 " + port)) << (**reply)->sdp;
    EXPECT_FALSE(is_gone((**reply)->session));
  }
}

TEST_F(Changes, LimitsHoldAtAnAddressThatIsOpenAlready) {
  const auto open = RtcAnchor::open({"127.0.0.2:0", ""});  // with limits of its own
  ASSERT_TRUE(open) << open.error().message;
  config.webrtc_listen = "127.0.0.2:0";
  config.limits.max_sessions = 1;
  ASSERT_TRUE(change()) << said;
  ASSERT_EQ(media->webrtc_port(), (*open)->port());
  EXPECT_EQ(code(view("lobby")), "answered");
  EXPECT_EQ(code(view("lobby")), "too-many-sessions");
  config.limits.max_sdp_bytes = 1024;
  ASSERT_TRUE(change()) << said;
  EXPECT_EQ(code(view("lobby")), "bad-offer");
}

TEST_F(Changes, AnOnDemandSourceRunsOnAsLongAsItShallNow) {
  config.viewer_linger_ms = 600'000;
  open_as_it_is();
  const auto reply = view("lobby");
  ASSERT_TRUE(reply);
  media->end_session(reply->session);
  ASSERT_TRUE(wait_state("lobby", StreamState::online));
  config.viewer_linger_ms = 1;
  ASSERT_TRUE(change()) << said;
  EXPECT_TRUE(wait_state("lobby", StreamState::idle));
}

TEST_F(Changes, TheNextViewerWaitsAsLongAsHeShallNow) {
  config.start_limit_ms = 600'000;
  open_as_it_is();
  TalkingCamera silent([](const std::string&) { return std::string(); });
  add("silent", silent.url());
  config.start_limit_ms = 100;
  ASSERT_TRUE(change()) << said;
  EXPECT_EQ(code(view("silent")), "not-live");
}

TEST_F(Changes, IdleCamerasAreAskedAsOftenAsTheyShallBeNow) {
  config.probe_ms = 0;
  open_as_it_is();
  TalkingCamera camera([](const std::string& request) { return answer(request, "200 OK"); });
  add("door", camera.url());
  config.probe_ms = 20;
  ASSERT_TRUE(change()) << said;
  EXPECT_TRUE(run_until([&] { return camera.requests("OPTIONS") >= 3; }));
  EXPECT_TRUE(wait_state("door", StreamState::idle));
}

}  // namespace
}  // namespace reallive::media::test
