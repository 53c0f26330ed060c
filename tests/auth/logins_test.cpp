// Logins and invitations on a real database: what is used once, what ends what, and that no token is stored.
#include "auth/logins.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "auth/invitations.h"
#include "auth/users.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace reallive::auth {
namespace {

using namespace std::chrono_literals;

struct LoginsTest : testing::Test {
  User add(const std::string& name, Role role = Role::operator_) {
    return *users.create({.username = name, .role = role, .password_hash = "x"});
  }
  std::string code(const base::Result<Login>& result) { return result ? "" : result.error().code; }
  bool on_disk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }

  test::TempDir dir;
  test::ManualClock clock;
  std::unique_ptr<db::Database> database = std::move(*db::Database::open({dir / "t.db"}));
  Users users{*database, clock};
  Logins logins{*database, clock};
  Invitations invitations{*database, clock};
};

TEST_F(LoginsTest, ARefreshTokenIsUsedOnceAndReplaced) {
  const User ann = add("ann");
  const Login first = *logins.start(ann.id, 1, Delivery::body);
  const auto second = logins.rotate(first.refresh_token);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->id, first.id);
  EXPECT_EQ(second->delivery, Delivery::body);
  EXPECT_NE(second->refresh_token, first.refresh_token);
  const auto third = logins.rotate(second->refresh_token);
  ASSERT_TRUE(third);
  const Login other = *logins.start(ann.id, 1, Delivery::body);
  EXPECT_EQ(code(logins.rotate(first.refresh_token)), "AUTH_TOKEN_REUSED");
  EXPECT_EQ(code(logins.rotate(third->refresh_token)), "AUTH_TOKEN_INVALID") << "the whole family is gone";
  EXPECT_EQ(code(logins.find(first.id)), "AUTH_TOKEN_INVALID");
  EXPECT_TRUE(logins.rotate(other.refresh_token)) << "another login is none of its business";
}

TEST_F(LoginsTest, ACookieWhoseAnswerWasLostMayComeAgainForAMoment) {
  const User ann = add("ann");
  const Login first = *logins.start(ann.id, 1, Delivery::cookie);
  const auto lost = logins.rotate(first.refresh_token);
  ASSERT_TRUE(lost);
  clock.advance(cookie_grace - 1s);
  const auto again = logins.rotate(first.refresh_token);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->delivery, Delivery::cookie);
  EXPECT_EQ(again->refresh_token, lost->refresh_token) << "two tabs have one, whichever answer comes last";
  EXPECT_TRUE(logins.find_by_token(first.refresh_token)) << "for signing out";
  const auto newest = logins.rotate(lost->refresh_token);
  ASSERT_TRUE(newest) << newest.error().message;
  clock.advance(2s);
  EXPECT_FALSE(logins.find_by_token(first.refresh_token));
  EXPECT_EQ(code(logins.rotate(first.refresh_token)), "AUTH_TOKEN_REUSED") << "the moment is over";
  EXPECT_EQ(code(logins.rotate(newest->refresh_token)), "AUTH_TOKEN_INVALID");
}

TEST_F(LoginsTest, LoginsEnd) {
  const User ann = add("ann"), bob = add("bob");
  const Login a = *logins.start(ann.id, 1, Delivery::body), b = *logins.start(ann.id, 1, Delivery::body);
  const Login c = *logins.start(bob.id, 1, Delivery::body);
  ASSERT_TRUE(logins.end(a.id));
  EXPECT_FALSE(logins.find(a.id));
  EXPECT_TRUE(logins.find_by_token(b.refresh_token));
  ASSERT_TRUE(logins.end_all(ann.id));
  EXPECT_FALSE(logins.find_by_token(b.refresh_token));
  clock.advance(29 * 24h);
  const auto still = logins.rotate(c.refresh_token);
  ASSERT_TRUE(still);
  clock.advance(29 * 24h);
  EXPECT_TRUE(logins.find(c.id)) << "thirty days since the last use";
  clock.advance(2 * 24h);
  EXPECT_EQ(code(logins.rotate(still->refresh_token)), "AUTH_TOKEN_INVALID");
  ASSERT_TRUE(users.remove(bob.id));
  EXPECT_EQ(code(logins.start(bob.id, 1, Delivery::body)), "foreign-key");
}

