// Logging in, and what the answer holds.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

struct LoginTest : ApiTest {
  LoginTest() { ann = add_user("ann", auth::Role::operator_); }
  auth::User ann;
};

TEST_F(LoginTest, GivesATokenThatWorks) {
  for (const char* target : {"/api/v1/auth/login", "/api/auth/login"}) {
    const Answer answer =
        ask("POST", target, "", "{\"username\":\"ann\",\"password\":\"password-of-ann\",\"remember\":true}");
    ASSERT_EQ(answer.status, 200) << answer.response.body;
    EXPECT_EQ(answer.json.keys(), (std::vector<std::string>{"token", "refreshToken", "expiresIn", "user"}));
    EXPECT_EQ(answer.json.get_int("expiresIn"), 24 * 3600);
    EXPECT_EQ(answer.json.get("user").get_string("id"), ann.id);
    EXPECT_EQ(answer.json.get("user").get_string("role"), "operator");
    EXPECT_EQ(answer.json.get("user").get("permissions").at(0).as_string(), "cameras:view");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    tokens["login"] = *answer.json.get_string("token");
    const Answer me = ask("GET", "/api/auth/me", "login");
    EXPECT_EQ(me.status, 200);
    EXPECT_EQ(me.json.get_string("username"), "ann");
    EXPECT_EQ(me.json.get_string("organizationId"), "default");
    EXPECT_FALSE(me.json.has("passwordHash"));
  }
}

TEST_F(LoginTest, OfTwoPasswordChangesAtOnceOneCounts) {
  std::vector<std::shared_ptr<Answer>> answers;
  for (const char* password : {"harbour-in-the-fog", "lantern-on-the-pier"})
    answers.push_back(begin("PUT", "/api/v1/auth/password", "ann",
                            std::string(R"({"currentPassword":"password-of-ann","newPassword":")") + password + "\"}"));
  ASSERT_TRUE(executor.run_until([&] { return answers[0]->status != 0 && answers[1]->status != 0; }));
  const bool first = answers[0]->status == 200;
  EXPECT_EQ(answers[first ? 0 : 1]->status, 200);
  EXPECT_EQ(answers[first ? 1 : 0]->status, 401);
  EXPECT_EQ(answers[first ? 1 : 0]->code(), "AUTH_TOKEN_INVALID");
}

TEST_F(LoginTest, RefusesWrongNamesAndPasswordsAlike) {
  const Answer password =
      ask("POST", "/api/v1/auth/login", "", "{\"username\":\"ann\",\"password\":\"wrong-password\"}");
  const Answer name = ask("POST", "/api/v1/auth/login", "", "{\"username\":\"bob\",\"password\":\"password-of-ann\"}");
  for (const Answer& answer : {password, name}) {
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.code(), "AUTH_CREDENTIALS_INVALID");
  }
  EXPECT_EQ(name.json.get("error").get_string("message"), password.json.get("error").get_string("message"));
}

TEST_F(LoginTest, IsBusyWhenTooManyWait) {
  make_api({}, 0);
  const Answer answer =
      ask("POST", "/api/v1/auth/login", "", "{\"username\":\"ann\",\"password\":\"password-of-ann\"}");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.code(), "RATE_LIMIT_EXCEEDED");
  EXPECT_NE(answer.header("Retry-After"), "");
}

TEST_F(LoginTest, NamesTheFieldAtFault) {
  const auto field = [this](const std::string& body) {
    const Answer answer = ask("POST", "/api/v1/auth/login", "", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.code(), "VALIDATION_FAILED") << body;
    return answer.field();
  };
  EXPECT_EQ(field("{\"password\":\"x\"}"), "username");
  EXPECT_EQ(field("{\"username\":\"ann\"}"), "password");
  EXPECT_EQ(field("{\"username\":\"ann\",\"password\":7}"), "password");
  EXPECT_EQ(field("{\"username\":\"ann\",\"password\":\"x\",\"remember\":1}"), "remember");
  EXPECT_EQ(field("{\"username\":\"ann\",\"password\":\"x\",\"otp\":1}"), "otp");
  EXPECT_EQ(field("{broken"), "");
}

TEST_F(LoginTest, WantsJson) {
  const Answer form = ask("POST", "/api/v1/auth/login", "", "username=ann&password=password-of-ann",
                          {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(form.status, 415);
  EXPECT_EQ(form.code(), "UNSUPPORTED_MEDIA_TYPE");
  EXPECT_EQ(ask("GET", "/api/v1/auth/login").status, 405);
}

TEST_F(LoginTest, ErrorsHaveTheFormThatScriptsKnow) {
  const Answer answer = ask("POST", "/api/v1/auth/login", "", "{}");
  EXPECT_EQ(answer.json.get_bool("success"), false);
  const base::Json error = answer.json.get("error");
  EXPECT_EQ(error.keys(), (std::vector<std::string>{"code", "message", "details", "timestamp", "requestId"}));
  EXPECT_EQ(error.get_string("requestId"), "request-1");
  EXPECT_TRUE(base::parse_time(error.get_string("timestamp").value_or("")));
}

}  // namespace
}  // namespace reallive::api::testing_only
