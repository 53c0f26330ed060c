// The real program over HTTP with real media: every status code of every route, by name.
#include "api/server.h"

#include "api/prometheus.h"
#include "support/wait.h"

namespace reallive::api::testing_only {
namespace {

constexpr char transport[] =
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=ice-options:trickle\r\na=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\n";

std::string media_section(const std::string& kind, int mid, const std::string& codec, const std::string& direction) {
  return "m=" + kind + " 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:" + std::to_string(mid) +
         "\r\na=" + direction + "\r\na=rtpmap:96 " + codec + "\r\n" +
         (codec.rfind("H264", 0) == 0
              ? "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
              : "") +
         (direction == "sendonly"
              ? "a=msid:- track" + std::to_string(mid) + "\r\na=ssrc:" + std::to_string(1000 + mid) + " cname:test\r\n"
              : "") +
         transport;
}

std::string offer_of(const std::string& sections) {
  return "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
         "a=extmap-allow-mixed\r\n" +
         sections;
}

const std::string view_offer = offer_of(media_section("video", 0, "H264/90000", "recvonly"));
const std::string publish_offer = offer_of(media_section("video", 0, "H264/90000", "sendonly"));
constexpr char trickle[] =
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n";
constexpr char restart[] =
    "a=ice-ufrag:wxyz\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n";

/// One server for all tests of this file; each test has cameras of its own.
class ServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<Server>();
    server_->add_user("admin", auth::Role::admin);
    owner_ = server_->add_user("owner", auth::Role::operator_);
    server_->add_user("bystander", auth::Role::operator_);
    const std::string viewer = server_->add_user("viewer", auth::Role::viewer);
    const std::string machine = server_->add_user("machine", auth::Role::api_only);
    server_->add_camera("test", owner_, "test");
    server_->add_camera("test viewer", viewer, "test");
    server_->add_camera("test machine", machine, "test");
    server_->add_camera("door", owner_, "publish");
    server_->add_camera("door viewer", viewer, "publish");
    server_->add_camera("door machine", machine, "publish");
    server_->add_camera("garden", owner_, "test", true);
    server_->start({"admin", "owner", "bystander", "viewer", "machine"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  static HttpResult ask(const std::string& method, const std::string& target, const std::string& who = {},
                        const std::string& body = {}, test::HttpFields headers = {}) {
    return server_->ask(method, target, who, body, std::move(headers));
  }
  static HttpResult patch(const std::string& session, const std::string& who, const std::string& body,
                          const std::string& match) {
    test::HttpFields headers = {{"Content-Type", "application/trickle-ice-sdpfrag"}};
    if (!match.empty()) headers.emplace_back("If-Match", match);
    return ask("PATCH", session, who, body, headers);
  }
  static std::string key_of(const std::string& stream) {
    return "Bearer " + server_->cameras->find("default", stream)->stream_key;
  }
  static catalog::Session newest_row(const std::string& kind) {
    catalog::SessionQuery query;
    query.organization_id = "default";
    query.kind = kind;
    query.limit = 1;
    const auto page = server_->sessions->list(query);
    EXPECT_TRUE(page && !page->items.empty());
    return page && !page->items.empty() ? page->items[0] : catalog::Session();
  }

  static std::unique_ptr<Server> server_;
  static std::string owner_;
};
std::unique_ptr<Server> ServerTest::server_;
std::string ServerTest::owner_;

struct Row {
  const char* method;
  const char* target;  // %s: nothing, or the suffix of the viewer's and the machine's own cameras
  std::string body;
  int nobody, bystander, viewer, machine, owner, admin;
};

TEST_F(ServerTest, EveryRoleOnEveryRoute) {
  const Row table[] = {
      {"GET", "/api/v1/auth/me", "", 401, 200, 200, 200, 200, 200},
      {"GET", "/api/auth/me", "", 401, 200, 200, 200, 200, 200},
      {"GET", "/api/v1/cameras", "", 401, 200, 200, 200, 200, 200},
      {"GET", "/api/cameras", "", 401, 200, 200, 200, 200, 200},
      {"POST", "/api/v1/cameras", "{\"name\":\"new\"}", 401, 201, 403, 403, 201, 201},
      {"POST", "/api/cameras", "{\"name\":\"new\"}", 401, 201, 403, 403, 201, 201},
      {"GET", "/api/v1/cameras/test%s", "", 401, 404, 200, 200, 200, 200},
      {"GET", "/api/v1/cameras/test%s/stream", "", 401, 404, 200, 200, 200, 200},
      {"GET", "/api/v1/cameras/test%s/status", "", 401, 404, 200, 200, 200, 200},
      {"PUT", "/api/v1/cameras/test%s", "{\"place\":\"hall\"}", 401, 404, 403, 403, 200, 200},
      {"DELETE", "/api/v1/cameras/none", "", 401, 404, 404, 404, 404, 404},
      {"POST", "/whep/test%s", view_offer, 401, 404, 201, 201, 201, 201},
      {"POST", "/whip/test%s", publish_offer, 401, 404, 403, 409, 409, 409},  // it pulls; nobody publishes to it
      {"POST", "/whep/garden", view_offer, 201, 201, 201, 201, 201, 201},
      {"POST", "/whip/garden", publish_offer, 401, 404, 404, 404, 409, 409},
      {"POST", "/whep/none", view_offer, 401, 404, 404, 404, 404, 404},
      {"GET", "/healthz", "", 200, 200, 200, 200, 200, 200},
      {"GET", "/readyz", "", 200, 200, 200, 200, 200, 200},
      {"GET", "/metrics", "", 200, 403, 403, 403, 403, 200},
      {"GET", "/whep/test%s", "", 405, 405, 405, 405, 405, 405},
      {"OPTIONS", "/whep/test%s", "", 204, 204, 204, 204, 204, 204},
      {"POST", "/api/v1/none", "{}", 404, 404, 404, 404, 404, 404},
  };
  for (const Row& row : table) {
    const std::pair<const char*, int> accounts[] = {{"", row.nobody},       {"bystander", row.bystander},
                                                    {"viewer", row.viewer}, {"machine", row.machine},
                                                    {"owner", row.owner},   {"admin", row.admin}};
    for (const auto& [who, status] : accounts) {
      const std::string name = who;
      std::string target = row.target;
      if (const size_t place = target.find("%s"); place != std::string::npos) {
        target.replace(place, 2, name == "viewer" || name == "machine" ? "-" + name : "");
      }
      const HttpResult answer = ask(row.method, target, name, row.body);
      EXPECT_EQ(answer.status, status) << (name.empty() ? "nobody" : name) << ": " << row.method << " " << target << " "
                                       << answer.body;
      EXPECT_EQ(answer.header("X-Request-Id").empty(), false);
      if (answer.status >= 400) {
        const base::Json error = answer.json().get("error");
        EXPECT_EQ(error.keys(), (std::vector<std::string>{"code", "message", "details", "timestamp", "requestId"}))
            << target;
        EXPECT_EQ(error.get_string("requestId"), answer.header("X-Request-Id")) << target;
      }
      if (answer.status == 201 && target.rfind("/wh", 0) == 0) {
        EXPECT_EQ(ask("DELETE", answer.header("Location"), name).status, 200);
      }
    }
  }
}

TEST_F(ServerTest, LoginRefusesWithItsCodes) {
  const auto log_in = [](const std::string& body) { return ask("POST", "/api/v1/auth/login", "", body); };
  EXPECT_EQ(log_in("{\"username\":\"owner\",\"password\":\"wrong\"}").code(), "AUTH_CREDENTIALS_INVALID");
  EXPECT_EQ(log_in("{\"username\":\"owner\",\"password\":\"wrong\"}").status, 401);
  EXPECT_EQ(log_in("{\"username\":\"owner\"}").field(), "password");
  EXPECT_EQ(log_in("{\"username\":\"owner\"}").status, 400);
  EXPECT_EQ(ask("POST", "/api/auth/login", "", "a=b", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(ask("GET", "/api/v1/cameras", "Bearer forged").code(), "AUTH_TOKEN_INVALID");
  EXPECT_EQ(ask("GET", "/api/v1/cameras").code(), "AUTH_TOKEN_MISSING");
  EXPECT_EQ(ask("GET", "/api/v1/cameras", "Basic b3duZXI6cGFzc3dvcmQtb2Ytb3duZXI=").status, 200);
}

TEST_F(ServerTest, WhepFromOfferToGoodbye) {
  const HttpResult created = ask("POST", "/whep/test", "owner", view_offer, {{"User-Agent", "player/1"}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.header("Content-Type"), "application/sdp");
  EXPECT_EQ(created.header("Accept-Patch"), "application/trickle-ice-sdpfrag");
  EXPECT_NE(created.body.find("a=ice-lite"), std::string::npos);
  EXPECT_NE(created.body.find("H264/90000"), std::string::npos);
  const std::string session = created.header("Location"), etag = created.header("ETag");
  ASSERT_EQ(session.rfind("/whep/test/", 0), 0u);
  EXPECT_EQ(newest_row("view").status, "active");
  EXPECT_EQ(newest_row("view").user_agent, "player/1");
  EXPECT_EQ(newest_row("view").remote_address, "127.0.0.1");

  EXPECT_EQ(patch(session, "owner", trickle, etag).status, 204);
  EXPECT_EQ(patch(session, "owner", trickle, etag).header("ETag"), "");
  EXPECT_EQ(patch(session, "owner", trickle, "").status, 428);
  EXPECT_EQ(patch(session, "owner", trickle, "\"stale\"").status, 412);
  EXPECT_EQ(patch(session, "owner", "not sdp", etag).status, 400);
  EXPECT_EQ(ask("PATCH", session, "owner", "v=0", {{"If-Match", "*"}}).status, 415);
  EXPECT_EQ(patch(session, "", trickle, etag).status, 401);
  EXPECT_EQ(patch(session, "bystander", trickle, etag).status, 404);
  EXPECT_EQ(ask("GET", session, "owner").status, 405);
  EXPECT_EQ(ask("GET", session, "owner").header("Allow"), "PATCH, DELETE, OPTIONS");

  const HttpResult restarted = patch(session, "owner", restart, "*");
  EXPECT_EQ(restarted.status, 200) << restarted.body;
  EXPECT_NE(restarted.body.find("a=ice-ufrag:"), std::string::npos);
  EXPECT_NE(restarted.header("ETag"), etag);
  EXPECT_EQ(patch(session, "owner", trickle, etag).status, 412);

  EXPECT_EQ(ask("DELETE", session, "bystander").status, 404);
  EXPECT_EQ(ask("DELETE", session, "owner", "", {{"If-Match", "\"stale\""}}).status, 200);
  EXPECT_EQ(ask("DELETE", session, "owner").status, 404);
  EXPECT_EQ(newest_row("view").status, "ended");
}

TEST_F(ServerTest, WhepRefusesWithItsCodes) {
  EXPECT_EQ(ask("POST", "/whep/test", "owner", "v=0\r\nnonsense").status, 400);
  EXPECT_EQ(ask("POST", "/whep/test", "owner", "", {{"Content-Type", "application/sdp"}}).status, 400);
  EXPECT_EQ(ask("POST", "/whep/test", "owner", "{}").status, 415);
  EXPECT_EQ(ask("POST", "/whep/test", "owner", "v=0" + std::string(70'000, ' ')).status, 413);
  EXPECT_EQ(ask("POST", "/whep/test", "owner", "v=0" + std::string(1 << 20, ' ')).status, 413);
  const HttpResult codec =
      ask("POST", "/whep/test", "owner", offer_of(media_section("video", 0, "AV1/90000", "recvonly")));
  EXPECT_EQ(codec.status, 422) << codec.body;
  EXPECT_EQ(codec.code(), "NO_COMMON_CODEC");
  const HttpResult idle = ask("POST", "/whep/door", "owner", view_offer);
  EXPECT_EQ(idle.status, 409) << idle.body;
  EXPECT_EQ(idle.code(), "STREAM_NOT_LIVE");
  EXPECT_NE(idle.header("Retry-After"), "");
}

TEST_F(ServerTest, WhipFromOfferToGoodbye) {
  const std::string key = key_of("door");
  const HttpResult created = ask("POST", "/whip/door", key, publish_offer);
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_NE(created.body.find("a=recvonly"), std::string::npos);
  const std::string session = created.header("Location");
  ASSERT_EQ(session.rfind("/whip/door/", 0), 0u);
  const HttpResult second = ask("POST", "/whip/door", "owner", publish_offer);
  EXPECT_EQ(second.status, 409) << second.body;
  EXPECT_EQ(second.code(), "STREAM_ALREADY_PUBLISHED");
  EXPECT_NE(second.header("Retry-After"), "");
  EXPECT_EQ(patch(session, key, trickle, created.header("ETag")).status, 204);
  EXPECT_EQ(patch(session, key, restart, "*").status, 200);
  EXPECT_EQ(ask("DELETE", session).status, 401);
  EXPECT_EQ(ask("DELETE", session, key).status, 200);
  EXPECT_EQ(newest_row("publish").status, "ended");
  const HttpResult again = ask("POST", "/whip/door", "owner", publish_offer);
  EXPECT_EQ(again.status, 201) << again.body << " the place is free at once";
  EXPECT_EQ(ask("DELETE", again.header("Location"), "admin").status, 200) << "an admin ends what others began";
}

TEST_F(ServerTest, WhipRefusesWithItsCodes) {
  EXPECT_EQ(ask("POST", "/whip/door", "Bearer 11111111-2222-4333-8444-555555555555", publish_offer).status, 401);
  EXPECT_EQ(ask("POST", "/whip/door", key_of("door-machine"), publish_offer).status, 401);
  EXPECT_EQ(ask("POST", "/whip/door-viewer", "viewer", publish_offer).status, 403);
  EXPECT_EQ(ask("POST", "/whip/door", "owner", "v=0\r\nnonsense").status, 400);
  EXPECT_EQ(ask("POST", "/whip/door", "owner", "{}").status, 415);
  const HttpResult codec =
      ask("POST", "/whip/door", "owner", offer_of(media_section("video", 0, "AV1/90000", "sendonly")));
  EXPECT_EQ(codec.status, 422) << codec.body;
}

// Before the first account is made nobody may publish, whatever they bring.
TEST(ServerWithoutAccounts, WhipAndWhepAre401) {
  Server fresh;
  fresh.start({});
  for (const char* target : {"/whip/door", "/whep/door"}) {
    for (const char* who : {"", "Bearer 11111111-2222-4333-8444-555555555555", "Basic YWRtaW46YWRtaW4=", "Bearer "}) {
      const HttpResult answer = fresh.ask("POST", target, who, publish_offer);
      EXPECT_EQ(answer.status, 401) << target << " " << who << " " << answer.body;
      EXPECT_EQ(answer.code().rfind("AUTH_", 0), 0u) << answer.code();
      EXPECT_NE(answer.header("WWW-Authenticate"), "");
    }
    EXPECT_EQ(fresh.ask("DELETE", target + std::string("/none")).status, 401);
  }
  EXPECT_EQ(fresh.ask("GET", "/api/v1/info").json().get_bool("setupNeeded"), true);
}

TEST_F(ServerTest, OtherOriginsMayPublishAndWatchButReadNothingElse) {
  const HttpResult preflight = ask("OPTIONS", "/whip/door", "", "",
                                   {{"Origin", "https://studio.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(preflight.header("Accept-Post"), "application/sdp");
  EXPECT_EQ(preflight.header("Link"), "");
  const HttpResult created = ask("POST", "/whep/garden", "", view_offer, {{"Origin", "https://studio.example"}});
  EXPECT_EQ(created.status, 201);
  EXPECT_NE(created.header("Access-Control-Expose-Headers").find("Location, Link, ETag"), std::string::npos);
  EXPECT_EQ(ask("DELETE", created.header("Location")).status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/cameras", "owner", "", {{"Origin", "https://studio.example"}})
                .header("Access-Control-Allow-Origin"),
            "");
}

TEST_F(ServerTest, ACameraThatIsSwitchedOffOrGoneRefusesAndEnds) {
  const HttpResult made = ask("POST", "/api/v1/cameras", "owner", "{\"name\":\"shed\",\"source\":{\"url\":\"test\"}}");
  ASSERT_EQ(made.status, 201);
  const HttpResult watching = ask("POST", "/whep/shed", "owner", view_offer);
  ASSERT_EQ(watching.status, 201) << watching.body;
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/shed", "owner", "{\"isActive\":false}").status, 200);
  const HttpResult refused = ask("POST", "/whep/shed", "owner", view_offer);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "CAMERA_INACTIVE");
  EXPECT_TRUE(test::eventually([] { return newest_row("view").status != "active"; })) << "who watched goes on";
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/shed", "owner", "{\"isActive\":true}").status, 200);
  const HttpResult again = ask("POST", "/whep/shed", "owner", view_offer);
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(ask("DELETE", "/api/v1/cameras/shed", "owner").status, 204);
  EXPECT_EQ(patch(again.header("Location"), "owner", trickle, "*").status, 404);
  EXPECT_EQ(ask("POST", "/whep/shed", "owner", view_offer).status, 404);
}

TEST_F(ServerTest, ASessionThatNeverConnectsIsDropped) {
  const HttpResult created = ask("POST", "/whep/garden", "owner", view_offer);
  ASSERT_EQ(created.status, 201);
  const std::string row = newest_row("view").id;
  ASSERT_TRUE(test::eventually([&] { return newest_row("view").id == row && newest_row("view").status == "error"; },
                               std::chrono::seconds(20)));
  EXPECT_NE(newest_row("view").error, "");
  EXPECT_EQ(ask("DELETE", created.header("Location"), "owner").status, 404);
}

TEST_F(ServerTest, MetricsFollowWhatHappens) {
  const HttpResult created = ask("POST", "/whep/test", "owner", view_offer);
  ASSERT_EQ(created.status, 201);
  const HttpResult answer = ask("GET", "/metrics");
  ASSERT_EQ(answer.status, 200);
  const auto families = parse_strictly(answer.body);
  EXPECT_GE(families.at("reallive_viewers").samples.at("reallive_viewers"), 1);
  EXPECT_GE(families.at("reallive_sessions_started_total").samples.at("reallive_sessions_started_total"), 1);
  EXPECT_GE(families.at("reallive_http_requests_total")
                .samples.at("reallive_http_requests_total{method=\"POST\",route=\"/whep/{stream}\",status=\"201\"}"),
            1);
  EXPECT_TRUE(families.at("reallive_stream_viewers").samples.count("reallive_stream_viewers{stream=\"test\"}"));
  HttpResult status;
  EXPECT_TRUE(test::eventually([&] {
    status = ask("GET", "/api/v1/cameras/test/status", "owner");
    return status.json().get_double("fps").value_or(0) > 0;
  })) << status.body;
  EXPECT_EQ(status.json().get_string("status"), "streaming");
  EXPECT_EQ(ask("GET", "/api/v1/cameras/test", "owner").json().get_string("streamStatus"), "online");
  EXPECT_EQ(status.json().get_string("resolution"), "1280x720");
  EXPECT_GE(status.json().get_int("viewerCount").value_or(0), 1);
  EXPECT_EQ(ask("DELETE", created.header("Location"), "owner").status, 200);
}

TEST_F(ServerTest, TheLimitOfSessionsIs503) {
  constexpr int limit = 1000;
  test::HttpClient connection(server_->port);
  const test::HttpFields headers = {{"Authorization", server_->tokens.at("owner")},
                                    {"Content-Type", "application/sdp"}};
  std::vector<std::string> opened;
  test::HttpAnswer last;
  for (int i = 0; i <= limit; ++i) {
    last = connection.request("POST", "/whep/test", headers, view_offer);
    if (last.status != 201) break;
    opened.push_back(last.header("Location"));
  }
  EXPECT_EQ(last.status, 503) << last.body;
  EXPECT_NE(last.header("Retry-After"), "");
  for (const std::string& session : opened)
    EXPECT_EQ(connection.request("DELETE", session, headers).status, 200);
  EXPECT_EQ(connection.request("POST", "/whep/test", headers, view_offer).status, 201) << "and there is room again";
}

}  // namespace
}  // namespace reallive::api::testing_only
