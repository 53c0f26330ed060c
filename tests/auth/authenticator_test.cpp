#include "auth/authenticator.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "auth/password.h"
#include "auth/token_key.h"
#include "base/json.h"
#include "support/manual_clock.h"
#include "support/queue_executor.h"
#include "support/record.h"
#include "support/temp_dir.h"

namespace reallive::auth {
namespace {

using namespace std::chrono_literals;

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() { make({.bcrypt_cost = 4}); }

  void make(const Config& config) {
    authenticator_.reset();
    auto made = Authenticator::create(config, dir_.path(), users_, logins_, executor_, clock_);
    EXPECT_TRUE(made);
    authenticator_ = std::move(*made);
  }
  User add(const std::string& name, const std::string& password, Role role = Role::operator_) {
    test::record(test::Record::secret, password);
    return *users_.create({.username = name, .role = role, .password_hash = *hash_password(password, 4)});
  }
  base::Result<Principal> verify(const std::string& name, const std::string& password) {
    std::optional<base::Result<Principal>> result;
    authenticator_->verify_password(name, password, address_, [&](auto answer) { result = answer; });
    EXPECT_FALSE(result) << "the callback came inside the call";
    EXPECT_TRUE(executor_.run_until([&] { return result.has_value(); }));
    return result.value_or(base::fail("none", ""));
  }
  base::Result<Principal> header(const std::string& text) {
    std::optional<base::Result<Principal>> result;
    authenticator_->authenticate(parse_authorization(text), address_, [&](auto answer) { result = answer; });
    EXPECT_TRUE(executor_.run_until([&] { return result.has_value(); }));
    return result.value_or(base::fail("none", ""));
  }

  Principal principal_of(const User& user) { return users_.credentials_by_id(user.id)->principal(); }
  std::string token_of(const User& user) {
    const std::string token = authenticator_->open_login(principal_of(user), Delivery::body)->token.token;
    test::record(test::Record::secret, token);
    return token;
  }

