// What a stranger with bad intentions sends: forged tokens, other sites' requests, cookies that are not ours, SQL and
// HTML in every field, and guesses at who has an account.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "api/fixture.h"
#include "base/id.h"

namespace reallive::api::testing_only {
namespace {

constexpr const char* sql = "x'); DROP TABLE users; --";
constexpr const char* html = "<script>alert(1)</script>\"'&";

std::string base64url(const std::string& text) {
  return base::base64url_encode({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

struct AttacksTest : ApiTest {
  AttacksTest() {
    admin = add_user("admin", auth::Role::admin);
    ann = add_user("ann", auth::Role::operator_);
  }

  /// A token with the server's own key: as if its maker had been careless.
  std::string sign(const std::string& header, const std::string& payload, const EVP_MD* digest = EVP_sha256(),
                   std::string key = {}) {
    if (key.empty()) {
      std::ifstream file(dir / "jwt.key", std::ios::binary);
      key.assign(std::istreambuf_iterator<char>(file), {});
    }
    const std::string text = base64url(header) + "." + base64url(payload);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), mac, &length);
    return text + "." + base::base64url_encode({mac, length});
  }
  std::string login_id() {
    const auto principal = authenticator->verify_token(tokens["admin"]);
    return principal->login_id;
  }
  std::string payload(const std::string& more) {
    return "{\"sub\":\"" + admin.id + "\",\"sid\":\"" + login_id() + "\",\"ver\":1" + more + "}";
  }
  int64_t now() const { return std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count(); }
  int me(const std::string& token) {
    return ask("GET", "/api/v1/auth/me", "", "", {{"Authorization", "Bearer " + token}}).status;
  }
  std::string page_cookie() {
    const Answer answer =
        ask("POST", "/api/v1/auth/login", "", R"({"username":"ann","password":"password-of-ann","remember":true})");
    const std::string cookie = answer.header("Set-Cookie");
    return cookie.substr(0, cookie.find(';'));
  }

  auth::User admin, ann;
};

TEST_F(AttacksTest, TokensAreNotConfused) {
  const std::string hs256 = R"({"alg":"HS256","typ":"JWT"})";
  const std::string exp = ",\"exp\":" + std::to_string(now() + 600), aud = ",\"aud\":\"reallive\"";
  ASSERT_EQ(me(sign(hs256, payload(aud + exp))), 200) << "what is varied below is right otherwise";
  const std::string good = payload(aud + exp);
  for (const char* alg : {"none", "None", "NONE", "nOnE", "", "HS384", "RS256", "ES256", "dir", "A128KW"}) {
    const std::string header = std::string(R"({"alg":")") + alg + R"(","typ":"JWT"})";
    EXPECT_EQ(me(base64url(header) + "." + base64url(good) + "."), 401) << alg;
    EXPECT_EQ(me(base64url(header) + "." + base64url(good)), 401) << alg;
    EXPECT_EQ(me(sign(header, good)), 401) << alg;
  }
  EXPECT_EQ(me(sign(R"({"alg":"HS512","typ":"JWT"})", good, EVP_sha512())), 401) << "another algorithm, the right key";
  EXPECT_EQ(me(sign(hs256, good, EVP_sha256(), "another key")), 401);
  EXPECT_EQ(me(sign(R"({"alg":"HS256","jwk":{"kty":"oct","k":"YW5vdGhlciBrZXk"}})", good, EVP_sha256(), "another key")),
            401)
      << "a key that the token brings along";
  EXPECT_EQ(me(sign(R"({"alg":"HS256","kid":"../../../dev/null"})", good, EVP_sha256(), std::string(1, '\0'))), 401);
  for (const std::string& claims :
       {aud, aud + ",\"exp\":" + std::to_string(now()), aud + ",\"exp\":" + std::to_string(now() - 1),
        aud + ",\"exp\":\"9999999999\"", exp, exp + ",\"aud\":\"reallive-stream\"", exp + ",\"aud\":\"other\"",
        exp + ",\"aud\":[\"reallive\"]", aud + exp + ",\"ver\":2"})
    EXPECT_EQ(me(sign(hs256, payload(claims))), 401) << claims;
  EXPECT_EQ(me(sign(hs256, "{\"sub\":\"" + admin.id + "\",\"ver\":1" + aud + exp + "}")), 401) << "no login";
  EXPECT_EQ(me(sign(hs256, "{\"sub\":\"" + ann.id + "\",\"sid\":\"" + login_id() + "\",\"ver\":1" + aud + exp + "}")),
            401)
      << "somebody else's login";
  EXPECT_EQ(me(sign(hs256, "[]")), 401);
  EXPECT_EQ(me(sign(hs256, "null")), 401);
}

TEST_F(AttacksTest, RolesOfATokenDoNotCount) {
  const std::string claims =
      "{\"sub\":\"" + ann.id + "\",\"sid\":\"" + authenticator->verify_token(tokens["ann"])->login_id +
      "\",\"ver\":1,\"role\":\"admin\",\"org\":\"other\",\"aud\":\"reallive\",\"exp\":" + std::to_string(now() + 600) +
      "}";
  tokens["raised"] = sign(R"({"alg":"HS256"})", claims);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "raised").json.get_string("role"), "operator");
  EXPECT_EQ(ask("GET", "/api/v1/users", "raised").status, 403);
}

TEST_F(AttacksTest, OtherSitesCannotUseTheCookie) {
  for (const char* target : {"/api/v1/auth/refresh", "/api/v1/auth/logout", "/api/auth/refresh", "/api/auth/logout"}) {
    const std::string cookie = page_cookie();
    const auto send = [&](Fields headers, const std::string& body = "{}") {
      headers.emplace_back("Cookie", cookie);
      return ask("POST", target, "", body, headers).status;
    };
    for (const char* origin : {"https://evil.example", "null", "http://cam.local", "http://cam.local:8081",
                               "http://cam.local:8080.evil.example", "http://sub.cam.local:8080", "", "*"})
      EXPECT_EQ(send({{"Origin", origin}}), 401) << target << " " << origin;
    EXPECT_EQ(send({{"Sec-Fetch-Site", "cross-site"}}), 401);
    EXPECT_EQ(send({{"Sec-Fetch-Site", "same-site"}, {"Origin", "http://cam.local:8080"}}), 401);
    for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                             "text/plain; application/json"})
      EXPECT_EQ(send({{"Content-Type", type}}, "x=y"), 415) << type;
    EXPECT_EQ(send({}, ""), 415) << "a form without fields";
    EXPECT_EQ(send({{"Origin", "http://cam.local:8080"}, {"Sec-Fetch-Site", "same-origin"}}) / 100, 2)
        << target << ": the page itself, after all that";
  }
}