TEST_F(LoginsTest, WhoKnowsALoginsIdCannotEndIt) {
  // The id stands in every access token. A refresh token with a wrong secret would end its login as reuse.
  const Login login = *logins.start(add("ann").id, 1, Delivery::body);
  for (const std::string& guess : {login.id + ".x", login.id + "." + login.id, login.id + "." + std::string(43, 'A')})
    EXPECT_EQ(code(logins.rotate(guess)), "AUTH_TOKEN_INVALID") << guess;
  EXPECT_TRUE(logins.find(login.id));
  EXPECT_TRUE(logins.rotate(login.refresh_token));
}

TEST_F(LoginsTest, NonsenseIsNoToken) {
  const Login login = *logins.start(add("ann").id, 1, Delivery::body);
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("x"), login.id, std::string(5000, 'x'),
        std::string("' OR 1=1 --.x"), std::string("x.") + login.refresh_token, std::string("." + login.id)})
    EXPECT_EQ(code(logins.rotate(bad)), "AUTH_TOKEN_INVALID") << bad.substr(0, 40);
  EXPECT_TRUE(logins.rotate(login.refresh_token));
}

TEST_F(LoginsTest, AUserHasABoundedNumber) {
  const User ann = add("ann");
  const Login first = *logins.start(ann.id, 1, Delivery::body);
  auto session = database->session();
  ASSERT_TRUE(session->execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) INSERT INTO logins (id, user_id, "
      "credential_version, refresh_hash, delivery, created_at, used_at, expires_at) SELECT 'x' || i, :user, 1, '', "
      "'body', '', '2027', '2999' FROM n",
      {{"user", ann.id}}));
  ASSERT_TRUE(logins.start(ann.id, 1, Delivery::body));
  EXPECT_EQ(session->query("SELECT count(*) AS n FROM logins")->front()["n"].integer(), most_logins);
  EXPECT_FALSE(logins.find(first.id)) << "the longest unused";
}

TEST_F(LoginsTest, NoTokenIsOnTheDisk) {
  const User ann = add("ann", Role::admin);
  const Login login = *logins.start(ann.id, 1, Delivery::body);
  const auto next = logins.rotate(login.refresh_token);
  const auto invitation = invitations.create({ann.id, "ann", Role::admin, "default"}, Role::viewer, 1h);
  ASSERT_TRUE(next && invitation);
  for (const std::string& token : {login.refresh_token, next->refresh_token})
    EXPECT_FALSE(on_disk(token.substr(token.find('.') + 1)));
  EXPECT_FALSE(on_disk(invitation->token));
  EXPECT_TRUE(on_disk(login.id)) << "the search itself works";
}

TEST_F(LoginsTest, AnInvitationMakesOneAccount) {
  const User ann = add("ann", Role::admin);
  const auto invitation = invitations.create({ann.id, "ann", Role::admin, "default"}, Role::viewer, 72h);
  ASSERT_TRUE(invitation);
  EXPECT_EQ(invitations.redeem(invitation->token, {.username = "ann", .password_hash = "x"}, users).error().code,
            "CONFLICT");
  ASSERT_TRUE(invitations.check(invitation->token)) << "a name that is taken does not use it up";
  const auto guest =
      invitations.redeem(invitation->token, {.username = "guest", .role = Role::admin, .password_hash = "x"}, users);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->role, Role::viewer) << "the invitation names the role";
  EXPECT_EQ(invitations.redeem(invitation->token, {.username = "more", .password_hash = "x"}, users).error().code,
            "AUTH_ROLE_RESTRICTED");
  EXPECT_FALSE(users.find_by_name("more"));
  const auto list = invitations.list("default");
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ(list->front().used_by, guest->id);
  EXPECT_EQ(list->front().token, "");
}