  std::string address_ = "192.0.2.1";
  test::TempDir dir_;
  test::ManualClock clock_;
  test::QueueExecutor executor_;
  std::unique_ptr<db::Database> database_ = std::move(*db::Database::open({dir_ / "t.db"}));
  Users users_{*database_, clock_};
  Logins logins_{*database_, clock_};
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, KnowsTheRightPassword) {
  const User ann = add("ann", "tangerine-42");
  const auto principal = verify("ANN", "tangerine-42");
  ASSERT_TRUE(principal);
  EXPECT_EQ(*principal, principal_of(ann));
  EXPECT_EQ(verify("ann", "tangerine-43").error().code, "AUTH_CREDENTIALS_INVALID");
  EXPECT_EQ(verify("bob", "tangerine-42").error(), verify("ann", "x").error()) << "tells whether a user exists";
}

TEST_F(AuthenticatorTest, AnUnknownUserTakesAsLong) {
  make({.bcrypt_cost = 9});
  ASSERT_TRUE(users_.create({.username = "ann", .password_hash = *hash_password("tangerine-42", 9)}));
  const auto took = [&](const std::string& name) {
    const std::clock_t begin = std::clock();  // of the process: other programs may keep the machine busy
    for (int i = 0; i < 4; ++i)
      EXPECT_FALSE(verify(name, "wrong-" + std::to_string(i)));
    return std::clock() - begin;
  };
  const auto known = took("ann");
  const auto unknown = took("nobody");
  EXPECT_LT(known, unknown * 3);
  EXPECT_LT(unknown, known * 3);
}

TEST_F(AuthenticatorTest, RemembersAPasswordForAMinute) {
  const User ann = add("ann", "tangerine-42");
  ASSERT_TRUE(verify("ann", "tangerine-42"));
  // A cheaper hash of another password under the same version: only what is remembered can still say yes.
  auto session = database_->session();
  ASSERT_TRUE(session->execute("UPDATE users SET password_hash = :h", {{"h", *hash_password("another-one", 4)}}));
  EXPECT_TRUE(verify("ann", "tangerine-42"));
  clock_.advance(59s);
  EXPECT_TRUE(verify("ann", "tangerine-42"));
  clock_.advance(2s);
  EXPECT_FALSE(verify("ann", "tangerine-42"));
}

TEST_F(AuthenticatorTest, ForgetsWhenThePasswordOrTheAccountChanges) {
  const User ann = add("ann", "tangerine-42");
  ASSERT_TRUE(verify("ann", "tangerine-42"));
  ASSERT_TRUE(users_.set_password_hash(ann.id, *hash_password("another-one", 4)));
  EXPECT_FALSE(verify("ann", "tangerine-42"));
  ASSERT_TRUE(verify("ann", "another-one"));
  ASSERT_TRUE(database_->session()->execute("UPDATE users SET is_active = 0"));
  EXPECT_FALSE(verify("ann", "another-one"));
  ASSERT_TRUE(database_->session()->execute("UPDATE users SET is_active = 1"));
  EXPECT_TRUE(verify("ann", "another-one"));
  ASSERT_TRUE(users_.remove(ann.id));
  EXPECT_FALSE(verify("ann", "another-one"));
}

TEST_F(AuthenticatorTest, OneCheckInFlightForEachCredential) {
  make({.workers = 1, .queue = 1, .bcrypt_cost = 4});
  ASSERT_TRUE(users_.create({.username = "ann", .password_hash = *hash_password("tangerine-42", 9)}));
  int right = 0;
  for (int i = 0; i < 50; ++i)  // with a queue of one, 50 checks of their own could not all be taken
    authenticator_->verify_password("ann", "tangerine-42", address_, [&](auto answer) { right += answer ? 1 : 0; });
  EXPECT_TRUE(executor_.run_until([&] { return right == 50; }));
}

TEST_F(AuthenticatorTest, TooManyChecksAreRefused) {
  make({.workers = 1, .queue = 2, .bcrypt_cost = 10});
  int refused = 0, wrong = 0;
  for (int i = 0; i < 8; ++i)
    authenticator_->verify_password("nobody", std::to_string(i), address_, [&](auto answer) {
      (answer.error().code == "RATE_LIMIT_EXCEEDED" ? refused : wrong) += 1;
    });
  EXPECT_TRUE(executor_.run_until([&] { return refused + wrong == 8; }));
  EXPECT_GE(refused, 5);
  EXPECT_GE(wrong, 2);
}

TEST_F(AuthenticatorTest, TokensLastADay) {
  const User ann = add("ann", "tangerine-42");
  const auto opened = authenticator_->open_login(principal_of(ann), Delivery::body);
  ASSERT_TRUE(opened);
  const IssuedToken* issued = &opened->token;
  EXPECT_EQ(issued->expires_at, clock_.now() + 24h);
  EXPECT_EQ(*authenticator_->verify_token(issued->token), opened->principal);
  EXPECT_EQ(*header("Bearer " + issued->token), opened->principal);
  clock_.advance(24h - 1s);
  EXPECT_TRUE(authenticator_->verify_token(issued->token));
  clock_.advance(1s);
  EXPECT_EQ(authenticator_->verify_token(issued->token).error().code, "AUTH_TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, TokensSurviveARestartAndDieWithThePassword) {
  const User ann = add("ann", "tangerine-42");
  const std::string token = token_of(ann);
  make({.bcrypt_cost = 4});
  EXPECT_TRUE(authenticator_->verify_token(token));
  ASSERT_TRUE(database_->session()->execute("UPDATE users SET role = 'viewer'"));
  EXPECT_EQ(authenticator_->verify_token(token)->role, Role::viewer) << "the role counts as it is now";
  ASSERT_TRUE(users_.set_password_hash(ann.id, "x"));
  EXPECT_FALSE(authenticator_->verify_token(token));
  EXPECT_EQ(authenticator_->open_login({"gone", "x", Role::admin, "default"}, Delivery::body).error().code,
            "AUTH_TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, ForgedTokensAreRefused) {
  const User ann = add("ann", "tangerine-42");
  const std::string token = token_of(ann);
  std::string changed = token;
  changed[token.find('.') + 5] ^= 1;
  const std::string payload = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  const std::string none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" + payload + ".";  // {"alg":"none","typ":"JWT"}
  for (const std::string& bad : {changed, token.substr(0, token.size() - 2), none, token + ".x", std::string("a.b.c"),
                                 std::string(), std::string(5000, 'a'), std::string("..")})
    EXPECT_EQ(authenticator_->verify_token(bad).error().code, "AUTH_TOKEN_INVALID") << bad.substr(0, 60);
  const auto other = TokenKey::load_or_make(dir_ / "other.key");
  const auto forged = other->sign({.user_id = ann.id,
                                   .username = "ann",
                                   .role = "admin",
                                   .organization_id = "default",
                                   .login_id = authenticator_->verify_token(token)->login_id,
                                   .version = 1,
                                   .issued_at = clock_.now(),
                                   .expires_at = clock_.now() + 1h});
  EXPECT_FALSE(authenticator_->verify_token(*forged));
}

TEST_F(AuthenticatorTest, HeadersOfEveryKind) {
  add("ann", "tangerine-42");
  EXPECT_TRUE(header("Basic YW5uOnRhbmdlcmluZS00Mg=="));
  EXPECT_TRUE(header("Bearer ann:tangerine-42"));
  EXPECT_EQ(header("").error().code, "AUTH_TOKEN_MISSING");
  EXPECT_EQ(header("Digest x").error().code, "AUTH_TOKEN_INVALID");
  EXPECT_EQ(header("Bearer nonsense").error().code, "AUTH_TOKEN_INVALID");
}

TEST_F(AuthenticatorTest, HashesNewPasswords) {
  std::optional<base::Result<std::string>> good, bad;
  authenticator_->hash_new_password("tangerine-harbour-42", "ann", [&](auto hash) { good = hash; });
  authenticator_->hash_new_password("short", "ann", [&](auto hash) { bad = hash; });
  EXPECT_FALSE(good || bad);
  ASSERT_TRUE(executor_.run_until([&] { return good && bad; }));
  EXPECT_TRUE(check_password("tangerine-harbour-42", **good));
  EXPECT_EQ(bad->error().field, "password");
}

TEST_F(AuthenticatorTest, NothingIsCalledAfterItIsGone) {
  bool called = false;
  authenticator_->verify_password("nobody", "x", address_, [&](auto) { called = true; });
  authenticator_->authenticate({}, address_, [&](auto) { called = true; });
  authenticator_.reset();
  executor_.run();
  EXPECT_FALSE(called);
}

TEST_F(AuthenticatorTest, TheKeyFileIsPrivate) {
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "jwt.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(info.st_size, 32);
  chmod((dir_ / "jwt.key").c_str(), 0644);
  EXPECT_FALSE(TokenKey::load_or_make(dir_ / "jwt.key"));
  std::ofstream(dir_ / "short.key") << "abc";
  chmod((dir_ / "short.key").c_str(), 0600);
  EXPECT_FALSE(TokenKey::load_or_make(dir_ / "short.key"));
  EXPECT_FALSE(TokenKey::load_or_make(dir_ / "no" / "such" / "place.key"));
}

}  // namespace
}  // namespace reallive::auth
