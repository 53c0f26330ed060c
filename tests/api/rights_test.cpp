// Who may do what: a table of accounts and routes, every cell a status code.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

struct RightsTest : ApiTest {
  RightsTest() {
    add_organization("other");
    add_user("admin", auth::Role::admin);
    add_user("stranger", auth::Role::admin, "other");
    add_user("bystander", auth::Role::operator_);
    const auto owner = add_user("owner", auth::Role::operator_);
    const auto viewer = add_user("viewer", auth::Role::viewer);
    const auto machine = add_user("machine", auth::Role::api_only);
    for (const auto& [name, user] : {std::pair{"owner", owner}, {"viewer", viewer}, {"machine", machine}})
      add_camera(std::string("cam ") + name, user.id);
    tokens["forged"] = tokens["admin"].substr(0, tokens["admin"].size() - 4) + "AAAA";
  }
};

struct Row {
  const char* method;
  const char* target;  // %s: the camera's short name
  const char* body;
  // The status that each account gets, on the camera that belongs to `owner`; viewer and machine ask about their own.
  int nobody, forged, stranger, bystander, viewer, machine, owner, admin;
};

constexpr Row table[] = {
    {"GET", "/api/v1/auth/me", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"GET", "/api/v1/cameras", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"GET", "/api/cameras", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"POST", "/api/v1/cameras", "{\"name\":\"new\"}", 401, 401, 201, 201, 403, 403, 201, 201},
    {"POST", "/api/cameras", "{\"name\":\"new\"}", 401, 401, 201, 201, 403, 403, 201, 201},
    {"POST", "/api/v1/cameras/test", "{\"source\":{\"url\":\"test\"}}", 401, 401, 200, 200, 403, 403, 200, 200},
    {"GET", "/api/v1/cameras/%s", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"GET", "/api/v1/cameras/%s/stream", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"GET", "/api/v1/cameras/%s/status", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"PUT", "/api/v1/cameras/%s", "{\"place\":\"x\"}", 401, 401, 404, 404, 403, 403, 200, 200},
    {"PUT", "/api/cameras/%s", "{\"place\":\"x\"}", 401, 401, 404, 404, 403, 403, 200, 200},
    {"POST", "/whep/%s", offer, 401, 401, 404, 404, 201, 201, 201, 201},
    {"POST", "/whip/%s", offer, 401, 401, 404, 404, 403, 201, 201, 201},
    {"GET", "/metrics", "", 401, 401, 403, 403, 403, 403, 403, 200},
    {"GET", "/healthz", "", 200, 200, 200, 200, 200, 200, 200, 200},
    {"GET", "/readyz", "", 200, 200, 200, 200, 200, 200, 200, 200},
    {"GET", "/whep/%s", "", 405, 405, 405, 405, 405, 405, 405, 405},
    {"OPTIONS", "/whip/%s", "", 204, 204, 204, 204, 204, 204, 204, 204},
    {"PUT", "/api/v1/cameras", "{}", 405, 405, 405, 405, 405, 405, 405, 405},
    {"POST", "/api/v1/nothing", "{}", 404, 404, 404, 404, 404, 404, 404, 404},
    {"GET", "/api/v1/cameras/none", "", 401, 401, 404, 404, 404, 404, 404, 404},
    {"POST", "/whep/none", offer, 401, 401, 404, 404, 404, 404, 404, 404},
    {"POST", "/whip/none", offer, 401, 401, 404, 404, 404, 404, 404, 404},
    {"DELETE", "/api/v1/cameras/%s", "", 401, 401, 404, 404, 403, 403, 204, 404},  // the admin comes after the owner
};

TEST_F(RightsTest, EveryAccountOnEveryRoute) {
  for (const Row& row : table) {
    const std::pair<const char*, int> accounts[] = {
        {"", row.nobody},       {"forged", row.forged},   {"stranger", row.stranger}, {"bystander", row.bystander},
        {"viewer", row.viewer}, {"machine", row.machine}, {"owner", row.owner},       {"admin", row.admin}};
    for (const auto& [who, status] : accounts) {
      const std::string name = who;
      std::string target = row.target;
      if (const size_t place = target.find("%s"); place != std::string::npos) {
        target.replace(place, 2, name == "viewer" || name == "machine" ? "cam-" + name : "cam-owner");
      }
      const Answer answer = ask(row.method, target, name, row.body);
      EXPECT_EQ(answer.status, status) << (name.empty() ? "nobody" : name) << ": " << row.method << " " << target << " "
                                       << answer.response.body;
      if (answer.status >= 400) {
        EXPECT_FALSE(answer.code().empty());
      }
      if (answer.status == 401) {
        EXPECT_NE(answer.header("WWW-Authenticate"), "");
      }
    }
  }
}

TEST_F(RightsTest, ARefusalHasItsCode) {
  EXPECT_EQ(ask("GET", "/api/v1/cameras").code(), "AUTH_TOKEN_MISSING");
  EXPECT_EQ(ask("GET", "/api/v1/cameras", "forged").code(), "AUTH_TOKEN_INVALID");
  EXPECT_EQ(ask("GET", "/api/v1/cameras", "", "", {{"Authorization", "Digest x"}}).code(), "AUTH_TOKEN_INVALID");
  EXPECT_EQ(ask("POST", "/api/v1/cameras", "viewer", "{\"name\":\"x\"}").code(), "AUTH_ROLE_RESTRICTED");
  EXPECT_EQ(ask("GET", "/api/v1/cameras/cam-owner", "bystander").code(), "CAMERA_NOT_FOUND");
}

