// Events over WebSocket and as server-sent events from the real program: who hears what, resuming, limits, withdrawal.
#include "api/server.h"
#include "support/event_client.h"
#include "support/wait.h"
#include "support/websocket_client.h"

namespace reallive::api::testing_only {
namespace {

using test::EventClient;
using test::WebSocketClient;
using namespace std::chrono_literals;

constexpr char view_offer[] =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\n";

/// One server for all tests of this file.
class EventsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<Server>();
    server_->add_user("admin", auth::Role::admin);
    const std::string owner = server_->add_user("owner", auth::Role::operator_);
    server_->add_user("bystander", auth::Role::operator_);
    server_->add_user("crowd", auth::Role::viewer);
    leaver_ = server_->add_user("leaver", auth::Role::viewer);
    test_ = server_->add_camera("test", owner, "test").id;
    server_->add_camera("door", owner, "publish");
    server_->start({"admin", "owner", "bystander", "crowd", "leaver"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  static test::HttpFields credentials(const std::string& who) { return {{"Authorization", server_->tokens.at(who)}}; }
  static std::string bare_token(const std::string& who) { return server_->tokens.at(who).substr(7); }
  static WebSocketClient socket(const std::string& who, const std::string& query = {}) {
    return {server_->port, "/ws/events" + query, who.empty() ? test::HttpFields() : credentials(who)};
  }
  static base::Json next(WebSocketClient& client, std::chrono::milliseconds limit = 10s) {
    return base::Json::parse(client.receive_text(limit)).value_or(base::Json());
  }
  /// Passes over what is not asked for.
  static base::Json next_of(WebSocketClient& client, const std::string& type, const std::string& field,
                            const std::string& value) {
    for (;;) {
      const base::Json event = next(client);
      if (event.is_null()) return event;
      if (event.get_string("type") == type && event.get("data").get_string(field) == value) return event;
    }
  }
  /// Watches and leaves: a session that begins and ends.
  static void watch_once() {
    const HttpResult watched = server_->ask("POST", "/whep/test", "owner", view_offer);
    ASSERT_EQ(watched.status, 201) << watched.body;
    ASSERT_EQ(server_->ask("DELETE", watched.header("Location"), "owner").status, 200);
  }

  static inline std::unique_ptr<Server> server_;
  static inline std::string test_, leaver_;
};

TEST_F(EventsTest, BeginWithThePresentStateAndGoOn) {
  auto owner = socket("owner");
  ASSERT_TRUE(owner.open()) << owner.answer().body;
  base::Json event = next(owner);
  EXPECT_EQ(event.get_string("type"), "snapshot");
  EXPECT_EQ(event.get("data").get_int("cameras"), 2);
  const std::string id = event.get_string("id").value_or("");
  for (int i = 0; i < 2; ++i) {
    event = next(owner);
    EXPECT_EQ(event.get_string("type"), "camera-status");
    EXPECT_EQ(event.get_string("id"), id);
    EXPECT_TRUE(event.get("data").get_string("streamStatus"));
    EXPECT_TRUE(base::parse_time(event.get_string("timestamp").value_or("")));
  }
  auto bystander = socket("bystander");
  event = next(bystander);
  EXPECT_EQ(event.get("data").get_int("cameras"), 0) << "somebody else's cameras are not there";

  watch_once();
  event = next_of(owner, "session", "status", "active");
  EXPECT_EQ(event.get_string("cameraId"), test_);
  EXPECT_EQ(event.get("data").get_string("kind"), "view");
  EXPECT_NE(event.get_string("id"), id);
  EXPECT_EQ(next_of(owner, "session", "status", "ended").get_string("cameraId"), test_);
  EXPECT_TRUE(next(bystander, 300ms).is_null());
}

TEST_F(EventsTest, TellEachChangeOfACamera) {
  auto owner = socket("owner", "?types=camera-status");
  const HttpResult watched = server_->ask("POST", "/whep/test", "owner", view_offer);
  ASSERT_EQ(watched.status, 201);
  const base::Json online = next_of(owner, "camera-status", "status", "streaming");
  EXPECT_EQ(online.get_string("cameraId"), test_);
  EXPECT_EQ(online.get("data").get_string("streamStatus"), "online");
  EXPECT_EQ(online.get("data").get_string("stream"), "test");
  EXPECT_EQ(server_->ask("DELETE", watched.header("Location"), "owner").status, 200);
}

TEST_F(EventsTest, TellWhichCamerasComeAndGo) {
  auto owner = socket("owner", "?types=camera");
  auto bystander = socket("bystander", "?types=camera");
  ASSERT_TRUE(owner.open());
  ASSERT_TRUE(bystander.open());
  const HttpResult added = server_->ask("POST", "/api/v1/cameras", "owner", R"({"name":"Shed","stream":"shed"})");
  ASSERT_EQ(added.status, 201) << added.body;
  const std::string id = base::Json::parse(added.body)->get_string("id").value_or("");
  ASSERT_EQ(server_->ask("PUT", "/api/v1/cameras/shed", "owner", R"({"name":"Barn"})").status, 200);
  ASSERT_EQ(server_->ask("DELETE", "/api/v1/cameras/shed", "owner").status, 204);
  std::string last;
  for (const char* change : {"added", "changed", "removed"}) {
    const base::Json event = next(owner);
    EXPECT_EQ(event.get_string("type"), "camera");
    EXPECT_EQ(event.get_string("cameraId"), id);
    EXPECT_EQ(event.get("data").get_string("stream"), "shed");
    EXPECT_EQ(event.get("data").get_string("change"), change);
    last = event.get_string("id").value_or("");
  }
  EXPECT_TRUE(next(bystander, 300ms).is_null()) << "somebody else's";
  auto late = socket("owner", "?types=camera&lastEventId=" + last.substr(0, last.rfind('-')) + "-0");
  const base::Json gone = next_of(late, "camera", "change", "removed");
  EXPECT_EQ(gone.get_string("id"), last) << "also to who comes back";
}

TEST_F(EventsTest, TellThatACamerasOwnerIsGone) {
  const HttpResult made = server_->ask("POST", "/api/v1/users", "admin",
                                       R"({"username":"mover","password":"harbour-in-the-fog","role":"operator"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string mover = base::Json::parse(made.body)->get_string("id").value_or("");
  ASSERT_EQ(server_->ask("POST", "/api/v1/cameras", "admin", R"({"name":"Yard","ownerId":")" + mover + "\"}").status,
            201);
  auto admin = socket("admin", "?types=camera");
  ASSERT_TRUE(admin.open());
  ASSERT_EQ(server_->ask("DELETE", "/api/v1/users/" + mover, "admin").status, 204);
  const base::Json event = next(admin);
  EXPECT_EQ(event.get("data").get_string("stream"), "yard") << event.dump();
  EXPECT_EQ(event.get("data").get_string("change"), "changed");
  EXPECT_EQ(server_->ask("DELETE", "/api/v1/cameras/yard", "admin").status, 204);
}

TEST_F(EventsTest, TakeTheTokenWithTheFirstMessage) {
  auto owner = socket("");
  ASSERT_TRUE(owner.open());
  owner.send_text(base::Json::object({{"type", "authenticate"}, {"token", bare_token("owner")}}).dump());
  EXPECT_EQ(next(owner).get_string("type"), "snapshot");

  for (const char* first : {R"({"type":"authenticate","token":"forged"})", R"({"type":"hello"})", "no JSON", "[]"}) {
    auto stranger = socket("");
    stranger.send_text(first);
    const base::Json refusal = next(stranger);
    EXPECT_EQ(refusal.get_string("type"), "error") << first;
    const auto goodbye = stranger.receive_frame();
    ASSERT_TRUE(goodbye);
    EXPECT_EQ(goodbye->close_code(), 1008);
  }
  WebSocketClient wrong(server_->port, "/ws/events", {{"Authorization", "Bearer forged"}});
  EXPECT_EQ(wrong.answer().status, 401) << "wrong credentials in the handshake are refused before the upgrade";
}

TEST_F(EventsTest, ResumeAfterTheLastEventThatWasSeen) {
  EventClient first(server_->port, "/api/v1/events?types=session", credentials("owner"));
  ASSERT_EQ(first.answer().status, 200);
  EXPECT_EQ(first.answer().header("Content-Type"), "text/event-stream");
  watch_once();
  const auto seen = first.receive();
  ASSERT_TRUE(seen);
  first.connection().abort();
  watch_once();

  auto fields = credentials("owner");
  fields.emplace_back("Last-Event-ID", seen->id);
  EventClient second(server_->port, "/api/v1/events?types=session", fields);
  std::vector<std::string> told;
  for (int i = 0; i < 3; ++i) {
    const auto event = second.receive();
    ASSERT_TRUE(event) << i;
    const auto json = *base::Json::parse(event->data);
    EXPECT_EQ(json.get_string("id"), event->id);
    told.push_back(*json.get("data").get_string("status"));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"ended", "active", "ended"}));

