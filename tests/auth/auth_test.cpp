#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/authorization.h"
#include "auth/password.h"
#include "auth/principal.h"
#include "auth/users.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace reallive::auth {
namespace {

constexpr int quick = 4;  // bcrypt's lowest cost

TEST(Password, HashesAreBcryptWithTheCost) {
  const auto hash = hash_password("correct horse", quick);
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->rfind("$2b$04$", 0), 0u);
  EXPECT_TRUE(check_password("correct horse", *hash));
  EXPECT_FALSE(check_password("correct horsf", *hash));
  EXPECT_FALSE(check_password("", *hash));
  EXPECT_FALSE(check_password(std::string("correct horse\0x", 15), *hash)) << "bcrypt would stop at the NUL";
  EXPECT_NE(*hash, *hash_password("correct horse", quick)) << "each hash has a salt of its own";
}

TEST(Password, TheDefaultCostIsTwelve) {
  EXPECT_EQ(hash_password("correct horse")->rfind("$2b$12$", 0), 0u);
}

TEST(Password, NothingBeyondSeventyTwoBytesIsIgnored) {
  const std::string longest(72, 'k');
  const auto hash = hash_password(longest, quick);
  EXPECT_TRUE(check_password(longest, *hash));
  EXPECT_FALSE(check_password(longest + "x", *hash));
}

TEST(Password, BrokenHashesFitNothing) {
  for (const char* hash : {"", "*0", "*1", "$2b$04$short", "plain"})
    EXPECT_FALSE(check_password("plain", hash)) << hash;
}

TEST(Password, TheRule) {
  EXPECT_TRUE(check_password_rule("tangerine-harbour-42", "ann"));
  EXPECT_TRUE(
      check_password_rule("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA9\xC3\xA8\xC3\xAA\xC3\xB1\xC3\xB8\xC3\xA5", "ann"));
  const std::string too_long(73, 'q');
  for (const std::string& bad :
       {std::string("short-one"), std::string("aaaaaaaaaaaa"), std::string("abcabcabcabc"), std::string("1234567890"),
        std::string("9876543210"), std::string("abcdefghijkl"), std::string("Password123!"), std::string("qwertyuiop"),
        std::string("tangerine-42"), std::string("eniregnat1"), std::string("annalivia1"), std::string("1AnnaLivia!"),
        too_long + "x7", std::string("nul\0in-the-middle", 17),
        std::string("\xFF\xFE\xFD\xFC\xFB\xFA\xF9\xF8\xF7\xF6")}) {
    const auto checked = check_password_rule(bad, "annalivia");
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code, "VALIDATION_FAILED");
    EXPECT_EQ(checked.error().field, "password");
    EXPECT_EQ(checked.error().message.find(bad), std::string::npos) << "the message repeats the password";
  }
}

TEST(Authorization, ReadsTheHeader) {
  using Kind = Authorization::Kind;
  EXPECT_EQ(parse_authorization("").kind, Kind::none);
  EXPECT_EQ(parse_authorization("  ").kind, Kind::none);
  const auto basic = parse_authorization("bAsIc YW5uOnNlOmNyZXQ=");
  EXPECT_EQ(basic.kind, Kind::password);
  EXPECT_EQ(basic.username, "ann");
  EXPECT_EQ(basic.password, "se:cret");
  const auto bearer = parse_authorization("Bearer  a.b.c ");
  EXPECT_EQ(bearer.kind, Kind::bearer);
  EXPECT_EQ(bearer.token, "a.b.c");
  const auto pair = parse_authorization("Bearer ann:secret");
  EXPECT_EQ(pair.kind, Kind::password);
  EXPECT_EQ(pair.username, "ann");
  for (const std::string& bad : {std::string("Basic ***"), std::string("Basic YW5u"), std::string("Digest x"),
                                 std::string("Bearer"), std::string("x"), "Bearer " + std::string(9000, 'a')})
    EXPECT_EQ(parse_authorization(bad).kind, Kind::malformed) << bad.substr(0, 20);
}

TEST(Authorization, StreamKeysMustBeEqual) {
  EXPECT_TRUE(stream_key_matches("abc", "abc"));
  EXPECT_FALSE(stream_key_matches("abc", "abd"));
  EXPECT_FALSE(stream_key_matches("", ""));
}

class PermissionTest : public testing::Test {
 protected:
  static std::optional<Principal> who(Role role, const std::string& id = "me", const std::string& org = "default") {
    return Principal{id, "name", role, org};
  }
  const Resource mine{"default", "me", false};
  const Resource open_{"default", "me", true};
};

TEST_F(PermissionTest, EveryRoleAndAction) {
  using enum Action;
  struct Case {
    Role role;
    std::vector<Action> allowed;
  };
  const std::vector<Action> all = {watch, view, publish, create, change, remove, see_secrets};
  for (const Case& c : {Case{Role::admin, all}, Case{Role::operator_, all}, Case{Role::viewer, {watch, view}},
                        Case{Role::api_only, {watch, view, publish, see_secrets}}}) {
    for (const Action action : all) {
      const bool allowed = std::find(c.allowed.begin(), c.allowed.end(), action) != c.allowed.end();
      EXPECT_EQ(can(who(c.role), action, mine), allowed ? Access::allowed : Access::forbidden)
          << to_string(c.role) << ' ' << static_cast<int>(action);
      // Somebody else's is not there at all, but for admins of the organization.
      EXPECT_EQ(can(who(c.role, "other"), action, mine), c.role == Role::admin ? Access::allowed : Access::hidden);
      EXPECT_EQ(can(who(c.role, "me", "acme"), action, mine), Access::hidden);
      EXPECT_EQ(can(std::nullopt, action, mine), Access::unauthenticated);
      EXPECT_EQ(can(std::nullopt, action, open_), action == watch ? Access::allowed : Access::unauthenticated);
      EXPECT_EQ(can(who(c.role, "other", "acme"), action, open_), action == watch ? Access::allowed : Access::hidden);
      EXPECT_EQ(can(who(c.role, "other"), action, open_),
                c.role == Role::admin || action == watch ? Access::allowed : Access::hidden);
    }
  }
}