TEST_F(RightsTest, ARemovedUsersTokenIsVoid) {
  ASSERT_TRUE(users.remove(users.find_by_name("owner")->id));
  EXPECT_EQ(ask("GET", "/api/v1/cameras", "owner").status, 401);
}

TEST_F(RightsTest, AdminsSeeTheirOrganizationOthersTheirOwn) {
  EXPECT_EQ(ask("GET", "/api/cameras", "admin").json.size(), 3u);
  EXPECT_EQ(ask("GET", "/api/cameras", "owner").json.size(), 1u);
  EXPECT_EQ(ask("GET", "/api/cameras", "bystander").json.size(), 0u);
  EXPECT_EQ(ask("GET", "/api/cameras", "stranger").json.size(), 0u);
}

TEST_F(RightsTest, SecretsAreForOwnersAndAdmins) {
  for (const char* who : {"owner", "admin"})
    EXPECT_TRUE(ask("GET", "/api/v1/cameras/cam-owner", who).json.get("streamKey").is_string()) << who;
  EXPECT_FALSE(ask("GET", "/api/v1/cameras/cam-viewer", "viewer").json.has("streamKey"));
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/cam-owner", "owner", "{\"isPublic\":true}").status, 200);
  const Answer shown = ask("GET", "/api/v1/cameras/cam-owner", "bystander");
  EXPECT_EQ(shown.status, 200);
  EXPECT_FALSE(shown.json.has("streamKey"));
  EXPECT_FALSE(shown.json.has("rtmpUrl"));
}

TEST_F(RightsTest, PublicCamerasAreWatchedByAnybodyAndPublishedByNobodyElse) {
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/cam-owner", "owner", "{\"isPublic\":true}").status, 200);
  for (const char* who : {"", "bystander", "stranger", "viewer"})
    EXPECT_EQ(ask("POST", "/whep/cam-owner", who, offer).status, 201) << who;
  EXPECT_EQ(ask("POST", "/whep/cam-owner", "forged", offer).status, 401) << "wrong credentials are never ignored";
  EXPECT_EQ(ask("POST", "/whip/cam-owner", "", offer).status, 401);
  EXPECT_EQ(ask("POST", "/whip/cam-owner", "bystander", offer).status, 404);
}

TEST_F(RightsTest, BasicWorksWhereBearerDoes) {
  const std::string right = "Basic b3duZXI6cGFzc3dvcmQtb2Ytb3duZXI=";  // owner:password-of-owner
  const std::string wrong = "Basic b3duZXI6cGFzc3dvcmQtb2YtYWRtaW4=";
  EXPECT_EQ(ask("GET", "/api/v1/cameras/cam-owner", "", "", {{"Authorization", right}}).status, 200);
  EXPECT_EQ(ask("POST", "/whip/cam-owner", "", offer, {{"Authorization", right}}).status, 201);
  EXPECT_EQ(ask("POST", "/whep/cam-owner", "", offer, {{"Authorization", "Bearer owner:password-of-owner"}}).status,
            201);
  const Answer refused = ask("POST", "/whep/cam-owner", "", offer, {{"Authorization", wrong}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.code(), "AUTH_CREDENTIALS_INVALID");
}

TEST_F(RightsTest, TheStreamKeyPublishesAndDoesNothingElse) {
  const std::string key = "Bearer " + cameras.find("default", "cam-owner")->stream_key;
  EXPECT_EQ(ask("POST", "/whip/cam-owner", "", offer, {{"Authorization", key}}).status, 201);
  EXPECT_EQ(ask("POST", "/whip/cam-viewer", "", offer, {{"Authorization", key}}).status, 401);
  EXPECT_EQ(ask("POST", "/whep/cam-owner", "", offer, {{"Authorization", key}}).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/cameras/cam-owner", "", "", {{"Authorization", key}}).status, 401);
}

TEST_F(RightsTest, ASwitchedOffCameraRefusesAll) {
  const std::string key = "Bearer " + cameras.find("default", "cam-owner")->stream_key;
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/cam-owner", "owner", "{\"isActive\":false}").status, 200);
  for (const char* target : {"/whep/cam-owner", "/whip/cam-owner"}) {
    const Answer answer = ask("POST", target, "owner", offer);
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.code(), "CAMERA_INACTIVE");
  }
  EXPECT_EQ(ask("POST", "/whip/cam-owner", "", offer, {{"Authorization", key}}).status, 403);
}

TEST_F(RightsTest, BrowsersGetNoPasswordWindow) {
  EXPECT_EQ(ask("GET", "/api/v1/cameras").response.headers.count("WWW-Authenticate"), 2u);
  const Answer browser = ask("GET", "/api/v1/cameras", "", "", {{"User-Agent", "Mozilla/5.0 (X11)"}});
  EXPECT_EQ(browser.response.headers.count("WWW-Authenticate"), 1u);
  EXPECT_EQ(browser.header("WWW-Authenticate").rfind("Bearer", 0), 0u);
}

TEST_F(RightsTest, MetricsAreOpenToThisMachineButNotToItsProxy) {
  remote_address = "127.0.0.1";
  host = "localhost:8080";
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
  EXPECT_EQ(ask("GET", "/metrics", "", "", {{"X-Forwarded-For", "192.0.2.1"}}).status, 401);
  EXPECT_EQ(ask("GET", "/metrics", "owner").status, 403);
  host = "rebound.example:8080";
  EXPECT_EQ(ask("GET", "/metrics").status, 401) << "a page of another name that points here";
  host = "[::1]:8080";
  remote_address = "::1";
  EXPECT_EQ(ask("GET", "/metrics").status, 200);
}

}  // namespace
}  // namespace reallive::api::testing_only
