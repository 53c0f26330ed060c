// Who may have how many connections that stay open.
#include "api/seats.h"

#include <gtest/gtest.h>
#include <vector>

namespace reallive::api {
namespace {

TEST(Seats, AreCountedByUserAddressAndAll) {
  Seats seats({.user = 2, .address = 3, .all = 4});
  std::vector<Seat> held;
  const auto take = [&](const std::string& user, const std::string& address) {
    auto seat = seats.take(user, address);
    if (seat) held.push_back(std::move(*seat));
    return seat.has_value();
  };
  EXPECT_TRUE(take("ann", "192.0.2.1"));
  EXPECT_TRUE(take("ann", "192.0.2.2"));
  EXPECT_FALSE(take("ann", "192.0.2.3")) << "two a user";
  EXPECT_TRUE(take("", "192.0.2.1"));
  EXPECT_TRUE(take("bob", "192.0.2.1"));
  EXPECT_FALSE(take("", "192.0.2.9")) << "four in all";
  held.erase(held.begin() + 1);
  EXPECT_FALSE(take("bob", "192.0.2.1")) << "three an address";
  EXPECT_TRUE(take("ann", "192.0.2.2")) << "what is given back is free";
  held.clear();
  EXPECT_EQ(seats.taken(), 0u);
}

TEST(Seats, ANetworkOfIpv6IsOneAddress) {
  Seats seats({.address = 2});
  const auto one = seats.take("", "2001:db8:1:2::1"), two = seats.take("", "2001:db8:1:2:ffff::2");
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(seats.take("", "2001:db8:1:2:aaaa::3"));
  EXPECT_TRUE(seats.take("", "2001:db8:1:3::1"));
}

}  // namespace
}  // namespace reallive::api
