#include "pipeline/address_rule.h"

#include <gtest/gtest.h>

namespace reallive::pipeline {
namespace {

std::string verdict(const std::string& text, const AddressRule& rule = {}) {
  const auto address = parse_address(text);
  if (!address) return "no address";
  const auto checked = rule.check(*address);
  if (checked) return "allowed";
  EXPECT_EQ(checked.error().code, "not-allowed");
  return checked.error().message;
}

AddressRule allowing(std::initializer_list<const char*> networks) {
  std::vector<Network> list;
  for (const char* text : networks)
    list.push_back(parse_network(text).value());
  return AddressRule(list);
}

TEST(AddressRule, CamerasAreInTheLanAndOnTheInternet) {
  for (const char* text : {"10.0.0.7", "192.168.1.64", "172.16.5.5", "100.64.0.1", "203.0.113.9", "8.8.8.8", "fd00::1",
                           "fec0::1", "2001:db8::1", "::ffff:10.0.0.7", "64:ff9b::808:808", "2002:c0a8:101::1",
                           "128.0.0.1", "126.255.255.255", "223.255.255.255"})
    EXPECT_EQ(verdict(text), "allowed") << text;
}

TEST(AddressRule, TheServersOwnAddressesAreNone) {
  for (const char* text :
       {"127.0.0.1", "127.255.255.254", "::1", "0.0.0.0", "0.1.2.3", "::", "169.254.169.254", "fe80::1", "febf::1",
        "224.0.0.1", "239.255.255.255", "ff02::1", "255.255.255.255", "240.0.0.1"})
    EXPECT_NE(verdict(text).find("is no address for a camera"), std::string::npos) << text << ": " << verdict(text);
  EXPECT_EQ(
      verdict("127.0.0.1"),
      "127.0.0.1 is no address for a camera (loopback: this server itself); the setting sources.allow can permit it");
}

TEST(AddressRule, OtherWaysToWriteThemAreTheSame) {
  for (const char* text :
       {"127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.0.1", "0", "0x0", "::ffff:127.0.0.1",
        "::ffff:7f00:1", "0:0:0:0:0:0:0:1", "::127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "2001:0:1:2:3:4:80ff:fffe", "::ffff:0:0", "::ffff:169.254.1.1", "2852039166"})
    EXPECT_NE(verdict(text).find("is no address for a camera"), std::string::npos) << text << ": " << verdict(text);
}

TEST(AddressRule, NamesAndNonsenseAreNoAddresses) {
  for (const char* text : {"", "localhost", "cam.lan", "1.2.3.4.5", "1.2.3.256", "4294967296", "127.0.0.1 x",
                           " 127.0.0.1", "fe80::1%eth0", "[::1]", "::g", "1.2.3.4/8", "0x"})
    EXPECT_EQ(verdict(text), "no address") << text;
  EXPECT_FALSE(parse_address(std::string(100, '1')));
  EXPECT_FALSE(parse_address(std::string_view("127.0.0.1\0.x", 12)));
}

TEST(AddressRule, NetworksAllowWhatTheyName) {
  const AddressRule rule = allowing({"127.0.0.0/8", "fe80::/10"});
  EXPECT_EQ(verdict("127.0.0.1", rule), "allowed");
  EXPECT_EQ(verdict("127.1", rule), "allowed");
  EXPECT_EQ(verdict("::ffff:127.0.0.1", rule), "allowed");
  EXPECT_EQ(verdict("64:ff9b::7f00:1", rule), "allowed");
  EXPECT_EQ(verdict("fe80::1", rule), "allowed");
  EXPECT_NE(verdict("::1", rule), "allowed");
  EXPECT_NE(verdict("169.254.1.1", rule), "allowed");
  EXPECT_EQ(verdict("169.254.1.1", allowing({"0.0.0.0/0"})), "allowed");
  EXPECT_NE(verdict("::1", allowing({"0.0.0.0/0"})), "allowed") << "that names IPv4 only";
  EXPECT_EQ(verdict("::1", allowing({"::/0"})), "allowed");
  EXPECT_EQ(verdict("127.0.0.5", allowing({"127.0.0.5"})), "allowed");
  EXPECT_NE(verdict("127.0.0.4", allowing({"127.0.0.5"})), "allowed");
}

TEST(AddressRule, NetworksAreReadStrictly) {
  const Network network = parse_network("10.1.2.3/8").value();
  EXPECT_EQ(network, parse_network("10.0.0.0/8").value());
  EXPECT_TRUE(contains(network, *parse_address("10.255.0.1")));
  EXPECT_FALSE(contains(network, *parse_address("11.0.0.0")));
  EXPECT_TRUE(contains(*parse_network("10.128.0.0/9"), *parse_address("10.200.0.1")));
  EXPECT_FALSE(contains(*parse_network("10.128.0.0/9"), *parse_address("10.1.0.1")));
  for (const char* text : {"", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/8/8", "lan",
                           "127.1/8", "10.0.0.0 /8", "10.0.0.0/0008"})
    EXPECT_FALSE(parse_network(text)) << text;
}

TEST(AddressRule, AddressesAreWrittenInTheirUsualForm) {
  EXPECT_EQ(to_text(*parse_address("0x7f.1")), "127.0.0.1");
  EXPECT_EQ(to_text(*parse_address("::ffff:10.0.0.7")), "10.0.0.7");
  EXPECT_EQ(to_text(*parse_address("FD00:0::1")), "fd00::1");
}

}  // namespace
}  // namespace reallive::pipeline
