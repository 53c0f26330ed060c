// Accounts over HTTP: the first one, registration, login, refresh, logout, passwords, users, invitations.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

struct AccountsTest : ApiTest {
  std::string login_body(const std::string& name, const std::string& more = {}) {
    return "{\"username\":\"" + name + "\",\"password\":\"password-of-" + name + "\"" + more + "}";
  }
  Answer login(const std::string& name, const std::string& more = {}) {
    return ask("POST", "/api/v1/auth/login", "", login_body(name, more));
  }
  /// `name=value` of the cookie that an answer sets.
  static std::string cookie_of(const Answer& answer) {
    const std::string text = answer.header("Set-Cookie");
    return text.substr(0, text.find(';'));
  }
  Answer refresh(const std::string& token) {
    return ask("POST", "/api/v1/auth/refresh", "", "{\"refreshToken\":\"" + token + "\"}");
  }
  Answer refresh_by_cookie(const std::string& cookie, Fields headers = {}) {
    headers.emplace_back("Cookie", cookie);
    return ask("POST", "/api/v1/auth/refresh", "", "{}", headers);
  }
  std::string keep(const std::string& name, const Answer& answer) {
    tokens[name] = answer.json.get_string("token").value_or("");
    return answer.json.get_string("refreshToken").value_or("");
  }
};

TEST_F(AccountsTest, TheFirstAccountIsMadeByTheLink) {
  make_api({.setup_token = "the-link"});
  EXPECT_EQ(ask("GET", "/api/v1/info").json.get_bool("setupNeeded"), true);
  const auto setup = [&](const std::string& token, const std::string& password = "harbour-in-the-fog") {
    return ask("POST", "/api/v1/setup", "",
               "{\"token\":\"" + token + "\",\"username\":\"ann\",\"password\":\"" + password + "\"}");
  };
  EXPECT_EQ(setup("wrong").code(), "AUTH_ROLE_RESTRICTED");
  EXPECT_EQ(setup("the-link", "short").field(), "password") << "and the link is still good";
  const Answer made = setup("the-link");
  ASSERT_EQ(made.status, 201) << made.response.body;
  EXPECT_EQ(made.json.get("user").get_string("role"), "admin");
  keep("ann", made);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "ann").status, 200);
  EXPECT_EQ(setup("the-link").status, 403) << "once";
  EXPECT_EQ(ask("GET", "/api/v1/info").json.get_bool("setupNeeded"), false);
}

TEST_F(AccountsTest, TheLinkIsGoneWhenSomebodyElseMadeAnAccount) {
  make_api({.setup_token = "the-link"});
  add_user("ann", auth::Role::viewer);
  const std::string body = R"({"token":"the-link","username":"eve","password":"harbour-in-the-fog"})";
  EXPECT_EQ(ask("POST", "/api/v1/setup", "", body).status, 403);
  ASSERT_TRUE(users.remove(users.find_by_name("ann")->id));
  EXPECT_EQ(ask("POST", "/api/v1/setup", "", body).status, 403) << "and stays gone";
  make_api({});
  EXPECT_EQ(ask("POST", "/api/v1/setup", "", R"({"token":"","username":"eve","password":"harbour-in-the-fog"})").status,
            400);
}

TEST_F(AccountsTest, InfoIsForEverybody) {
  make_api({.registration = "invite"});
  const Answer info = ask("GET", "/api/v1/info");
  EXPECT_EQ(info.status, 200);
  EXPECT_EQ(info.json.keys(), (std::vector<std::string>{"name", "version", "setupNeeded", "registration"}));
  EXPECT_EQ(info.json.get_string("registration"), "invite");
}

TEST_F(AccountsTest, RegistrationIsClosedUnlessItIsOpened) {
  const std::string body = R"({"username":"eve","password":"harbour-in-the-fog"})";
  for (const char* target : {"/api/v1/auth/register", "/api/auth/register"}) {
    EXPECT_EQ(ask("POST", target, "", body).status, 403);
    EXPECT_EQ(ask("POST", target, "", body).code(), "AUTH_ROLE_RESTRICTED");
  }
  make_api({.registration = "open"});
  const Answer eve = ask("POST", "/api/auth/register", "", body);
  ASSERT_EQ(eve.status, 201) << eve.response.body;
  EXPECT_EQ(eve.json.get("user").get_string("role"), "operator");
  EXPECT_EQ(ask("POST", "/api/auth/register", "", body).code(), "CONFLICT");
  EXPECT_EQ(ask("POST", "/api/auth/register", "", R"({"username":"x","password":"password12"})").field(), "password");
  EXPECT_EQ(ask("POST", "/api/auth/register", "", R"({"username":"x y","password":"harbour-in-the-fog"})").field(),
            "username");
  EXPECT_EQ(ask("POST", "/api/auth/register", "", R"({"username":"x","password":"harbour-in-the-fog","role":"admin"})")
                .field(),
            "role")
      << "nobody names their own role";
}

