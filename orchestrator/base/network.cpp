#include "base/network.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

namespace reallive::base {
namespace {

constexpr std::array<uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t longest_address = INET6_ADDRSTRLEN;

bool inside(const char* network, const IpAddress& address) {
  return Network::parse(network)->contains(address);
}

}  // namespace

IpAddress IpAddress::from_bytes(const uint8_t* bytes, size_t length) {
  IpAddress address;
  if (length == 4) {
    std::copy(mapped.begin(), mapped.end(), address.bytes_.begin());
    std::copy_n(bytes, 4, address.bytes_.begin() + 12);
  } else if (length == 16) {
    std::copy_n(bytes, 16, address.bytes_.begin());
  }
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() >= longest_address || text.find('\0') != std::string_view::npos) return {};
  const std::string terminated(text);
  uint8_t bytes[16];
  if (inet_pton(AF_INET, terminated.c_str(), bytes) == 1) return from_bytes(bytes, 4);
  if (inet_pton(AF_INET6, terminated.c_str(), bytes) == 1) return from_bytes(bytes, 16);
  return {};
}

bool IpAddress::is_ipv4() const {
  return std::equal(mapped.begin(), mapped.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const {
  return inside(is_ipv4() ? "127.0.0.0/8" : "::1", *this);
}

bool IpAddress::is_link_local() const {
  return inside(is_ipv4() ? "169.254.0.0/16" : "fe80::/10", *this);
}

bool IpAddress::is_unspecified() const {
  return inside(is_ipv4() ? "0.0.0.0/8" : "::", *this);
}

bool IpAddress::is_multicast() const {
  return inside(is_ipv4() ? "224.0.0.0/4" : "ff00::/8", *this);
}

bool IpAddress::is_private() const {
  if (!is_ipv4()) return inside("fc00::/7", *this);
  return inside("10.0.0.0/8", *this) || inside("172.16.0.0/12", *this) || inside("192.168.0.0/16", *this);
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_ipv4()) {
    inet_ntop(AF_INET, bytes_.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  }
  return text;
}

Network::Network(const IpAddress& address, unsigned prefix) : prefix_(std::min(prefix, 128u)) {
  std::array<uint8_t, 16> bytes = address.bytes();
  for (unsigned bit = prefix_; bit < 128; ++bit)
    bytes[bit / 8] &= static_cast<uint8_t>(~(0x80u >> (bit % 8)));
  address_ = IpAddress::from_bytes(bytes.data(), bytes.size());
}

Result<Network> Network::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  const auto refuse = [&] {
    return invalid(
        {}, "expected an address or a network such as 192.168.0.0/16, got \"" + std::string(text.substr(0, 80)) + "\"");
  };
  if (!address) return refuse();
  // An IPv4 network that was written in IPv6's form has a prefix of that form.
  const bool written_as_ipv4 = text.substr(0, slash).find(':') == std::string_view::npos;
  const unsigned most = written_as_ipv4 ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (digits.empty() || digits.size() > 3 || error != std::errc() || end != digits.data() + digits.size() ||
        bits > most)
      return refuse();
  }
  return Network(*address, bits + (128 - most));
}

bool Network::contains(const IpAddress& address) const {
  const unsigned whole = prefix_ / 8, rest = prefix_ % 8;
  if (std::memcmp(address_.bytes().data(), address.bytes().data(), whole) != 0) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xffu & (0xff00u >> rest);
  return ((address_.bytes()[whole] ^ address.bytes()[whole]) & mask) == 0;
}

bool any_contains(const std::vector<Network>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

}  // namespace reallive::base
