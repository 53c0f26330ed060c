// Addresses and networks: what is one, what is inside, and what nobody may pass off as one.
#include "base/network.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "base/interfaces.h"

namespace reallive::base {
namespace {

bool contains(const char* network, const char* address) {
  const auto parsed = Network::parse(network);
  const auto ip = IpAddress::parse(address);
  EXPECT_TRUE(parsed) << network;
  EXPECT_TRUE(ip) << address;
  return parsed && ip && parsed->contains(*ip);
}

TEST(Network, ContainsItsAddresses) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.3.4"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("10.1.2.3/8", "10.9.9.9")) << "bits beyond the prefix do not count";
  EXPECT_TRUE(contains("192.168.1.7", "192.168.1.7"));
  EXPECT_FALSE(contains("192.168.1.7", "192.168.1.6"));
  EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(contains("fd00::/8", "fd12::1"));
  EXPECT_FALSE(contains("fd00::/8", "fe80::1"));
  EXPECT_TRUE(contains("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
}

TEST(Network, AnAddressIsOneHoweverItIsWritten) {
  EXPECT_TRUE(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
  EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.2.3.4"));
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1"), IpAddress::parse("10.0.0.1"));
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1")->to_string(), "10.0.0.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0::1")->to_string(), "2001:db8::1");
}

TEST(Network, KnowsKinds) {
  EXPECT_TRUE(IpAddress::parse("127.1.2.3")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("169.254.169.254")->is_link_local());
  EXPECT_TRUE(IpAddress::parse("febf::1")->is_link_local());
  EXPECT_FALSE(IpAddress::parse("fec0::1")->is_link_local());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("224.0.0.251")->is_multicast());
  EXPECT_TRUE(IpAddress::parse("ff02::fb")->is_multicast());
  EXPECT_TRUE(IpAddress::parse("192.168.0.1")->is_private());
  EXPECT_FALSE(IpAddress::parse("192.169.0.1")->is_private());
  EXPECT_FALSE(IpAddress::parse("2001:db8::1")->is_private());
}

TEST(Network, RefusesWhatIsNone) {
  for (const char* text : {"", "localhost", "10.0.0", "010.0.0.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5",
                           "fe80::1%eth0", "[::1]", " 1.2.3.4", "1.2.3.4 ", "1.2.3.256", ":::", "::ffff:1.2.3"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string(10'000, '1')));
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
                           "10.0.0.0/0008", "::/129", "10.0.0.0/8/8", "any"}) {
    const auto network = Network::parse(text);
    ASSERT_FALSE(network) << text;
    EXPECT_EQ(network.error().code, "VALIDATION_FAILED");
  }
}

TEST(Network, IsOneHoweverItIsWritten) {
  EXPECT_EQ(*Network::parse("10.1.2.3/8"), *Network::parse("10.0.0.0/8"));
  EXPECT_EQ(*Network::parse("fd00::7/9"), *Network::parse("fd00::/9"));
  EXPECT_EQ(*Network::parse("::ffff:10.0.0.0/104"), *Network::parse("10.0.0.0/8"));
  EXPECT_NE(*Network::parse("10.0.0.0/8"), *Network::parse("10.0.0.0/9"));
}

TEST(Interfaces, TellThisMachinesAddresses) {
  const auto own = own_addresses();
  EXPECT_NE(std::find(own.begin(), own.end(), *IpAddress::parse("127.0.0.1")), own.end());
}

}  // namespace
}  // namespace reallive::base