TEST_F(PermissionTest, NobodysCameraBelongsToAdmins) {
  const Resource nobodys{"default", "", false};
  EXPECT_EQ(can(who(Role::operator_, ""), Action::view, nobodys), Access::hidden);
  EXPECT_EQ(can(who(Role::admin), Action::view, nobodys), Access::allowed);
}

TEST_F(PermissionTest, CreatingAndUsers) {
  EXPECT_EQ(can_create(who(Role::admin)), Access::allowed);
  EXPECT_EQ(can_create(who(Role::operator_)), Access::allowed);
  EXPECT_EQ(can_create(who(Role::viewer)), Access::forbidden);
  EXPECT_EQ(can_create(who(Role::api_only)), Access::forbidden);
  EXPECT_EQ(can_create(std::nullopt), Access::unauthenticated);
  EXPECT_EQ(can_manage_users(who(Role::admin)), Access::allowed);
  EXPECT_EQ(can_manage_users(who(Role::operator_)), Access::forbidden);
  EXPECT_EQ(can_manage_users(std::nullopt), Access::unauthenticated);
}

TEST(Role, NamesGoBothWays) {
  for (const Role role : {Role::admin, Role::operator_, Role::viewer, Role::api_only})
    EXPECT_EQ(parse_role(to_string(role)), role);
  EXPECT_FALSE(parse_role("root"));
  EXPECT_THAT(permissions(Role::viewer), testing::ElementsAre("cameras:view"));
  EXPECT_THAT(permissions(Role::api_only), testing::ElementsAre("cameras:view", "cameras:publish"));
  EXPECT_THAT(permissions(Role::operator_), testing::ElementsAre("cameras:view", "cameras:publish", "cameras:manage"));
  EXPECT_THAT(permissions(Role::admin), testing::Contains("users:manage"));
}

class UsersTest : public testing::Test {
 protected:
  base::Result<User> add(const std::string& name, Role role = Role::viewer) {
    return users_.create({.username = name, .role = role, .password_hash = "hash"});
  }
  test::TempDir dir_;
  test::ManualClock clock_;
  std::unique_ptr<db::Database> database_ = std::move(*db::Database::open({dir_ / "t.db"}));
  Users users_{*database_, clock_};
};

TEST_F(UsersTest, CreatesFindsListsRemoves) {
  EXPECT_EQ(*users_.count(), 0);
  const auto ann = add("Ann", Role::operator_);
  ASSERT_TRUE(ann);
  EXPECT_EQ(ann->organization_id, "default");
  EXPECT_EQ(ann->created_at, "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(users_.find(ann->id)->username, "Ann");
  EXPECT_EQ(users_.find_by_name("aNN")->id, ann->id);
  EXPECT_EQ(users_.find_by_name("aNN")->role, Role::operator_);
  ASSERT_TRUE(add("bob"));
  EXPECT_EQ(users_.list("default")->size(), 2u);
  EXPECT_EQ(users_.list("acme")->size(), 0u);
  EXPECT_TRUE(users_.remove(ann->id));
  EXPECT_EQ(users_.find(ann->id).error().code, "USER_NOT_FOUND");
  EXPECT_EQ(users_.remove(ann->id).error().code, "USER_NOT_FOUND");
  EXPECT_EQ(*users_.count(), 1);
}

TEST_F(UsersTest, NamesAreUniqueWhateverTheCase) {
  ASSERT_TRUE(add("Ann"));
  const auto again = add("ann");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "CONFLICT");
  EXPECT_EQ(again.error().field, "username");
}

TEST_F(UsersTest, ChecksWhatIsGiven) {
  for (const std::string& bad : {std::string(), std::string(51, 'a'), std::string("a b"), std::string("a:b"),
                                 std::string("\xC3\xA4nn"), std::string("a\nb")}) {
    const auto refused = add(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().field, "username");
  }
  EXPECT_TRUE(add(std::string(50, 'a')));
  for (const char* bad : {"nonsense", "@x", "x@", "a b@c"}) {
    const auto refused = users_.create({.username = "x", .email = bad, .password_hash = "h"});
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().field, "email");
  }
  EXPECT_TRUE(users_.create({.username = "x", .email = "ann@example.org", .password_hash = "h"}));
}

TEST_F(UsersTest, ANewPasswordCountsTheVersionUp) {
  const auto ann = add("ann");
  EXPECT_EQ(users_.credentials("ann")->version, 1);
  clock_.advance(std::chrono::seconds(5));
  ASSERT_TRUE(users_.set_password_hash(ann->id, "other"));
  EXPECT_EQ(users_.credentials_by_id(ann->id)->version, 2);
  EXPECT_EQ(users_.credentials_by_id(ann->id)->password_hash, "other");
  EXPECT_EQ(users_.find(ann->id)->updated_at, "2026-01-02T03:04:10.000Z");
  EXPECT_EQ(users_.set_password_hash("nobody", "x").error().code, "USER_NOT_FOUND");
}

}  // namespace
}  // namespace reallive::auth