TEST_F(LoginsTest, InvitationsExpireAndAreWithdrawn) {
  const User ann = add("ann", Role::admin);
  const Principal admin{ann.id, "ann", Role::admin, "default"};
  const auto one = invitations.create(admin, Role::viewer, 1h), two = invitations.create(admin, Role::viewer, 1h);
  EXPECT_EQ(invitations.remove("other", two->id).error().code, "INVITATION_NOT_FOUND");
  ASSERT_TRUE(invitations.remove("default", two->id));
  EXPECT_FALSE(invitations.check(two->token));
  EXPECT_TRUE(invitations.check(one->token));
  EXPECT_FALSE(invitations.check(""));
  clock.advance(1h);
  EXPECT_FALSE(invitations.check(one->token));
  clock.advance(31 * 24h);
  ASSERT_TRUE(invitations.create(admin, Role::viewer, 1h));
  EXPECT_EQ(invitations.list("default")->size(), 1u) << "old ones are forgotten";
}

TEST_F(LoginsTest, InvitationsGoWithTheirAdmin) {
  add("root", Role::admin);
  const auto invite = [&](const User& user) {
    return *invitations.create({user.id, user.username, Role::admin, "default"}, Role::admin, 72h);
  };
  const User lesser = add("lesser", Role::admin), off = add("off", Role::admin), gone = add("gone", Role::admin);
  const auto by_lesser = invite(lesser), by_off = invite(off), by_gone = invite(gone);
  for (const auto& invitation : {by_lesser, by_off, by_gone})
    ASSERT_TRUE(invitations.check(invitation.token));
  ASSERT_TRUE(users.update(lesser.id, {.role = Role::operator_}));
  ASSERT_TRUE(users.update(off.id, {.is_active = false}));
  ASSERT_TRUE(users.remove(gone.id));
  for (const auto& invitation : {by_lesser, by_off, by_gone}) {
    EXPECT_FALSE(invitations.check(invitation.token));
    const auto made = invitations.redeem(invitation.token, {.username = "guest", .password_hash = "x"}, users);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "AUTH_ROLE_RESTRICTED");
  }
  EXPECT_FALSE(users.find_by_name("guest"));
}

TEST_F(LoginsTest, TheLastAdminStays) {
  const User ann = add("ann", Role::admin), bob = add("bob", Role::admin);
  ASSERT_TRUE(users.update(bob.id, {.is_active = false}));
  EXPECT_EQ(users.update(ann.id, {.role = Role::viewer}).error().code, "CONFLICT");
  EXPECT_EQ(users.update(ann.id, {.is_active = false}).error().code, "CONFLICT");
  EXPECT_EQ(users.remove(ann.id, Users::LastAdmin::stays).error().code, "CONFLICT");
  EXPECT_EQ(users.find(ann.id)->role, Role::admin);
  EXPECT_TRUE(users.find(ann.id)->is_active);
  ASSERT_TRUE(users.update(bob.id, {.is_active = true}));
  EXPECT_TRUE(users.remove(ann.id, Users::LastAdmin::stays));
}

TEST_F(LoginsTest, ChangesVoidWhatTheyMust) {
  const User ann = add("ann");
  const auto version = [&] { return users.credentials_by_id(ann.id)->version; };
  const int64_t before = version();
  ASSERT_TRUE(users.update(ann.id, {.role = Role::viewer, .email = "ann@example.org"}));
  EXPECT_EQ(version(), before);
  ASSERT_TRUE(users.update(ann.id, {.is_active = false}));
  EXPECT_EQ(version(), before + 1);
  ASSERT_TRUE(users.update(ann.id, {.is_active = true}));
  EXPECT_EQ(version(), before + 1) << "what was void stays void";
  ASSERT_TRUE(users.update(ann.id, {.password_hash = "y"}));
  EXPECT_EQ(version(), before + 2);
  EXPECT_EQ(users.update(ann.id, {.email = "nonsense"}).error().field, "email");
  EXPECT_EQ(users.update("none", {}).error().code, "USER_NOT_FOUND");
}

TEST_F(LoginsTest, OnlyOneIsTheFirst) {
  const NewUser first{.username = "ann", .role = Role::admin, .password_hash = "x"};
  ASSERT_TRUE(users.create_first(first));
  EXPECT_EQ(users.create_first({.username = "eve", .password_hash = "x"}).error().code, "AUTH_ROLE_RESTRICTED");
  EXPECT_EQ(*users.count(), 1);
}

}  // namespace
}  // namespace reallive::auth
