// What is withdrawn ends what runs: sessions of users who were logged out, switched off or removed, of changed
// passwords, roles and owners, of cameras that are no longer public, and of old stream keys. And the list of sessions.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

struct RevocationTest : ApiTest {
  RevocationTest() {
    admin = add_user("admin", auth::Role::admin);
    ann = add_user("ann", auth::Role::operator_);
    bob = add_user("bob", auth::Role::operator_);
    door = add_camera("door", ann.id);
  }
  int view(const std::string& who) { return ask("POST", "/whep/door", who, offer).status; }
  int publish(const std::string& authorization) {
    return ask("POST", "/whip/door", "", offer, {{"Authorization", authorization}}).status;
  }
  size_t running() const { return media.open.size(); }
  std::string put_user(const auth::User& user, const std::string& body) {
    return std::to_string(ask("PUT", "/api/v1/users/" + user.id, "admin", body).status);
  }
  int put_door(const std::string& body) { return ask("PUT", "/api/v1/cameras/door", "admin", body).status; }

  auth::User admin, ann, bob;
  catalog::Camera door;
};

TEST_F(RevocationTest, LogoutEndsWhatThatLoginRuns) {
  const std::string first = tokens["ann"];
  tokens["again"] = token_of("ann");
  ASSERT_EQ(view("ann"), 201);
  ASSERT_EQ(view("again"), 201);
  ASSERT_EQ(publish("Bearer " + first), 201);
  EXPECT_EQ(ask("POST", "/api/v1/auth/logout", "ann").status, 204);
  EXPECT_EQ(running(), 1u) << "the other login goes on";
  const auto list = sessions.list({.organization_id = "default", .status = "active"});
  EXPECT_EQ(list->items.size(), 1u);
  const auto over = sessions.list({.organization_id = "default", .status = "ended"});
  for (const auto& session : over->items)
    EXPECT_EQ(session.error, "");
}

TEST_F(RevocationTest, SwitchingOffANewPasswordAndRemovalEndAll) {
  ASSERT_EQ(view("ann"), 201);
  EXPECT_EQ(put_user(ann, R"({"email":"a@example.org"})"), "200");
  EXPECT_EQ(running(), 1u) << "nothing was withdrawn";
  EXPECT_EQ(put_user(ann, R"({"isActive":false})"), "200");
  EXPECT_EQ(running(), 0u);
  EXPECT_EQ(put_user(ann, R"({"isActive":true})"), "200");
  tokens["ann"] = token_of("ann");
  ASSERT_EQ(view("ann"), 201);
  EXPECT_EQ(put_user(ann, R"({"password":"harbour-in-the-fog"})"), "200");
  EXPECT_EQ(running(), 0u);
  tokens["ann"] = token_of("ann");
  ASSERT_EQ(view("ann"), 201);
  ASSERT_EQ(view("admin"), 201);
  EXPECT_EQ(ask("DELETE", "/api/v1/users/" + ann.id, "admin").status, 204);
  EXPECT_EQ(running(), 1u);
}

TEST_F(RevocationTest, ALesserRoleEndsWhatItMayNot) {
  ASSERT_EQ(publish("Bearer " + tokens["ann"]), 201);
  ASSERT_EQ(view("ann"), 201);
  EXPECT_EQ(put_user(ann, R"({"role":"viewer"})"), "200");
  ASSERT_EQ(running(), 1u);
  EXPECT_EQ(media.open.begin()->second.kind, "view");
}

TEST_F(RevocationTest, AnotherOwnerAndNoLongerPublic) {
  ASSERT_EQ(put_door(R"({"isPublic":true})"), 200);
  for (const char* who : {"", "bob", "ann", "admin"})
    ASSERT_EQ(view(who), 201);
  EXPECT_EQ(running(), 4u);
  ASSERT_EQ(put_door(R"({"place":"hall"})"), 200);
  EXPECT_EQ(running(), 4u);
  ASSERT_EQ(put_door(R"({"isPublic":false})"), 200);
  EXPECT_EQ(running(), 2u) << "owner and admin";
  ASSERT_EQ(put_door("{\"ownerId\":\"" + bob.id + "\"}"), 200);
  EXPECT_EQ(running(), 1u) << "the admin";
}

TEST_F(RevocationTest, AnOfferUnderWayIsRefusedWhenTheRightGoesMeanwhile) {
  media.hold = true;
  auto later = begin("POST", "/whep/door", "ann", offer);
  executor.run();
  ASSERT_EQ(later->status, 0);
  EXPECT_EQ(put_user(ann, R"({"isActive":false})"), "200");
  media.release();
  EXPECT_EQ(later->status, 403);
  EXPECT_EQ(running(), 0u);
}

