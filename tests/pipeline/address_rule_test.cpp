#include "pipeline/address_rule.h"

#include <gtest/gtest.h>

namespace reallive::pipeline {
namespace {

using base::IpAddress;
using base::Network;

std::string verdict(const std::string& text, const AddressRule& rule = {}, const std::vector<IpAddress>& own = {}) {
  const auto address = parse_address(text);
  if (!address) return "no address";
  const auto checked = rule.check(*address, own);
  if (checked) return "allowed";
  EXPECT_EQ(checked.error().code, "not-allowed");
  return checked.error().message;
}

AddressRule allowing(std::initializer_list<const char*> networks) {
  std::vector<Network> list;
  for (const char* text : networks)
    list.push_back(Network::parse(text).value());
  return AddressRule(list);
}

TEST(AddressRule, CamerasAreInTheLanAndOnTheInternet) {
  for (const char* text : {"10.0.0.7", "192.168.1.64", "172.16.5.5", "100.64.0.1", "203.0.113.9", "8.8.8.8", "fd00::1",
                           "fec0::1", "2001:db8::1", "::ffff:10.0.0.7", "64:ff9b::808:808", "::ffff:0:10.0.0.7",
                           "2002:c0a8:101::1", "128.0.0.1", "126.255.255.255", "223.255.255.255"})
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
  for (const char* text : {"127.1",
                           "2130706433",
                           "0x7f000001",
                           "0x7f.1",
                           "0177.0.0.1",
                           "127.0.1",
                           "0",
                           "0x0",
                           "::ffff:127.0.0.1",
                           "::ffff:7f00:1",
                           "0:0:0:0:0:0:0:1",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "2002:7f00:1::",
                           "2001:0:1:2:3:4:80ff:fffe",
                           "::ffff:0:0",
                           "::ffff:169.254.1.1",
                           "2852039166",
                           "::ffff:0:127.0.0.1",
                           "::ffff:0:7f00:1",
                           "64:ff9b:1::7f00:1",
                           "64:ff9b:1:7f00:0:100::"})
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

TEST(AddressRule, TheInterfacesOfTheServerAreItself) {
  const std::vector<IpAddress> own = {*IpAddress::parse("192.168.1.5"), *IpAddress::parse("fd00::5")};
  EXPECT_EQ(verdict("192.168.1.5", {}, own),
            "192.168.1.5 is no address for a camera (an address of this server itself); the setting sources.allow can "
            "permit it");
  for (const char* text : {"fd00::5", "fd00:0::0005", "3232235781", "::ffff:192.168.1.5", "64:ff9b::c0a8:105",
                           "2002:c0a8:105::1", "::ffff:0:192.168.1.5"})
    EXPECT_NE(verdict(text, {}, own).find("this server itself"), std::string::npos) << text;
  EXPECT_EQ(verdict("192.168.1.6", {}, own), "allowed");
  EXPECT_EQ(verdict("fd00::6", {}, own), "allowed");
  EXPECT_EQ(verdict("192.168.1.5", allowing({"192.168.1.0/24"}), own), "allowed");
  EXPECT_EQ(verdict("64:ff9b::c0a8:105", allowing({"192.168.1.5"}), own), "allowed");
}

TEST(AddressRule, AddressesAreWrittenInTheirUsualForm) {
  EXPECT_EQ(parse_address("0x7f.1")->to_string(), "127.0.0.1");
  EXPECT_EQ(parse_address("::ffff:10.0.0.7")->to_string(), "10.0.0.7");
  EXPECT_EQ(parse_address("FD00:0::1")->to_string(), "fd00::1");
}

}  // namespace
}  // namespace reallive::pipeline
