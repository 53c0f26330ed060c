// Settings of media, signalling and logins in the running server: changed through the API or the file, each counts at
// once and leaves what runs alone.
#include <gmock/gmock.h>
#include <sstream>

#include "app/settings_fixture.h"
#include "media/talking_camera.h"
#include "support/taken_port.h"
#include "support/wait.h"

namespace reallive::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class LiveSettingsTest : public SettingsTest {
 protected:
  void SetUp() override {
    SettingsTest::SetUp();
    add("lobby", "test");
    write_file("");
    start();
  }
  void add(const std::string& name, const std::string& source) {
    const auto added = test::run({"reallive", "camera", "add", name, "--source", source, "--data", data_});
    ASSERT_EQ(added.exit_code, 0) << added.output;
  }
  /// The server's file, with `more` after what it needs.
  void write_file(const std::string& more) {
    const char* const patience = more.find("connect_timeout_s") == std::string::npos
                                     ? "webrtc.connect_timeout_s = 600\n"  // nobody connects here, and all stay
                                     : "";
    std::ofstream(file_) << "http.listen = \"127.0.0.1:0\"\nwebrtc.listen = \"127.0.0.1:0\"\n" << patience << more;
  }
  void hang_up(const std::string& word) {
    const size_t before = server_->output().size();
    server_->signal(SIGHUP);
    ASSERT_TRUE(test::eventually([&] { return server_->output().find(word, before) != std::string::npos; }))
        << server_->output();
  }
  /// A viewer's offer; nobody connects.
  test::HttpAnswer view(const std::string& stream) {
    std::ifstream file(std::string(std::getenv("REALLIVE_SOURCE_ROOT")) + "/tests/rtc/offers/chromium_view.sdp");
    std::stringstream offer;
    offer << file.rdbuf();
    return test::HttpClient(port_).request(
        "POST", "/whep/" + stream,
        {{"Authorization", "Basic YW5uOnRhbmdlcmluZS1oYXJib3VyLTQy"}, {"Content-Type", "application/sdp"}},
        offer.str());
  }
  std::string active_sessions() { return ask("GET", "/api/v1/sessions?status=active").body; }
  size_t count_active() { return Json::parse(active_sessions()).value_or(Json()).get("items").size(); }
  int webrtc_port() {
    const std::string output = server_->output(), line = "listening webrtc 127.0.0.1:";
    return std::stoi(output.substr(output.rfind(line) + line.size()));
  }
  void set(const std::string& body) {
    const auto answer = put(body);
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
};

TEST_F(LiveSettingsTest, NothingThatIsThereWaitsForARestart) {
  for (const char* section : {"webrtc.", "sources.", "sessions.", "auth.", "streams."}) {
    const auto items = Json::parse(ask("GET", "/api/v1/settings").body).value_or(Json()).get("items");
    size_t seen = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string key = items.at(i).get_string("key").value_or("");
      if (key.rfind(section, 0) != 0) continue;
      ++seen;
      EXPECT_EQ(items.at(i).get_string("applies"), "now") << key;
    }
    EXPECT_GT(seen, 0u) << section;
  }
  EXPECT_EQ(setting("rtsp.listen").get_string("applies"), "restart");
}

