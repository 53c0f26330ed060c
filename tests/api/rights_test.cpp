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
    add_user("bystanding-viewer", auth::Role::viewer);
    add_user("bystanding-machine", auth::Role::api_only);
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
}

/// A public camera is found out about by everybody; what these texts say is not for them.
struct PublicCameraTest : RouteTest {
  static constexpr const char* kPrivate[] = {"10.77.1.5", "8554", "north gate", "Vault", "Acme", "SN-4711"};
  const std::set<std::string> watched = {"GET /api/v1/cameras/{id}", "GET /api/v1/cameras/{id}/stream",
                                         "GET /api/v1/cameras/{id}/stream/webrtc", "GET /api/v1/cameras/{id}/status",
                                         "POST /whep/{stream}"};

  catalog::Camera add_public(const std::string& name, const std::string& owner, const std::string& organization) {
    catalog::CameraFields fields;
    fields.name = name;
    fields.owner_id = users.find_by_name(owner)->id;
    fields.source_url = "rtsp://10.77.1.5:8554/live";
    fields.location = "north gate";
    fields.place = "Vault";
    fields.company = "Acme";
    fields.serial_number = "SN-4711-" + name;
    fields.is_public = true;
    const auto camera = cameras.create(organization, fields);
    EXPECT_TRUE(camera) << camera.error().message;
    media::StreamStatus status;
    status.state = media::StreamState::error;
    status.error = "no answer from 10.77.1.5:8554";
    status.viewers = 7;
    media.statuses[camera->id] = status;
    return *camera;
  }
  static std::string everything(const Answer& answer) {
    std::string text = answer.response.body;
    for (const auto& [name, value] : answer.response.headers)
      text += "\n" + name + ": " + value;
    return text;
  }
  void expect_nothing_private(const Answer& answer, const catalog::Camera& camera, const std::string& asked) {
    const std::string text = everything(answer);
    for (const std::string& secret : std::initializer_list<std::string>{camera.stream_key, camera.owner_id})
      EXPECT_EQ(text.find(secret), std::string::npos) << asked << " " << text;
    for (const char* secret : kPrivate)
      EXPECT_EQ(text.find(secret), std::string::npos) << asked << " " << text;
  }
};

TEST_F(PublicCameraTest, GivesOthersWhatWatchingTakesAndNoMore) {
  int number = 0;
  for (const auto& [owner, organization] : {std::pair{"owner", "default"}, {"outsider", "other"}}) {
    const bool own = organization == std::string("default");
    std::vector<std::string> strangers = {"bystander", "bystanding-viewer", "bystanding-machine"};
    if (!own) strangers = {"bystander", "bystanding-viewer", "bystanding-machine", "admin"};
    for (const char* who : {"stranger", "outsider", "outside-viewer", "outside-machine"})
      if (own) strangers.push_back(who);
    for (const Row& row : table) {
      const std::string pattern = row.pattern, route = row.method + (" " + pattern);
      const bool about_cameras =
          pattern.rfind("/api/v1/cameras/{id}", 0) == 0 || pattern == "/whep/{stream}" || pattern == "/whip/{stream}";
      if (!about_cameras || row.method == std::string("OPTIONS")) continue;
      for (const std::string& who : strangers) {
        const auto camera = add_public("open-" + std::to_string(++number), owner, organization);
        for (const char* brace : {"{id}", "{stream}"})
          if (pattern.find(brace) != std::string::npos) {
            const Answer answer = ask(row.method, replaced(pattern, brace, camera.stream), who, row.body);
            const int allowed = row.method == std::string("POST") ? 201 : 200;
            EXPECT_EQ(answer.status, watched.count(route) > 0 ? allowed : 404) << who << ": " << route;
            expect_nothing_private(answer, camera, who + ": " + route);
          }
      }
    }
  }
}

TEST_F(PublicCameraTest, IsDescribedInTwoWays) {
  const auto camera = add_public("open", "owner", "default");
  const Answer shown = ask("GET", "/api/v1/cameras/open", "bystander");
  EXPECT_EQ(shown.json.dump(), base::Json::object({{"id", camera.id},
                                                   {"name", "open"},
                                                   {"stream", "open"},
                                                   {"isActive", true},
                                                   {"isPublic", true},
                                                   {"streamStatus", camera.stream_status},
                                                   {"status", camera.status}})
                                   .dump());
  EXPECT_EQ(shown.header("ETag"), "") << "it is of what they may not see";
  const base::Json status = ask("GET", "/api/v1/cameras/open/status", "bystander").json;
  EXPECT_EQ(status.get_string("streamStatus"), "error");
  EXPECT_EQ(status.get_string("error"), "The camera sends no picture that can be shown at the moment.");
  for (const char* hidden : {"viewerCount", "nodeId", "lastSeen", "startMs"})
    EXPECT_TRUE(status.get(hidden).is_null()) << hidden;
  for (const char* who : {"owner", "admin"}) {
    EXPECT_EQ(ask("GET", "/api/v1/cameras/open", who).json.get_string("location"), "north gate");
    const base::Json all = ask("GET", "/api/v1/cameras/open/status", who).json;
    EXPECT_EQ(all.get_string("error"), "no answer from 10.77.1.5:8554");
    EXPECT_EQ(all.get_int("viewerCount"), 7);
  }
}

TEST_F(PublicCameraTest, SaysWhyItFailsToItsOwnPeopleOnly) {
  add_public("open", "owner", "default");
  media.error = "not-live";
  for (const auto& [who, heard] : {std::pair{"owner", true}, {"admin", true}, {"bystander", false}, {"", false}}) {
    const Answer refused = ask("POST", "/whep/open", who, offer);
    EXPECT_EQ(refused.code(), "STREAM_NOT_LIVE");
    EXPECT_EQ(refused.response.body.find("media's own reason") != std::string::npos, heard) << who;
  }
}

TEST_F(PublicCameraTest, EndsASessionWithoutSayingWhatItsSourceSaid) {
  const auto camera = add_public("open", "owner", "default");
  for (const char* who : {"bystander", "owner"}) {
    const Answer watching = ask("POST", "/whep/open", who, offer);
    ASSERT_EQ(watching.status, 201);
    live.session_gone("media-" + std::to_string(media.count), "failed: no answer from 10.77.1.5:8554");
    const base::Json list = ask("GET", "/api/v1/sessions?limit=1", who).json.get("items");
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list.at(0).get_string("error"),
              who == std::string("owner") ? "failed: no answer from 10.77.1.5:8554" : "failed");
    const Answer one = ask("GET", "/api/v1/sessions/" + list.at(0).get_string("id").value_or(""), who);
    EXPECT_EQ(one.json.get_string("error"), list.at(0).get_string("error"));
  }
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