TEST_F(RevocationTest, ChangesOfAnotherProgramCountWhenTheServerHears) {
  ASSERT_EQ(view("ann"), 201);
  ASSERT_TRUE(users.set_password_hash(ann.id, *auth::hash_password("another-one", 4)));
  api->recheck_sessions();
  EXPECT_EQ(running(), 0u);
}

TEST_F(RevocationTest, ReuseOfARefreshTokenEndsWhatItsLoginRuns) {
  const Answer login = ask("POST", "/api/v1/auth/login", "", R"({"username":"ann","password":"password-of-ann"})");
  const std::string body = "{\"refreshToken\":\"" + *login.json.get_string("refreshToken") + "\"}";
  tokens["login"] = *login.json.get_string("token");
  ASSERT_EQ(view("login"), 201);
  ASSERT_EQ(ask("POST", "/api/v1/auth/refresh", "", body).status, 200);
  EXPECT_EQ(running(), 1u);
  ASSERT_EQ(ask("POST", "/api/v1/auth/refresh", "", body).status, 401);
  EXPECT_EQ(running(), 0u);
}

TEST_F(RevocationTest, ANewStreamKeyEndsWhoeverCameWithTheOldOne) {
  const std::string old_key = cameras.find_anywhere("door")->stream_key;
  ASSERT_EQ(publish("Bearer " + old_key), 201);
  ASSERT_EQ(publish("Bearer " + tokens["ann"]), 201);
  const Answer renewed = ask("POST", "/api/v1/cameras/door/stream-key", "ann");
  ASSERT_EQ(renewed.status, 200) << renewed.response.body;
  const std::string key = *renewed.json.get_string("streamKey");
  EXPECT_NE(key, old_key);
  EXPECT_EQ(running(), 1u) << "the account's session goes on";
  EXPECT_EQ(publish("Bearer " + old_key), 401);
  EXPECT_EQ(publish("Bearer " + key), 201);
  EXPECT_EQ(ask("POST", "/api/cameras/door/stream-key", "bob").status, 404);
}

TEST_F(RevocationTest, SessionsAreListedAndEnded) {
  ASSERT_EQ(put_door(R"({"isPublic":true})"), 200);
  ASSERT_EQ(view(""), 201);
  ASSERT_EQ(view("bob"), 201);
  ASSERT_EQ(view("ann"), 201);
  const auto count = [&](const std::string& who, const std::string& query = {}) {
    return ask("GET", "/api/v1/sessions" + query, who).json.get("items").size();
  };
  EXPECT_EQ(count("ann"), 3u) << "the owner sees all";
  EXPECT_EQ(count("admin"), 3u);
  EXPECT_EQ(count("bob"), 1u) << "others their own";
  EXPECT_EQ(count("ann", "?status=active&kind=view&cameraId=" + door.id), 3u);
  EXPECT_EQ(count("ann", "?kind=publish"), 0u);
  for (const char* bad : {"?status=x", "?kind=x", "?limit=0", "?limit=x", "?cursor=x", "?order=x"})
    EXPECT_EQ(ask("GET", "/api/v1/sessions" + std::string(bad), "ann").status, 400) << bad;
  media.open["media-1"].bytes = 4711;
  clock.advance(std::chrono::seconds(5));
  const base::Json items = ask("GET", "/api/v1/sessions?limit=3", "ann").json.get("items");
  std::string guest, bobs;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items.at(i).get("userId").is_null()) {
      guest = *items.at(i).get_string("id");
      EXPECT_EQ(items.at(i).get_int("bytes"), 4711);
    }
    if (items.at(i).get_string("userId") == bob.id) bobs = *items.at(i).get_string("id");
  }
  EXPECT_EQ(ask("DELETE", "/api/v1/sessions/" + guest, "bob").code(), "SESSION_NOT_FOUND");
  EXPECT_EQ(ask("DELETE", "/api/v1/sessions/none", "ann").code(), "SESSION_NOT_FOUND");
  EXPECT_EQ(ask("DELETE", "/api/v1/sessions/" + guest, "ann").status, 204);
  EXPECT_EQ(ask("DELETE", "/api/v1/sessions/" + bobs, "bob").status, 204);
  EXPECT_EQ(ask("DELETE", "/api/v1/sessions/" + bobs, "bob").status, 204) << "it is over either way";
  EXPECT_EQ(running(), 1u);
  EXPECT_EQ(count("ann", "?status=ended"), 2u);
}

}  // namespace
}  // namespace reallive::api::testing_only