TEST_F(LiveSettingsTest, WebrtcCountsFromTheNextSessionOn) {
  ASSERT_EQ(view("lobby").status, 201);
  set(R"({"webrtc.announce":["203.0.113.9"],"webrtc.stun":["stun:stun.example.org:3478"],
          "webrtc.turn":["turn:turn.example.org:3478"],"webrtc.turn_secret":"north","webrtc.turn_ttl":600,
          "webrtc.max_sessions":2,"webrtc.handshakes_per_second":7})");
  const auto second = view("lobby");
  ASSERT_EQ(second.status, 201) << second.body;
  EXPECT_THAT(second.body, AllOf(HasSubstr("203.0.113.9"), Not(HasSubstr(" 127.0.0.1 "))));
  std::string links;
  for (const auto& [name, value] : second.headers)
    if (name == "Link" || name == "link") links += value + "\n";
  EXPECT_THAT(links, AllOf(HasSubstr("stun:stun.example.org:3478"), HasSubstr("turn:turn.example.org:3478")));
  EXPECT_EQ(view("lobby").status, 503) << "two are enough";
  set(R"({"webrtc.max_sdp_bytes":1024,"webrtc.max_packet_bytes":1400})");
  EXPECT_EQ(view("lobby").status, 413) << "longer than that";
  set(R"({"webrtc.max_sdp_bytes":null})");
  EXPECT_EQ(count_active(), 2u) << active_sessions();

  EXPECT_EQ(put(R"({"webrtc.max_sessions":3,"webrtc.announce":["here"]})").status, 400);
  EXPECT_EQ(put(R"({"webrtc.max_sessions":3,"webrtc.listen":"192.0.2.77:9"})").status, 400);
  EXPECT_EQ(put(R"({"webrtc.max_sessions":3,"webrtc.listen":"off"})").status, 400);
  EXPECT_EQ(view("lobby").status, 503) << "a wrong value next to it changes nothing";
  EXPECT_EQ(count_active(), 2u) << active_sessions();

  write_file("webrtc.connect_timeout_s = 1\nwebrtc.max_sessions = 1\n");
  hang_up("the settings were read anew");
  set(R"({"webrtc.max_sessions":3})");
  ASSERT_EQ(view("lobby").status, 201);
  EXPECT_TRUE(test::eventually([&] { return count_active() <= 2; })) << active_sessions();
}

TEST_F(LiveSettingsTest, TheWebrtcAddressMoves) {
  ASSERT_EQ(view("lobby").status, 201);
  set(R"({"log.level":"info","auth.token_hours":3})");
  EXPECT_EQ(count_active(), 1u) << "what does not touch it leaves it alone";
  std::ofstream(file_) << "http.listen = \"127.0.0.1:0\"\nwebrtc.listen = \"127.0.0.2:0\"\n";
  hang_up("WebRTC media has another address");
  EXPECT_TRUE(test::eventually([&] { return count_active() == 0; })) << active_sessions();
  EXPECT_THAT(ask("GET", "/api/v1/sessions").body, HasSubstr("the server's address for WebRTC has changed"));
  EXPECT_THAT(view("lobby").body, HasSubstr(" 127.0.0.2 "));
}

TEST_F(LiveSettingsTest, AWebrtcAddressThatAnotherProgramHasIsRefused) {
  ASSERT_EQ(view("lobby").status, 201);
  const int port = webrtc_port();
  const test::TakenPort taken(SOCK_DGRAM, "127.0.0.2", port);
  const std::string address = "127.0.0.2:" + std::to_string(port);
  const auto refused = put(R"({"auth.token_hours":5,"webrtc.listen":")" + address + "\"}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(fault(refused), "webrtc.listen") << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("cannot listen on UDP " + address + ": Address already in use"));
  EXPECT_EQ(setting("auth.token_hours").get("value"), Json(24));
  EXPECT_EQ(setting("webrtc.listen").get("value"), Json("127.0.0.1:0"));
  EXPECT_FALSE(std::filesystem::exists(data_ + "/settings.toml"));
  std::ofstream(file_) << "http.listen = \"127.0.0.1:0\"\nwebrtc.listen = \"" << address << "\"\n";
  hang_up("the settings before stay in use");
  EXPECT_THAT(server_->output(), HasSubstr(address + ": Address already in use"));

  EXPECT_EQ(count_active(), 1u) << active_sessions();
  EXPECT_THAT(view("lobby").body, HasSubstr(" 127.0.0.1 " + std::to_string(port) + " "));
}

TEST_F(LiveSettingsTest, TheServersOwnUdpPortIsInNobodysWay) {
  const std::string port = std::to_string(webrtc_port());
  for (const char* host : {"0.0.0.0", "", "127.0.0.1"}) {
    set(R"({"webrtc.listen":")" + std::string(host) + ":" + port + "\"}");
    const auto answer = view("lobby");
    ASSERT_EQ(answer.status, 201) << host << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(" " + port + " typ host"));
  }
}

