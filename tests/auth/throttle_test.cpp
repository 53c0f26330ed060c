#include "auth/throttle.h"

#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace reallive::auth {
namespace {

using namespace std::chrono_literals;

struct ThrottleTest : testing::Test {
  ThrottleTest() { make({.account_failures = 3, .address_failures = 6, .longest_wait = 60s, .entries = 4}); }
  void make(const ThrottleConfig& config) { throttle = std::make_unique<Throttle>(config, clock); }
  int64_t begin(const std::string& account, const std::string& address) {
    return throttle->begin(account, address).count();
  }
  test::ManualClock clock;
  std::unique_ptr<Throttle> throttle;
};

TEST_F(ThrottleTest, AnAccountWaitsLongerWithEachFailure) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(begin("ann", "192.0.2." + std::to_string(i)), 0);
  EXPECT_EQ(begin("ANN", "192.0.2.9"), 2) << "from every address, however it is written";
  EXPECT_EQ(begin("bob", "192.0.2.9"), 0);
  clock.advance(1500ms);
  EXPECT_EQ(begin("ann", "192.0.2.9"), 1) << "rounded up; waiting is no failure of its own";
  for (const int64_t wait : {4, 8, 16, 32, 60, 60}) {
    clock.advance(60s);
    EXPECT_EQ(begin("ann", "192.0.2.9"), 0);
    EXPECT_EQ(begin("ann", "192.0.2.9"), wait);
  }
  clock.advance(16min);
  EXPECT_EQ(begin("ann", "192.0.2.9"), 0);
  EXPECT_EQ(begin("ann", "192.0.2.9"), 0) << "forgotten after a quarter of an hour";
}

TEST_F(ThrottleTest, AnAddressWaitsWhateverAccountsItTries) {
  make({.account_failures = 3, .address_failures = 6});
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(begin("user-" + std::to_string(i), "2001:db8:1:2::" + std::to_string(i + 1)), 0);
  EXPECT_EQ(begin("another", "2001:db8:1:2:ffff::1"), 2) << "a /64 is one address";
  EXPECT_EQ(begin("another", "2001:db8:1:3::1"), 0);
}

TEST_F(ThrottleTest, ARightPasswordClearsTheAccountButNotTheAddress) {
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(begin("ann", "192.0.2.1"), 0);
  throttle->succeeded("ann", "192.0.2.1");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(begin("ann", "192.0.2.1"), 0);
  EXPECT_EQ(begin("ann", "192.0.2.2"), 2);
  EXPECT_EQ(begin("bob", "192.0.2.1"), 0) << "four of six";
  EXPECT_EQ(begin("cid", "192.0.2.1"), 0);
  EXPECT_EQ(begin("dan", "192.0.2.1"), 2);
}

TEST_F(ThrottleTest, ATryThatWasNoneTakesBackOnlyItself) {
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(begin("ann", "192.0.2.1"), 0);
  EXPECT_EQ(begin("ann", "192.0.2.9"), 0);
  throttle->not_tried("ann", "192.0.2.9");
  EXPECT_EQ(begin("ann", "192.0.2.2"), 0) << "the third of three";
  EXPECT_EQ(begin("ann", "192.0.2.3"), 2) << "the failures before it still count";
}

TEST_F(ThrottleTest, TriesAtTheSameTimeCount) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(begin("ann", "192.0.2.1"), 0) << "none of them is answered yet";
  EXPECT_GT(begin("ann", "192.0.2.1"), 0);
  throttle->succeeded("ann", "192.0.2.1");
  EXPECT_EQ(begin("ann", "192.0.2.1"), 0);
}

TEST_F(ThrottleTest, ItsTablesAreBounded) {
  for (int i = 0; i < 3; ++i)
    begin("ann", "192.0.2.1");
  for (int i = 0; i < 1000; ++i) {
    clock.advance(1ms);
    begin("user-" + std::to_string(i), "198.51.100." + std::to_string(i % 250));
    EXPECT_LE(throttle->entries(), 8u);
  }
  begin(std::string(100'000, 'x'), std::string(100'000, 'y'));
  EXPECT_LE(throttle->entries(), 8u);
}

TEST_F(ThrottleTest, GroupsOfAddresses) {
  EXPECT_EQ(address_group("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(address_group(""), "");
}

}  // namespace
}  // namespace reallive::auth
