#include "rtc/transport/socket_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::array<uint8_t, 16>& ip) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
}

std::optional<uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

struct FreeInterfaces {
  void operator()(ifaddrs* list) const { freeifaddrs(list); }
};

}  // namespace

SocketAddress::SocketAddress(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    v6_ = false;
    port_ = ntohs(v4.sin_port);
    std::memcpy(ip_.data(), &v4.sin_addr, 4);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    port_ = ntohs(v6.sin6_port);
    std::memcpy(ip_.data(), &v6.sin6_addr, 16);
    if (is_mapped(ip_)) {
      v6_ = false;
      std::copy_n(ip_.begin() + 12, 4, ip_.begin());
      std::fill(ip_.begin() + 4, ip_.end(), 0);
    } else if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) {
      scope_ = v6.sin6_scope_id;
    }
  }
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto wrong = [&](const char* what) {
    return fail("address", "\"" + std::string(text) + "\": " + what + "; expected HOST:PORT, :PORT or [V6]:PORT");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("no port");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return wrong("the port is not a number up to 65535");
  std::string_view host = text.substr(0, colon);
  if (host.empty()) {
    SocketAddress any;
    any.set_port(*port);
    return any;
  }
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 address stands in brackets");
  }
  const auto address = from_ip(host == "localhost" ? "127.0.0.1" : host, *port);
  if (!address) return wrong("the host is not an address");
  return *address;
}

std::optional<SocketAddress> SocketAddress::from_ip(std::string_view ip, uint16_t port) {
  const std::string text(ip);
  SocketAddress address;
  address.port_ = port;
  if (inet_pton(AF_INET, text.c_str(), address.ip_.data()) == 1) {
    address.v6_ = false;
    return address;
  }
  if (inet_pton(AF_INET6, text.c_str(), address.ip_.data()) != 1) return std::nullopt;
  if (is_mapped(address.ip_)) {
    sockaddr_storage storage;
    address.to_sockaddr(storage, true);
    return SocketAddress(storage);
  }
  return address;
}

bool SocketAddress::is_any() const {
  return std::ranges::all_of(ip_, [](uint8_t byte) { return byte == 0; });
}

bool SocketAddress::is_loopback() const {
  if (!v6_) return ip_[0] == 127;
  return std::all_of(ip_.begin(), ip_.end() - 1, [](uint8_t byte) { return byte == 0; }) && ip_[15] == 1;
}

std::string SocketAddress::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(v6_ ? AF_INET6 : AF_INET, ip_.data(), text, sizeof text);
  return text;
}

std::string SocketAddress::to_string() const {
  return (v6_ ? "[" + ip() + "]" : ip()) + ":" + std::to_string(port_);
}

socklen_t SocketAddress::to_sockaddr(sockaddr_storage& out, bool as_v6) const {
  if (!v6_ && !as_v6) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port_);
    std::memcpy(&v4.sin_addr, ip_.data(), 4);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port_);
  v6.sin6_scope_id = scope_;
  if (v6_) {
    std::memcpy(&v6.sin6_addr, ip_.data(), 16);
  } else {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), v6.sin6_addr.s6_addr);
    std::copy_n(ip_.begin(), 4, v6.sin6_addr.s6_addr + 12);
  }
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

size_t SocketAddress::hash() const {
  // Peers choose their addresses: mixed well enough that they cannot choose their bucket easily.
  uint64_t value = read_u64(ip_.data()) * 0x9e3779b97f4a7c15u;
  value = (value ^ value >> 29 ^ read_u64(ip_.data() + 8)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 32 ^ (uint64_t{scope_} << 17 | uint64_t{port_} << 1 | (v6_ ? 1 : 0))) * 0x94d049bb133111ebu;
  return static_cast<size_t>(value ^ value >> 31);
}

std::vector<SocketAddress> local_addresses(uint16_t port) {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, FreeInterfaces> list(raw);
  std::vector<SocketAddress> result;
  for (const ifaddrs* entry = raw; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP)) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    SocketAddress address(storage);
    const auto& ip = address.ip_bytes();
    const bool link_local = address.v6() ? ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80 : ip[0] == 169 && ip[1] == 254;
    address.set_port(port);
    if (!link_local && std::ranges::find(result, address) == result.end()) result.push_back(address);
  }
  std::ranges::stable_sort(result, {}, [](const SocketAddress& address) {
    return (address.is_loopback() ? 2 : 0) + (address.v6() ? 1 : 0);
  });
  return result;
}

}  // namespace reallive::rtc
