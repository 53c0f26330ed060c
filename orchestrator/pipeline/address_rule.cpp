#include "pipeline/address_rule.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <utility>

namespace reallive::pipeline {

namespace {

using base::Result;

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kLongest = 64;

Address from_ipv4(const uint8_t* bytes) {
  Address address;
  std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
  std::copy_n(bytes, 4, address.bytes.begin() + 12);
  return address;
}

std::optional<Address> parse_strictly(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  std::array<uint8_t, 4> four{};
  if (inet_pton(AF_INET, text.c_str(), four.data()) == 1) return from_ipv4(four.data());
  return std::nullopt;
}

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
};

const char* kind_of(const Address& address) {
  static const auto networks = [] {
    std::vector<std::pair<Network, const char*>> made;
    for (const Kind& kind : kKinds)
      made.emplace_back(parse_network(kind.network).value(), kind.name);
    return made;
  }();
  for (const auto& [network, name] : networks)
    if (contains(network, address)) return name;
  return nullptr;
}

/// The IPv4 address that a translator or tunnel would take out of this one: IPv4-compatible, NAT64 (RFC 6052),
/// 6to4 (RFC 3056), Teredo (RFC 4380).
std::optional<Address> carried_ipv4(const Address& address) {
  const auto& bytes = address.bytes;
  const auto starts = [&](std::initializer_list<uint8_t> with) {
    return std::equal(with.begin(), with.end(), bytes.begin());
  };
  if (starts({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) || starts({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return from_ipv4(bytes.data() + 12);
  }
  if (starts({0x20, 0x02})) return from_ipv4(bytes.data() + 2);
  if (starts({0x20, 0x01, 0, 0})) {
    std::array<uint8_t, 4> client{};
    for (size_t i = 0; i < 4; ++i)
      client[i] = static_cast<uint8_t>(~bytes[12 + i]);
    return from_ipv4(client.data());
  }
  return std::nullopt;
}

}  // namespace

bool Address::is_ipv4() const {
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::optional<Address> parse_address(std::string_view view) {
  if (view.empty() || view.size() > kLongest || view.find('\0') != view.npos) return std::nullopt;
  const std::string text(view);
  if (auto address = parse_strictly(text)) return address;
  // inet_aton() reads on over a space; what it takes must be digits, x and dots to the end.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == 'x' || c == 'X' ||
           c == '.';
  });
  in_addr four{};
  if (!plain || inet_aton(text.c_str(), &four) == 0) return std::nullopt;
  std::array<uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &four, bytes.size());
  return from_ipv4(bytes.data());
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.is_ipv4()) {
    inet_ntop(AF_INET, address.bytes.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
  }
  return text.data();
}

Result<Network> parse_network(std::string_view text) {
  const auto wrong = [] { return base::fail("", "expected a network such as 10.0.0.0/8, fd00::/8 or 127.0.0.1"); };
  const size_t slash = text.find('/');
  if (text.size() > kLongest || text.find('\0') != text.npos) return wrong();
  const auto address = parse_strictly(std::string(text.substr(0, slash)));
  if (!address) return wrong();
  const bool four = address->is_ipv4() && text.find(':') == text.npos;
  const unsigned most = four ? 32 : 128;
  unsigned bits = most;
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3) return wrong();
    bits = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return wrong();
      bits = bits * 10 + static_cast<unsigned>(c - '0');
    }
    if (bits > most) return base::fail("", "a network of this kind has at most " + std::to_string(most) + " bits");
  }
  Network network{*address, bits + (four ? 96 : 0)};
  for (unsigned bit = network.bits; bit < 128; ++bit)
    network.address.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80u >> (bit % 8)));
  return network;
}

bool contains(const Network& network, const Address& address) {
  for (unsigned bit = 0; bit < network.bits; bit += 8) {
    const unsigned left = network.bits - bit;
    const auto mask = static_cast<uint8_t>(left >= 8 ? 0xffu : 0xffu << (8 - left));
    if ((network.address.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

bool AddressRule::allows(const Address& address) const {
  return std::any_of(allow_.begin(), allow_.end(), [&](const Network& network) { return contains(network, address); });
}

Result<void> AddressRule::check(const Address& address) const {
  if (allows(address)) return {};
  const char* kind = kind_of(address);
  if (!kind) {
    const auto inner = carried_ipv4(address);
    if (inner && !allows(*inner)) kind = kind_of(*inner);
  }
  if (!kind) return {};
  return base::fail("not-allowed", to_text(address) + " is no address for a camera (" + kind +
                                       "); the setting sources.allow can permit it");
}

}  // namespace reallive::pipeline
