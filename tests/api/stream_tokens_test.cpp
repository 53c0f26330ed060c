// `?token=` in addresses: what it opens, what it does not, and that no token passes for another kind.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

struct StreamTokensTest : ApiTest {
  StreamTokensTest() {
    ann = add_user("ann", auth::Role::operator_);
    add_camera("door", ann.id);
    add_camera("gate", ann.id);
  }
  /// What stands behind `?` in the address of this protocol.
  std::string query_of(const std::string& protocol, const std::string& who = "ann") {
    const Answer answer = ask("GET", "/api/v1/cameras/door/stream", who);
    EXPECT_EQ(answer.status, 200);
    const std::string address = answer.json.get_string(protocol).value_or("");
    EXPECT_NE(address.find("?token="), std::string::npos) << address;
    return address.substr(address.find('?'));
  }
  std::string token_in(const std::string& query) { return query.substr(query.find('=') + 1); }

  auth::User ann;
};

TEST_F(StreamTokensTest, OpenWhatTheyNameAndNothingElse) {
  const std::string view = query_of("whep"), publish = query_of("whip");
  EXPECT_EQ(ask("POST", "/whep/door" + view, "", offer).status, 201);
  EXPECT_EQ(ask("POST", "/whip/door" + publish, "", offer).status, 201);
  EXPECT_EQ(ask("POST", "/whip/door" + view, "", offer).status, 401) << "another use";
  EXPECT_EQ(ask("POST", "/whep/door" + publish, "", offer).status, 401);
  EXPECT_EQ(ask("POST", "/whep/gate" + view, "", offer).status, 401) << "another stream";
  EXPECT_EQ(ask("POST", "/whep/none" + view, "", offer).status, 401);
  EXPECT_EQ(ask("POST", "/whep/door" + view + "x", "", offer).status, 401);
  EXPECT_EQ(ask("POST", "/whep/door?token=", "", offer).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/cameras/door" + view).status, 401) << "the API takes none";
}

TEST_F(StreamTokensTest, LastAQuarterOfAnHour) {
  const Answer answer = ask("GET", "/api/v1/cameras/door/stream", "ann");
  EXPECT_EQ(answer.json.get_string("expiresAt"), base::format_time(clock.now() + std::chrono::minutes(15)));
  const std::string view = query_of("whep");
  clock.advance(std::chrono::minutes(15) - std::chrono::seconds(1));
  EXPECT_EQ(ask("POST", "/whep/door" + view, "", offer).status, 201);
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(ask("POST", "/whep/door" + view, "", offer).status, 401);
}

TEST_F(StreamTokensTest, TheSessionsAddressIsEnoughToEndIt) {
  const std::string view = query_of("whep");
  const Answer made = ask("POST", "/whep/door" + view, "", offer);
  ASSERT_EQ(made.status, 201);
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(ask("DELETE", made.header("Location")).status, 200) << "long after the token is over";
  EXPECT_TRUE(media.open.empty());
  const Answer by_header = ask("POST", "/whep/door", "ann", offer);
  EXPECT_EQ(ask("DELETE", by_header.header("Location")).status, 401) << "whoever can send a header has to";
  EXPECT_EQ(ask("DELETE", by_header.header("Location"), "ann").status, 200);
}

TEST_F(StreamTokensTest, EndWithTheLogin) {
  const std::string view = query_of("whep");
  ASSERT_EQ(ask("POST", "/whep/door" + view, "", offer).status, 201);
  ASSERT_EQ(ask("POST", "/api/v1/auth/logout", "ann").status, 204);
  EXPECT_TRUE(media.open.empty()) << "what the token opened ends";
  EXPECT_EQ(ask("POST", "/whep/door" + view, "", offer).status, 401);
}

TEST_F(StreamTokensTest, NoTokenIsAnother) {
  const std::string stream_token = token_in(query_of("whep")), login_token = tokens["ann"];
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "", "", {{"Authorization", "Bearer " + stream_token}}).status, 401);
  EXPECT_EQ(ask("POST", "/whep/door", "", offer, {{"Authorization", "Bearer " + stream_token}}).status, 401);
  EXPECT_EQ(ask("POST", "/whep/door?token=" + login_token, "", offer).status, 401);
  EXPECT_EQ(ask("POST", "/api/v1/auth/refresh", "", "{\"refreshToken\":\"" + login_token + "\"}").status, 401);
  const std::string key = cameras.find_anywhere("door")->stream_key;
  EXPECT_EQ(ask("POST", "/whip/door?token=" + key, "", offer).status, 401);
}

TEST_F(StreamTokensTest, AViewerGetsNoAddressToPublish) {
  const auto viewer = add_user("viewer", auth::Role::viewer);
  add_camera("own", viewer.id);
  const Answer answer = ask("GET", "/api/v1/cameras/own/stream", "viewer");
  EXPECT_TRUE(answer.json.get("whip").is_null());
  EXPECT_TRUE(answer.json.get("whep").is_string());
}

TEST_F(StreamTokensTest, AHeaderCountsBeforeTheAddress) {
  const std::string view = query_of("whep");
  EXPECT_EQ(ask("POST", "/whep/door" + view, "ann", offer).status, 201);
  EXPECT_EQ(ask("POST", "/whep/door" + view, "", offer, {{"Authorization", "Bearer x"}}).status, 401)
      << "wrong credentials are never ignored";
}

}  // namespace
}  // namespace reallive::api::testing_only