  auto resumed = socket("owner", "?types=session&lastEventId=" + seen->id);
  EXPECT_EQ(next(resumed).get("data").get_string("status"), "ended") << "the same over a WebSocket";
  fields.back().second = "another-run-17";
  EventClient gap(server_->port, "/api/v1/events", fields);
  const auto fresh = gap.receive();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(base::Json::parse(fresh->data)->get_string("type"), "snapshot") << "a gap is told";
}

TEST_F(EventsTest, RefuseWhatCannotBe) {
  EXPECT_EQ(server_->ask("GET", "/api/v1/events").status, 401);
  const HttpResult unknown = server_->ask("GET", "/api/v1/events?types=weather", "owner");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.field(), "types");
  EXPECT_EQ(server_->ask("GET", "/api/v1/events?colour=red", "owner").status, 400);
  EXPECT_EQ(server_->ask("GET", "/ws/events", "owner").status, 426);
  auto headers = credentials("owner");
  headers.emplace_back("Origin", "https://evil.example.org");
  EXPECT_EQ(WebSocketClient(server_->port, "/ws/events", headers).answer().status, 403);
}

TEST_F(EventsTest, AreForSoManyConnectionsOfAUserOnly) {
  std::vector<std::unique_ptr<WebSocketClient>> sockets;
  const auto open = [&] {
    sockets.push_back(std::make_unique<WebSocketClient>(server_->port, "/ws/events", credentials("crowd")));
    return sockets.back()->answer().status;
  };
  for (int i = 0; i < 64; ++i)
    ASSERT_EQ(open(), 101) << i;
  EXPECT_EQ(open(), 429);
  EXPECT_EQ(server_->ask("GET", "/api/v1/events", "crowd").status, 429);
  auto late = socket("");
  late.send_text(base::Json::object({{"type", "authenticate"}, {"token", bare_token("crowd")}}).dump());
  EXPECT_EQ(next(late).get_string("code"), "RATE_LIMIT_EXCEEDED");
  sockets[0]->send_frame(8, "");
  EXPECT_TRUE(test::eventually([&] { return open() == 101; })) << "a place that was given back";
}

TEST_F(EventsTest, EndWhenTheAccountIsWithdrawn) {
  auto leaver = socket("leaver");
  EventClient also(server_->port, "/api/v1/events", credentials("leaver"));
  ASSERT_EQ(next(leaver).get_string("type"), "snapshot");
  ASSERT_TRUE(also.receive());
  ASSERT_TRUE(server_->users->remove(leaver_));
  EXPECT_EQ(next(leaver).get_string("code"), "AUTH_TOKEN_INVALID");
  const auto goodbye = leaver.receive_frame();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->close_code(), 1008);
  EXPECT_FALSE(also.receive());
}

}  // namespace
}  // namespace reallive::api::testing_only
