// Who may do what: a table of accounts and routes, every cell a status code.
#include <set>

#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

struct RightsTest : ApiTest {
  RightsTest() {
    add_organization("other");
    add_user("admin", auth::Role::admin);
    add_user("stranger", auth::Role::admin, "other");
    add_user("bystander", auth::Role::operator_);
    add_user("outsider", auth::Role::operator_, "other");
    add_user("outside-viewer", auth::Role::viewer, "other");
    add_user("outside-machine", auth::Role::api_only, "other");
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
  const char* pattern;  // the router's; what stands below /api/v1/auth and /api/v1/cameras is asked below /api, too
  const char* body;
  // The status that each account gets for what belongs to `owner`; viewer and machine ask about what is theirs.
  int nobody, forged, stranger, bystander, viewer, machine, owner, admin;
};

// Every route that the router knows stands here; a new one without its row fails the test.
constexpr Row table[] = {
    {"GET", "/api/v1/info", "", 200, 200, 200, 200, 200, 200, 200, 200},
    {"POST", "/api/v1/setup", R"({"token":"x","username":"x","password":"x"})", 403, 403, 403, 403, 403, 403, 403, 403},
    {"POST", "/api/v1/auth/register", R"({"username":"x","password":"x"})", 403, 403, 403, 403, 403, 403, 403, 403},
    {"POST", "/api/v1/auth/login", "{}", 400, 400, 400, 400, 400, 400, 400, 400},
    {"POST", "/api/v1/auth/refresh", "{}", 401, 401, 401, 401, 401, 401, 401, 401},
    {"POST", "/api/v1/auth/logout", "{}", 401, 401, 204, 204, 204, 204, 204, 204},
    {"GET", "/api/v1/auth/me", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"PUT", "/api/v1/auth/password", "{}", 401, 401, 400, 400, 400, 400, 400, 400},
    {"GET", "/api/v1/users", "", 401, 401, 200, 403, 403, 403, 403, 200},
    {"POST", "/api/v1/users", "{}", 401, 401, 400, 403, 403, 403, 403, 400},
    {"GET", "/api/v1/users/{id}", "", 401, 401, 404, 403, 403, 403, 403, 200},
    {"PUT", "/api/v1/users/{id}", R"({"role":"viewer"})", 401, 401, 404, 403, 403, 403, 403, 200},
    {"DELETE", "/api/v1/users/{id}", "", 401, 401, 404, 403, 403, 403, 403, 204},
    {"GET", "/api/v1/invitations", "", 401, 401, 200, 403, 403, 403, 403, 200},
    {"POST", "/api/v1/invitations", R"({"role":"viewer"})", 401, 401, 201, 403, 403, 403, 403, 201},
    {"DELETE", "/api/v1/invitations/{id}", "", 401, 401, 404, 403, 403, 403, 403, 204},
    {"GET", "/api/v1/sessions", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"GET", "/api/v1/sessions/{id}", "", 401, 401, 404, 404, 404, 404, 200, 200},
    {"DELETE", "/api/v1/sessions/{id}", "", 401, 401, 404, 404, 404, 404, 204, 204},
    {"GET", "/api/v1/cameras", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"POST", "/api/v1/cameras", R"({"name":"new"})", 401, 401, 201, 201, 403, 403, 201, 201},
    {"POST", "/api/v1/cameras/test", R"({"source":{"url":"test"}})", 401, 401, 200, 200, 403, 403, 200, 200},
    {"GET", "/api/v1/cameras/{id}", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"GET", "/api/v1/cameras/{id}/stream", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"GET", "/api/v1/cameras/{id}/stream/webrtc", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"GET", "/api/v1/cameras/{id}/status", "", 401, 401, 404, 404, 200, 200, 200, 200},
    {"POST", "/api/v1/cameras/{id}/stream-key", "", 401, 401, 404, 404, 403, 403, 200, 200},
    {"PUT", "/api/v1/cameras/{id}", R"({"place":"x"})", 401, 401, 404, 404, 403, 403, 200, 200},
    {"DELETE", "/api/v1/cameras/{id}", "", 401, 401, 404, 404, 403, 403, 204, 204},
    {"POST", "/whep/{stream}", offer, 401, 401, 404, 404, 201, 201, 201, 201},
    {"POST", "/whip/{stream}", offer, 401, 401, 404, 404, 403, 201, 201, 201},
    {"OPTIONS", "/whep/{stream}", "", 204, 204, 204, 204, 204, 204, 204, 204},
    {"OPTIONS", "/whip/{stream}", "", 204, 204, 204, 204, 204, 204, 204, 204},
    {"PATCH", "/whep/{stream}/{session}", "", 401, 401, 404, 404, 404, 404, 415, 415},
    {"DELETE", "/whep/{stream}/{session}", "", 401, 401, 404, 404, 404, 404, 200, 200},
    {"OPTIONS", "/whep/{stream}/{session}", "", 204, 204, 204, 204, 204, 204, 204, 204},
    {"PATCH", "/whip/{stream}/{session}", "", 401, 401, 404, 404, 403, 404, 404, 404},
    {"DELETE", "/whip/{stream}/{session}", "", 401, 401, 404, 404, 403, 404, 404, 404},
    {"OPTIONS", "/whip/{stream}/{session}", "", 204, 204, 204, 204, 204, 204, 204, 204},
    {"GET", "/api/v1/events", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"GET", "/ws/events", "", 101, 401, 101, 101, 101, 101, 101, 101},
    {"GET", "/ws/signaling", "", 101, 401, 101, 101, 101, 101, 101, 101},
    {"GET", "/metrics", "", 401, 401, 403, 403, 403, 403, 403, 200},
    {"GET", "/api/v1/addresses", "", 401, 401, 200, 200, 200, 200, 200, 200},
    {"GET", "/api/v1/settings", "", 401, 401, 403, 403, 403, 403, 403, 200},
    {"PUT", "/api/v1/settings", "{}", 401, 401, 403, 403, 403, 403, 403, 200},
    {"GET", "/ca.crt", "", 200, 200, 200, 200, 200, 200, 200, 200},
    {"GET", "/healthz", "", 200, 200, 200, 200, 200, 200, 200, 200},
    {"GET", "/readyz", "", 200, 200, 200, 200, 200, 200, 200, 200},
};

// What no route answers.
constexpr Row nowhere[] = {
    {"GET", "/whep/cam-owner", "", 405, 405, 405, 405, 405, 405, 405, 405},
    {"PUT", "/api/v1/cameras", "{}", 405, 405, 405, 405, 405, 405, 405, 405},
    {"POST", "/api/v1/nothing", "{}", 404, 404, 404, 404, 404, 404, 404, 404},
    {"GET", "/api/v1/cameras/none", "", 401, 401, 404, 404, 404, 404, 404, 404},
    {"POST", "/whep/none", offer, 401, 401, 404, 404, 404, 404, 404, 404},
    {"POST", "/whip/none", offer, 401, 401, 404, 404, 404, 404, 404, 404},
};

std::vector<std::pair<std::string, int>> accounts_of(const Row& row) {
  return {{"", row.nobody},       {"forged", row.forged},   {"stranger", row.stranger}, {"bystander", row.bystander},
          {"viewer", row.viewer}, {"machine", row.machine}, {"owner", row.owner},       {"admin", row.admin}};
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t place = text.find(what);
  return place == std::string::npos ? text : text.replace(place, what.size(), with);
}

struct RouteTest : RightsTest {
  /// The route's address for something made for this one question, so that no answer depends on another.
  std::string fresh_target(const std::string& pattern, const std::string& owner) {
    const std::string name = "thing-" + std::to_string(++things_);
    const auto camera = add_camera(name, users.find_by_name(owner)->id);
    std::string target = replaced(pattern, "{stream}", name);
    if (pattern.find("{session}") != std::string::npos) {
      const Answer made = ask("POST", "/whep/" + name, "owner", offer);
      const std::string location = made.header("Location");
      return replaced(target, "{session}", made.status == 201 ? location.substr(location.rfind('/') + 1) : "none");
    }
    if (pattern.find("{id}") == std::string::npos) return target;
    if (pattern.find("/users/") != std::string::npos)
      return replaced(target, "{id}", users.create({.username = name, .password_hash = "x"})->id);
    if (pattern.find("/invitations/") != std::string::npos) {
      const auto admin = users.credentials("admin")->principal();
      return replaced(target, "{id}", invitations.create(admin, auth::Role::viewer, std::chrono::hours(1))->id);
    }
    if (pattern.find("/sessions/") != std::string::npos)
      return replaced(target, "{id}", *sessions.start({camera.id, "default", "", "view", "webrtc", "", ""}));
    return replaced(target, "{id}", name);
  }
  void check(const Row& row, const std::string& pattern) {
    for (const auto& [who, status] : accounts_of(row))
      check(row, pattern, who, who == "viewer" || who == "machine" ? who : "owner", status);
  }
  void check(const Row& row, const std::string& pattern, const std::string& who, const std::string& owner, int status) {
    if (!who.empty() && who != "forged") tokens[who] = token_of(who);  // the last one may have been logged out
    const std::string target = fresh_target(pattern, owner);
    const Answer answer = ask(row.method, target, who, row.body);
    EXPECT_EQ(answer.status, status) << (who.empty() ? "nobody" : who) << ": " << row.method << " " << target << " "
                                     << answer.response.body;
    EXPECT_TRUE(answer.status < 400 || !answer.code().empty());
    EXPECT_TRUE(answer.status != 401 || !answer.header("WWW-Authenticate").empty());
  }
  int things_ = 0;
};

TEST_F(RouteTest, EveryAccountOnEveryRoute) {
  for (const Row& row : table) {
    check(row, row.pattern);
    const std::string pattern = row.pattern;
    for (const char* aliased : {"/api/v1/auth", "/api/v1/cameras"})
      if (pattern.rfind(aliased, 0) == 0) check(row, "/api" + pattern.substr(7));
  }
  for (const Row& row : nowhere)
    check(row, row.pattern);
}

TEST_F(RouteTest, WhatIsSomebodyElsesIsTheSameForEveryRole) {
  for (const Row& row : table) {
    const bool names_a_thing = std::string(row.pattern).find('{') != std::string::npos;
    if (!names_a_thing) continue;
    for (const char* who : {"viewer", "machine", "outsider", "outside-viewer", "outside-machine"})
      check(row, row.pattern, who, "owner", row.bystander);
  }
}

TEST_F(RouteTest, AnotherOrganizationGivesNoRights) {
  for (const Row& row : table)
    check(row, row.pattern, "outsider", "owner", row.bystander);
}

TEST_F(RouteTest, EveryRouteHasItsRow) {
  std::set<std::string> known;
  for (const Row& row : table)
    known.insert(std::string(row.method) + " " + row.pattern);
  for (const auto& [method, pattern] : router.routes()) {
    const bool alias = pattern.rfind("/api/", 0) == 0 && pattern.rfind("/api/v1/", 0) != 0;
    const std::string route = method + " " + (alias ? "/api/v1" + pattern.substr(4) : pattern);
    EXPECT_EQ(known.count(route), 1u) << "say in the table above who gets what from " << route;
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