TEST_F(AccountsTest, AnAddressMakesFewAccounts) {
  make_api({.registration = "open"});
  int made = 0, refused = 0;
  for (int i = 0; i < 25; ++i) {
    const Answer answer = ask("POST", "/api/v1/auth/register", "",
                              "{\"username\":\"u" + std::to_string(i) + "\",\"password\":\"harbour-in-the-fog\"}");
    (answer.status == 201 ? made : refused) += 1;
    EXPECT_TRUE(answer.status == 201 || std::stoi(answer.header("Retry-After")) >= 1);
  }
  EXPECT_EQ(made, 20);
  EXPECT_EQ(refused, 5);
}

TEST_F(AccountsTest, AnInvitationOpensTheDoorOnce) {
  make_api({.registration = "invite"});
  add_user("admin", auth::Role::admin);
  add_user("viewer", auth::Role::viewer);
  const Answer invitation = ask("POST", "/api/v1/invitations", "admin", R"({"role":"operator"})");
  ASSERT_EQ(invitation.status, 201) << invitation.response.body;
  const std::string token = *invitation.json.get_string("token");
  EXPECT_EQ(invitation.json.get_string("url"), "http://cam.local:8080/invite#" + token);
  EXPECT_EQ(invitation.json.get_string("expiresAt"), base::format_time(clock.now() + std::chrono::hours(72)));
  const auto enter = [&](const std::string& with) {
    return ask("POST", "/api/v1/auth/register", "",
               R"({"username":"guest","password":"harbour-in-the-fog","invitation":")" + with + "\"}");
  };
  EXPECT_EQ(enter("").status, 403);
  EXPECT_EQ(enter("wrong").status, 403);
  const Answer guest = enter(token);
  ASSERT_EQ(guest.status, 201) << guest.response.body;
  EXPECT_EQ(guest.json.get("user").get_string("role"), "operator");
  EXPECT_EQ(enter(token).status, 403);
  const Answer list = ask("GET", "/api/v1/invitations", "admin");
  EXPECT_FALSE(list.json.get("items").at(0).has("token"));
  EXPECT_TRUE(list.json.get("items").at(0).get("usedAt").is_string());
  for (const char* body :
       {R"({"role":"king"})", R"({})", R"({"role":"viewer","expiresInHours":0})",
        R"({"role":"viewer","expiresInHours":1000000})", R"({"role":"viewer","expiresInHours":"1"})"})
    EXPECT_EQ(ask("POST", "/api/v1/invitations", "admin", body).status, 400) << body;
  const Answer second = ask("POST", "/api/v1/invitations", "admin", R"({"role":"viewer","expiresInHours":1})");
  EXPECT_EQ(ask("DELETE", "/api/v1/invitations/" + *second.json.get_string("id"), "admin").status, 204);
  EXPECT_EQ(ask("DELETE", "/api/v1/invitations/" + *second.json.get_string("id"), "admin").status, 404);
  EXPECT_EQ(enter(*second.json.get_string("token")).status, 403);
}

TEST_F(AccountsTest, RefreshTokensRotateAndReuseEndsTheLogin) {
  add_user("ann", auth::Role::operator_);
  const Answer opened = login("ann");
  ASSERT_EQ(opened.status, 200);
  EXPECT_EQ(opened.header("Set-Cookie"), "");
  const std::string first = keep("one", opened);
  const Answer again = refresh(first);
  ASSERT_EQ(again.status, 200) << again.response.body;
  EXPECT_EQ(again.json.keys(), opened.json.keys());
  const std::string second = keep("two", again);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "two").status, 200);
  const Answer reused = refresh(first);
  EXPECT_EQ(reused.status, 401);
  EXPECT_EQ(reused.code(), "AUTH_TOKEN_INVALID");
  EXPECT_EQ(refresh(second).status, 401);
  for (const char* token : {"one", "two"})
    EXPECT_EQ(ask("GET", "/api/v1/auth/me", token).status, 401) << "its tokens are void, too";
}