TEST_F(LiveSettingsTest, AnAddressThatIsRefusedLeavesTheOneNextToItAlone) {
  ASSERT_EQ(view("lobby").status, 201);
  const test::TakenPort taken(SOCK_STREAM, "127.0.0.1", 0);
  const auto refused =
      put(R"({"webrtc.listen":"127.0.0.2:0","http.listen":"127.0.0.1:)" + std::to_string(taken.port()) + "\"}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(fault(refused), "http.listen") << refused.body;
  EXPECT_EQ(count_active(), 1u) << ask("GET", "/api/v1/sessions").body;
  EXPECT_THAT(server_->output(), Not(HasSubstr("WebRTC media has another address")));
  EXPECT_THAT(view("lobby").body, HasSubstr(" 127.0.0.1 "));
  EXPECT_FALSE(std::filesystem::exists(data_ + "/settings.toml"));
}

TEST_F(LiveSettingsTest, SourcesFollowTheirNetworksAtOnce) {
  media::test::TalkingCamera camera([](const std::string& request) { return media::test::answer(request, "200 OK"); });
  const std::string door = R"({"name":"door","source":{"url":")" + camera.url() + "\"}}";
  ASSERT_EQ(view("lobby").status, 201);
  EXPECT_EQ(ask("POST", "/api/v1/cameras", door).status, 403);
  EXPECT_EQ(put(R"({"sources.allow":["127.0.0.0/99"]})").status, 400);
  set(R"({"sources.allow":["127.0.0.0/8"],"sources.probe_seconds":1})");
  const auto made = ask("POST", "/api/v1/cameras", door);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string status = "/api/v1/cameras/" + Json::parse(made.body).value().get_string("id").value() + "/status";
  EXPECT_TRUE(test::eventually([&] { return camera.requests("OPTIONS") >= 2; })) << "asked every second now";
  set(R"({"sources.allow":null})");
  EXPECT_TRUE(test::eventually([&] {
    return ask("GET", status).body.find("the setting sources.allow can permit it") != std::string::npos;
  })) << ask("GET", status).body;
  EXPECT_EQ(ask("POST", "/api/v1/cameras", R"({"name":"hall","source":{"url":")" + camera.url() + "\"}}").status, 403);
  EXPECT_EQ(count_active(), 1u) << active_sessions();

  const std::string line = R"({"name":"line","source":{"url":"launch:videotestsrc"}})";
  EXPECT_EQ(ask("POST", "/api/v1/cameras", line).status, 403);
  write_file("sources.launch = true\n");
  hang_up("the settings were read anew");
  EXPECT_EQ(ask("POST", "/api/v1/cameras", line).status, 201);
}

TEST_F(LiveSettingsTest, LoginsAndStreamsTakeTheirTimes) {
  const std::string login = R"({"username":"ann","password":"tangerine-harbour-42"})";
  set(R"({"auth.token_hours":2,"streams.start_limit_ms":100,"streams.linger_ms":3600000,"sources.allow":["127.0.0.1"]})");
  const Json opened = Json::parse(ask("POST", "/api/v1/auth/login", login).body).value_or(Json());
  EXPECT_EQ(opened.get("expiresIn"), Json(7200)) << opened.dump();

  media::test::TalkingCamera silent([](const std::string&) { return std::string(); });
  ASSERT_EQ(ask("POST", "/api/v1/cameras", R"({"name":"door","source":{"url":")" + silent.url() + "\"}}").status, 201);
  EXPECT_EQ(view("door").status, 409) << "a tenth of a second, not ten";

  set(R"({"streams.start_limit_ms":null})");
  const auto watched = view("lobby");
  ASSERT_EQ(watched.status, 201) << watched.body;
  EXPECT_EQ(ask("DELETE", watched.header("Location")).status, 200);
  const auto idle = [&] {
    const auto items = Json::parse(ask("GET", "/api/v1/cameras").body).value_or(Json()).get("items");
    for (size_t i = 0; i < items.size(); ++i)
      if (items.at(i).get_string("stream") == "lobby") return items.at(i).get_string("streamStatus") == "online";
    return false;
  };
  EXPECT_FALSE(idle()) << "for an hour";
  set(R"({"streams.linger_ms":0})");
  EXPECT_TRUE(test::eventually(idle)) << ask("GET", "/api/v1/cameras").body;
}

}  // namespace
}  // namespace reallive::app
