#include "pipeline/address_rule.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <utility>

namespace reallive::pipeline {

namespace {

using base::IpAddress;
using base::Result;

constexpr size_t kLongest = 64;

struct Kind {
  const char* network;
  const char* name;
};

// RFC 6890's tables, as far as no camera can have such an address.
constexpr Kind kKinds[] = {
    {"127.0.0.0/8", "loopback: this server itself"},
    {"::1", "loopback: this server itself"},
    {"0.0.0.0/8", "unspecified: this server itself"},
    {"::", "unspecified: this server itself"},
    {"169.254.0.0/16", "link-local"},
    {"fe80::/10", "link-local"},
    {"224.0.0.0/4", "multicast"},
    {"ff00::/8", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"64:ff9b:1::/48", "translated to IPv4 in a way that only the network knows"},  // RFC 8215
};

const char* kind_of(const IpAddress& address, const std::vector<IpAddress>& own) {
  static const auto networks = [] {
    std::vector<std::pair<base::Network, const char*>> made;
    for (const Kind& kind : kKinds)
      made.emplace_back(base::Network::parse(kind.network).value(), kind.name);
    return made;
  }();
  for (const auto& [network, name] : networks)
    if (network.contains(address)) return name;
  return std::find(own.begin(), own.end(), address) == own.end() ? nullptr : "an address of this server itself";
}

/// The IPv4 address that a translator or tunnel would take out of this one: IPv4-compatible, IPv4-translated
/// (RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380).
std::optional<IpAddress> carried_ipv4(const IpAddress& address) {
  const auto& bytes = address.bytes();
  const auto ipv4_at = [&](size_t at) { return IpAddress::from_bytes(bytes.data() + at, 4); };
  const auto starts = [&](std::initializer_list<uint8_t> with) {
    return std::equal(with.begin(), with.end(), bytes.begin());
  };
  if (starts({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) || starts({0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}) ||
      starts({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return ipv4_at(12);
  }
  if (starts({0x20, 0x02})) return ipv4_at(2);
  if (starts({0x20, 0x01, 0, 0})) {
    std::array<uint8_t, 4> client{};
    for (size_t i = 0; i < 4; ++i)
      client[i] = static_cast<uint8_t>(~bytes[12 + i]);
    return IpAddress::from_bytes(client.data(), client.size());
  }
  return std::nullopt;
}

}  // namespace

std::optional<IpAddress> parse_address(std::string_view view) {
  if (view.empty() || view.size() > kLongest || view.find('\0') != view.npos) return std::nullopt;
  if (auto address = IpAddress::parse(view)) return address;
  // inet_aton() reads on over a space; what it takes must be digits, x and dots to the end.
  const std::string text(view);
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == 'x' || c == 'X' ||
           c == '.';
  });
  in_addr four{};
  if (!plain || inet_aton(text.c_str(), &four) == 0) return std::nullopt;
  return IpAddress::from_bytes(reinterpret_cast<const uint8_t*>(&four.s_addr), 4);
}

Result<void> AddressRule::check(const IpAddress& address, const std::vector<IpAddress>& own) const {
  if (base::any_contains(allow_, address)) return {};
  const char* kind = kind_of(address, own);
  if (!kind) {
    const auto inner = carried_ipv4(address);
    if (inner && !base::any_contains(allow_, *inner)) kind = kind_of(*inner, own);
  }
  if (!kind) return {};
  return base::fail("not-allowed", address.to_string() + " is no address for a camera (" + kind +
                                       "); the setting sources.allow can permit it");
}

}  // namespace reallive::pipeline