TEST_F(AccountsTest, TheCookieIsForThePageAlone) {
  add_user("ann", auth::Role::operator_);
  const Answer remembered = login("ann", ",\"remember\":true");
  EXPECT_TRUE(remembered.json.get("refreshToken").is_null());
  const std::string cookie = remembered.header("Set-Cookie");
  EXPECT_EQ(cookie.substr(cookie.find(';')), "; Path=/api; HttpOnly; SameSite=Strict; Max-Age=2592000");
  EXPECT_EQ(login("ann", ",\"remember\":false").header("Set-Cookie").find("Max-Age"), std::string::npos);
  const Answer next = refresh_by_cookie(cookie_of(remembered), {{"Origin", "http://cam.local:8080"}});
  ASSERT_EQ(next.status, 200) << next.response.body;
  EXPECT_TRUE(next.json.get("refreshToken").is_null());
  EXPECT_NE(next.header("Set-Cookie").find("Max-Age=2592000"), std::string::npos) << "stays one that stays";
  EXPECT_NE(cookie_of(next), cookie_of(remembered));
  const Answer again = refresh_by_cookie(cookie_of(remembered));
  EXPECT_EQ(again.status, 200) << "the page was loaded again before the answer came";
  clock.advance(auth::cookie_grace + std::chrono::seconds(1));
  EXPECT_EQ(refresh_by_cookie(cookie_of(remembered)).status, 401);
  EXPECT_EQ(refresh_by_cookie(cookie_of(again)).status, 401) << "reuse ends it";
  make_api({.public_url = "https://cam.example.org/live"});
  const std::string secure = login("ann", ",\"remember\":true").header("Set-Cookie");
  EXPECT_NE(secure.find("; Secure"), std::string::npos);
  EXPECT_NE(secure.find("; Path=/live/api;"), std::string::npos);
}

TEST_F(AccountsTest, LogoutEndsThisLoginAtOnce) {
  add_user("ann", auth::Role::operator_);
  const std::string one = keep("one", login("ann")), two = keep("two", login("ann"));
  EXPECT_EQ(ask("POST", "/api/v1/auth/logout", "one").status, 204);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "one").status, 401);
  EXPECT_EQ(refresh(one).status, 401);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "two").status, 200);
  EXPECT_EQ(ask("POST", "/api/auth/logout", "", "{\"refreshToken\":\"" + two + "\"}").status, 204);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "two").status, 401);
  EXPECT_EQ(ask("POST", "/api/v1/auth/logout").status, 401);
  EXPECT_EQ(ask("POST", "/api/v1/auth/logout", "one").status, 401);
  const Answer page = login("ann", ",\"remember\":true");
  keep("page", page);
  const Answer left = ask("POST", "/api/v1/auth/logout", "", "{}", {{"Cookie", cookie_of(page)}});
  EXPECT_EQ(left.status, 204);
  EXPECT_EQ(left.header("Set-Cookie"), "reallive_refresh=; Path=/api; HttpOnly; SameSite=Strict; Max-Age=0");
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "page").status, 401);
}

TEST_F(AccountsTest, ANewPasswordEndsEveryOtherLogin) {
  add_user("ann", auth::Role::operator_);
  const std::string other = keep("other", login("ann"));
  const Answer page = login("ann", ",\"remember\":true");
  keep("page", page);
  const auto change = [&](const std::string& current, const std::string& next) {
    return ask("PUT", "/api/v1/auth/password", "page",
               "{\"currentPassword\":\"" + current + "\",\"newPassword\":\"" + next + "\"}");
  };
  EXPECT_EQ(change("wrong", "harbour-in-the-fog").field(), "currentPassword");
  EXPECT_EQ(change("password-of-ann", "password123").field(), "newPassword");
  EXPECT_EQ(change("password-of-ann", "short").field(), "newPassword");
  const Answer changed = change("password-of-ann", "harbour-in-the-fog");
  ASSERT_EQ(changed.status, 200) << changed.response.body;
  EXPECT_NE(changed.header("Set-Cookie").find("Max-Age=2592000"), std::string::npos) << "goes on by cookie";
  for (const char* token : {"other", "page"})
    EXPECT_EQ(ask("GET", "/api/v1/auth/me", token).status, 401);
  EXPECT_EQ(refresh(other).status, 401);
  keep("now", changed);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "now").status, 200);
  EXPECT_EQ(login("ann").status, 401);
}

