// SocketAddress: an IPv4 or IPv6 address with its port, as a small value; and the addresses this machine has.
// Value types for any thread. IPv4 is always kept as IPv4: mapped IPv6 (::ffff:a.b.c.d) is never seen outside.
// It never resolves names.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "common/result.h"

namespace reallive::rtc {

class SocketAddress {
 public:
  /// [::]:0.
  SocketAddress() = default;
  /// From the kernel's form; mapped IPv4 becomes IPv4. Any other family gives the default.
  explicit SocketAddress(const sockaddr_storage& storage);

  /// "HOST:PORT", ":PORT" (the any-address of IPv6, which takes IPv4 as well), "[V6]:PORT"; HOST is a number, or
  /// "localhost" for 127.0.0.1. Error code "address" with a sentence.
  static Result<SocketAddress> parse(std::string_view text);
  /// An address without port or brackets, "192.0.2.1" or "2001:db8::1"; nothing when it is neither.
  static std::optional<SocketAddress> from_ip(std::string_view ip, uint16_t port);

  bool v6() const { return v6_; }
  uint16_t port() const { return port_; }
  void set_port(uint16_t port) { port_ = port; }
  /// Network order; the first 4 bytes for IPv4, the others zero.
  const std::array<uint8_t, 16>& ip_bytes() const { return ip_; }
  bool is_any() const;
  bool is_loopback() const;

  /// "192.0.2.1", "2001:db8::1".
  std::string ip() const;
  /// "192.0.2.1:8189", "[2001:db8::1]:8189".
  std::string to_string() const;

  /// Writes the kernel's form, its length; IPv4 as mapped IPv6 when `as_v6`.
  socklen_t to_sockaddr(sockaddr_storage& out, bool as_v6) const;

  bool operator==(const SocketAddress&) const = default;
  size_t hash() const;

 private:
  std::array<uint8_t, 16> ip_{};
  uint32_t scope_ = 0;  // interface of a link-local IPv6 address
  uint16_t port_ = 0;
  bool v6_ = true;
};

/// Addresses of the interfaces that are up, for host candidates: IPv4 before IPv6, loopback last; link-local ones
/// are left out. Each with `port`.
std::vector<SocketAddress> local_addresses(uint16_t port);

}  // namespace reallive::rtc

template <>
struct std::hash<reallive::rtc::SocketAddress> {
  size_t operator()(const reallive::rtc::SocketAddress& address) const noexcept { return address.hash(); }
};