TEST_F(AttacksTest, CookiesAreNotConfused) {
  const std::string cookie = page_cookie();
  const auto status = [&](const std::string& text) {
    return ask("POST", "/api/v1/auth/refresh", "", "{}", {{"Cookie", text}}).status;
  };
  EXPECT_EQ(status(cookie + "; " + cookie.substr(0, cookie.find('=')) + "=planted"), 401) << "one is not ours";
  EXPECT_EQ(ask("POST", "/api/v1/auth/refresh", "", "{}", {{"Cookie", cookie}, {"Cookie", "reallive_refresh=planted"}})
                .status,
            401);
  for (const std::string& other :
       {"x" + cookie, "x=1; y" + cookie, std::string("reallive_refresh"), std::string("reallive_refresh="),
        std::string("reallive_refresh2=x"), "x=\"; " + cookie.substr(0, 30), std::string(10'000, ';')})
    EXPECT_EQ(status(other), 401) << other.substr(0, 60);
  EXPECT_EQ(ask("GET", "/api/v1/auth/me", "", "", {{"Cookie", cookie}}).status, 401) << "it opens nothing by itself";
  EXPECT_EQ(ask("POST", "/whep/none", "", offer, {{"Cookie", cookie}}).status, 401);
  EXPECT_EQ(me(cookie.substr(cookie.find('=') + 1)), 401);
  EXPECT_EQ(status("a=b; " + cookie + "; c=d"), 200) << "and was good all the time";
}

TEST_F(AttacksTest, TextsAreTexts) {
  for (const char* text : {sql, html}) {
    auto body = base::Json::object();
    for (const char* field : {"name", "company", "model", "serialNumber", "location", "place"})
      body.set(field, text);
    const Answer made = ask("POST", "/api/v1/cameras", "ann", body.dump());
    ASSERT_EQ(made.status, 201) << made.response.body;
    EXPECT_EQ(made.header("Content-Type").rfind("application/json", 0), 0u);
    const Answer read = ask("GET", "/api/v1/cameras/" + *made.json.get_string("id"), "ann");
    for (const std::string& field : body.keys())
      EXPECT_EQ(read.json.get_string(field), text) << field;
    for (const char* field : {"stream", "ownerId"})
      EXPECT_EQ(ask("PUT", "/api/v1/cameras/" + *made.json.get_string("id"), "admin",
                    base::Json::object({{field, text}}).dump())
                    .status,
                400)
          << field;
    for (const auto& [field, value] : {std::pair{"resolution", base::Json(std::string(text).substr(0, 20))},
                                       {"source", base::Json::object({{"url", text}})}}) {
      auto camera = base::Json::object({{"name", "x"}});
      const Answer refused = ask("POST", "/api/v1/cameras", "ann", camera.set(field, value).dump());
      EXPECT_EQ(refused.status, 400) << field;
      EXPECT_EQ(refused.field().rfind(field, 0), 0u) << refused.field();
    }
    // What stands behind the host of a source's address is the camera's own business; only spaces are none.
    std::string url = std::string("rtsp://10.0.0.9/") + text;
    std::replace(url.begin(), url.end(), ' ', '+');
    auto pulled = base::Json::object({{"name", "pulled"}, {"source", base::Json::object({{"url", url}})}});
    const Answer with_url = ask("POST", "/api/v1/cameras", "ann", pulled.dump());
    ASSERT_EQ(with_url.status, 201) << with_url.response.body;
    const Answer read_url = ask("GET", with_url.header("Location"), "ann");
    EXPECT_EQ(read_url.json.get("source").get_string("url"), url);
    const std::string id = *made.json.get_string("id");
    EXPECT_EQ(ask("POST", "/whep/" + id, "ann", offer, {{"User-Agent", text}}).status, 201);
    const Answer watched = ask("GET", "/api/v1/sessions?cameraId=" + id, "ann");
    ASSERT_EQ(watched.json.get("items").size(), 1u) << watched.response.body;
    EXPECT_EQ(watched.json.get("items").at(0).get_string("userAgent"), text);
    const std::string escaped = http::percent_encode(text);
    for (const std::string& target : {"/api/v1/cameras?search=" + escaped, "/api/v1/sessions?cameraId=" + escaped})
      EXPECT_EQ(ask("GET", target, "ann").status, 200) << target;
    for (const std::string& target :
         {"/api/v1/cameras?sort=" + escaped, "/api/v1/cameras?cursor=" + escaped, "/api/v1/cameras?status=" + escaped,
          "/api/v1/sessions?cursor=" + escaped, "/api/v1/sessions?kind=" + escaped, "/api/v1/users?limit=" + escaped,
          "/api/v1/users?" + escaped + "=1"}) {
      const Answer refused = ask("GET", target, "admin");
      EXPECT_EQ(refused.status, 400) << target;
      EXPECT_EQ(refused.header("Content-Type").rfind("application/json", 0), 0u);
    }
    EXPECT_EQ(ask("GET", "/api/v1/users?cursor=" + escaped, "admin").status, 200);
    for (const char* target : {"/api/v1/cameras/", "/api/v1/users/", "/api/v1/invitations/", "/api/v1/sessions/"})
      EXPECT_EQ(ask("DELETE", target + escaped, "admin").status, 404) << target;
    for (const char* field : {"username", "email"}) {
      auto user = base::Json::object({{"username", "x"}, {"password", "harbour-in-the-fog"}, {"role", "viewer"}});
      const Answer refused = ask("POST", "/api/v1/users", "admin", user.set(field, text).dump());
      EXPECT_EQ(refused.field(), field);
    }
    auto login = base::Json::object({{"username", text}, {"password", text}});
    EXPECT_EQ(ask("POST", "/api/v1/auth/login", "", login.dump()).status, 401);
    EXPECT_EQ(ask("POST", "/api/v1/auth/refresh", "", base::Json::object({{"refreshToken", text}}).dump()).status, 401);
  }
  EXPECT_EQ(users.list("default")->size(), 2u) << "the tables are all there";
}

TEST_F(AttacksTest, NobodyRaisesThemselves) {
  const std::string own = "/api/v1/users/" + ann.id;
  EXPECT_EQ(ask("PUT", own, "ann", R"({"role":"admin"})").status, 403);
  EXPECT_EQ(ask("PUT", own, "admin", R"({"organizationId":"other"})").status, 400);
  EXPECT_EQ(
      ask("POST", "/api/v1/users", "ann", R"({"username":"x","password":"harbour-in-the-fog","role":"admin"})").status,
      403);
  EXPECT_EQ(ask("POST", "/api/v1/invitations", "ann", R"({"role":"admin"})").status, 403);
  EXPECT_EQ(ask("PUT", "/api/v1/auth/password", "ann",
                R"({"currentPassword":"password-of-ann","newPassword":"harbour-in-the-fog","role":"admin"})")
                .field(),
            "role");
  EXPECT_EQ(
      ask("POST", "/api/v1/auth/login", "", R"({"username":"ann","username":"admin","password":"password-of-ann"})")
          .status,
      400)
      << "one name, given twice";
}

TEST_F(AttacksTest, WhoHasAnAccountIsNotTold) {
  const auto off = add_user("off", auth::Role::viewer);
  ASSERT_TRUE(users.update(off.id, {.is_active = false}));
  std::string body;
  for (const char* name : {"ann", "nobody", "off", "x' OR '1'='1"}) {
    const uint64_t before = authenticator->passwords_checked();
    const Answer answer =
        ask("POST", "/api/v1/auth/login", "", base::Json::object({{"username", name}, {"password", "wrong"}}).dump());
    EXPECT_EQ(authenticator->passwords_checked(), before + 1) << name << ": the same work, so the same time";
    EXPECT_EQ(answer.status, 401);
    const std::string told = answer.json.get("error").set("timestamp", nullptr).dump();
    EXPECT_TRUE(body.empty() || body == told) << told;
    body = told;
  }
  const Answer right = ask("POST", "/api/v1/auth/login", "", R"({"username":"off","password":"password-of-off"})");
  EXPECT_EQ(right.json.get("error").set("timestamp", nullptr).dump(), body) << "not even with the right password";
}

}  // namespace
}  // namespace reallive::api::testing_only
