#include "rtc/transport/socket_address.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <unordered_set>

namespace reallive::rtc {

namespace {

TEST(SocketAddress, ParsesWhatListenAccepts) {
  EXPECT_EQ(SocketAddress::parse("192.0.2.1:8189")->to_string(), "192.0.2.1:8189");
  EXPECT_EQ(SocketAddress::parse("[2001:db8::1]:8189")->to_string(), "[2001:db8::1]:8189");
  EXPECT_EQ(SocketAddress::parse(":8189")->to_string(), "[::]:8189");
  EXPECT_EQ(SocketAddress::parse("0.0.0.0:0")->to_string(), "0.0.0.0:0");
  EXPECT_EQ(SocketAddress::parse("localhost:1")->to_string(), "127.0.0.1:1");
  EXPECT_TRUE(SocketAddress::parse(":0")->is_any());
  EXPECT_TRUE(SocketAddress::parse("[::1]:0")->is_loopback());
}

TEST(SocketAddress, SaysWhatIsWrong) {
  for (const char* text : {"", "8189", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "::1:8189",
                           "[::1]", "host:8189", "[]:1", "1.2.3:4", "[1.2.3.4]x:5", ":80 "}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, "address");
    EXPECT_NE(address.error().message.find(text), std::string::npos);
  }
}

TEST(SocketAddress, MappedIpv4IsIpv4) {
  const auto plain = SocketAddress::from_ip("192.0.2.7", 5000),
             mapped = SocketAddress::from_ip("::ffff:192.0.2.7", 5000);
  ASSERT_TRUE(plain && mapped);
  EXPECT_EQ(*plain, *mapped);
  EXPECT_FALSE(mapped->v6());
  sockaddr_storage storage;
  EXPECT_EQ(plain->to_sockaddr(storage, true), sizeof(sockaddr_in6));
  EXPECT_EQ(SocketAddress(storage), *plain);
  EXPECT_EQ(plain->to_sockaddr(storage, false), sizeof(sockaddr_in));
  EXPECT_EQ(SocketAddress(storage), *plain);
}

TEST(SocketAddress, HashesApart) {
  std::unordered_set<size_t> buckets;
  for (uint16_t port = 1; port <= 4096; ++port)
    buckets.insert(SocketAddress::from_ip("192.0.2.7", port)->hash() % 65536);
  EXPECT_GT(buckets.size(), 3800u);  // 4096 thrown into 65536 at random leave about 3970
}

TEST(SocketAddress, ListsThisMachinesAddresses) {
  const auto addresses = local_addresses(8189);
  ASSERT_FALSE(addresses.empty());
  EXPECT_TRUE(std::ranges::any_of(addresses, &SocketAddress::is_loopback));
  EXPECT_TRUE(std::ranges::is_sorted(addresses, {}, &SocketAddress::is_loopback));
  for (const SocketAddress& address : addresses) {
    EXPECT_EQ(address.port(), 8189);
    EXPECT_FALSE(address.is_any());
  }
}

}  // namespace

}  // namespace reallive::rtc