TEST_F(AccountsTest, WrongPasswordsCostWaiting) {
  add_user("ann", auth::Role::operator_);
  const auto guess = [&](const std::string& name, const std::string& password) {
    return ask("POST", "/api/v1/auth/login", "", "{\"username\":\"" + name + "\",\"password\":\"" + password + "\"}");
  };
  for (const char* name : {"ann", "nobody"}) {
    remote_address = std::string("192.0.2.") + (name[0] == 'a' ? "1" : "2");
    for (int i = 0; i < 10; ++i)
      EXPECT_EQ(guess(name, "wrong-" + std::to_string(i)).status, 401);
    const Answer waiting = guess(name, "password-of-ann");
    EXPECT_EQ(waiting.status, 429) << name;
    EXPECT_EQ(waiting.code(), "RATE_LIMIT_EXCEEDED");
    EXPECT_EQ(waiting.header("Retry-After"), "2");
  }
  // base64 of ann:password-of-ann. Basic on a media path is a guess like any other.
  const Fields basic = {{"Authorization", "Basic YW5uOnBhc3N3b3JkLW9mLWFubg=="}};
  EXPECT_EQ(ask("POST", "/whep/none", "", offer, basic).status, 429);
  clock.advance(std::chrono::seconds(3));
  EXPECT_EQ(guess("ann", "password-of-ann").status, 200);
  EXPECT_EQ(guess("ann", "wrong").status, 401) << "counted from none again";
}

TEST_F(AccountsTest, AdminsManageUsers) {
  add_user("admin", auth::Role::admin);
  const Answer made = ask("POST", "/api/v1/users", "admin",
                          R"({"username":"bob","password":"harbour-in-the-fog","role":"viewer","email":"b@x.org"})");
  ASSERT_EQ(made.status, 201) << made.response.body;
  const std::string bob = "/api/v1/users/" + *made.json.get_string("id");
  EXPECT_EQ(made.header("Location"), bob);
  EXPECT_FALSE(made.json.has("passwordHash"));
  EXPECT_EQ(
      ask("POST", "/api/v1/users", "admin", R"({"username":"BOB","password":"harbour-in-the-fog","role":"viewer"})")
          .code(),
      "CONFLICT");
  EXPECT_EQ(ask("POST", "/api/v1/users", "admin", R"({"username":"x","password":"short","role":"viewer"})").field(),
            "password");
  EXPECT_EQ(ask("POST", "/api/v1/users", "admin", R"({"username":"x","password":"harbour-in-the-fog"})").field(),
            "role");
  const Answer list = ask("GET", "/api/v1/users?limit=1", "admin");
  EXPECT_EQ(list.json.get("items").size(), 1u);
  const Answer rest = ask("GET", "/api/v1/users?limit=1&cursor=" + *list.json.get_string("nextCursor"), "admin");
  EXPECT_EQ(rest.json.get("items").at(0).get_string("username"), "bob");
  EXPECT_TRUE(rest.json.get("nextCursor").is_null());
  const Answer stale = ask("PUT", bob, "admin", R"({"role":"operator"})", {{"If-Match", "\"x\""}});
  EXPECT_EQ(stale.status, 412);
  const Answer changed =
      ask("PUT", bob, "admin", R"({"role":"operator"})", {{"If-Match", ask("GET", bob, "admin").header("ETag")}});
  EXPECT_EQ(changed.json.get_string("role"), "operator");
  EXPECT_EQ(ask("PUT", bob, "admin", R"({"username":"rob"})").field(), "username");
  EXPECT_EQ(ask("DELETE", bob, "admin").status, 204);
  EXPECT_EQ(ask("GET", bob, "admin").code(), "USER_NOT_FOUND");
}

TEST_F(AccountsTest, AnIdempotencyKeyMakesOneAccountAndOneInvitation) {
  add_user("admin", auth::Role::admin);
  add_user("root", auth::Role::admin);
  const Fields key = {{"Idempotency-Key", "k1"}};
  const Fields long_key = {{"Idempotency-Key", std::string(256, 'k')}};
  const std::string bob = R"({"username":"bob","password":"harbour-in-the-fog","role":"viewer"})";
  const std::string eve = R"({"username":"eve","password":"harbour-in-the-fog","role":"viewer"})";
  const std::string viewer = R"({"role":"viewer"})";
  for (const auto& [target, body, other] :
       {std::tuple{"/api/v1/users", bob, eve}, {"/api/v1/invitations", viewer, std::string(R"({"role":"admin"})")}}) {
    const Answer first = ask("POST", target, "admin", body, key);
    EXPECT_EQ(first.status, 201) << first.response.body;
    const Answer second = ask("POST", target, "admin", body, key);
    EXPECT_EQ(second.status, 201) << target;
    EXPECT_EQ(second.json, first.json) << target;
    EXPECT_EQ(second.header("Location"), first.header("Location"));
    EXPECT_EQ(ask("POST", target, "admin", other, key).code(), "CONFLICT") << "the key was another request's";
    EXPECT_EQ(ask("POST", target, "admin", other, long_key).status, 400);
  }
  EXPECT_EQ(users.list("default")->size(), 3u);
  EXPECT_EQ(ask("GET", "/api/v1/invitations", "admin").json.get("items").size(), 1u);
  EXPECT_EQ(ask("POST", "/api/v1/invitations", "root", viewer, key).status, 201) << "keys are each user's own";
  EXPECT_EQ(ask("GET", "/api/v1/invitations", "admin").json.get("items").size(), 2u);
}

TEST_F(AccountsTest, ARequestThatComesAgainWhileItIsDoneIsDoneOnce) {
  add_user("admin", auth::Role::admin);
  const Fields key = {{"Idempotency-Key", "k1"}};
  const std::string bob = R"({"username":"bob","password":"harbour-in-the-fog","role":"viewer"})";
  auto first = begin("POST", "/api/v1/users", "admin", bob, key);
  const Answer second = ask("POST", "/api/v1/users", "admin", bob, key);
  EXPECT_EQ(second.status, 201) << second.response.body;
  ASSERT_TRUE(executor.run_until([&] { return first->status != 0; }));
  EXPECT_EQ(first->status, 201) << first->response.body;
  EXPECT_EQ(first->json, second.json);
}

TEST_F(AccountsTest, SwitchingOffANewPasswordAndRemovalCountAtOnce) {
  add_user("admin", auth::Role::admin);
  for (const std::string& body :
       {std::string(R"({"isActive":false})"), std::string(R"({"password":"harbour-in-the-fog"})"), std::string()}) {
    const auto ann = add_user("ann", auth::Role::operator_);
    const std::string token = keep("ann", login("ann"));
    const std::string target = "/api/v1/users/" + ann.id;
    EXPECT_EQ(ask(body.empty() ? "DELETE" : "PUT", target, "admin", body).status, body.empty() ? 204 : 200);
    EXPECT_EQ(ask("GET", "/api/v1/auth/me", "ann").status, 401) << body;
    EXPECT_EQ(refresh(token).status, 401) << body;
    EXPECT_EQ(users.remove(ann.id).has_value(), !body.empty());
  }
}

TEST_F(AccountsTest, TheLastAdminStays) {
  const auto admin = add_user("admin", auth::Role::admin);
  const std::string target = "/api/v1/users/" + admin.id;
  EXPECT_EQ(ask("DELETE", target, "admin").status, 409);
  EXPECT_EQ(ask("PUT", target, "admin", R"({"isActive":false})").status, 409);
  EXPECT_EQ(ask("PUT", target, "admin", R"({"role":"viewer"})").status, 409);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "admin").status, 200);
}

TEST_F(AccountsTest, OrganizationsDoNotSeeOneAnother) {
  add_organization("other");
  add_user("admin", auth::Role::admin);
  const auto stranger = add_user("stranger", auth::Role::admin, "other");
  const std::string target = "/api/v1/users/" + stranger.id;
  EXPECT_EQ(ask("GET", target, "admin").status, 404);
  EXPECT_EQ(ask("PUT", target, "admin", R"({"role":"viewer"})").status, 404);
  EXPECT_EQ(ask("DELETE", target, "admin").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/users", "admin").json.get("items").size(), 1u);
  const Answer invitation = ask("POST", "/api/v1/invitations", "stranger", R"({"role":"admin"})");
  EXPECT_EQ(ask("GET", "/api/v1/invitations", "admin").json.get("items").size(), 0u);
  EXPECT_EQ(ask("DELETE", "/api/v1/invitations/" + *invitation.json.get_string("id"), "admin").status, 404);
  make_api({.registration = "invite"});
  const Answer guest = ask("POST", "/api/v1/auth/register", "",
                           R"({"username":"guest","password":"harbour-in-the-fog","invitation":")" +
                               *invitation.json.get_string("token") + "\"}");
  ASSERT_EQ(guest.status, 201);
  EXPECT_EQ(users.find_by_name("guest")->organization_id, "other");
}

}  // namespace
}  // namespace reallive::api::testing_only
