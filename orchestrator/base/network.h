// Network: IP addresses and networks as people write them (`192.168.1.7`, `10.0.0.0/8`, `fd00::/8`). Pure values.
// Any thread. IPv4 addresses in IPv6's clothes (`::ffff:10.0.0.1`) are the IPv4 addresses that they are.
// It never resolves names and never accepts a zone (`fe80::1%eth0`).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reallive::base {

class IpAddress {
 public:
  /// Numeric only, without brackets and port.
  static std::optional<IpAddress> parse(std::string_view text);
  /// Four or sixteen bytes in network order.
  static IpAddress from_bytes(const uint8_t* bytes, size_t length);

  bool is_ipv4() const;
  bool is_loopback() const;     ///< 127.0.0.0/8, ::1
  bool is_link_local() const;   ///< 169.254.0.0/16, fe80::/10
  bool is_unspecified() const;  ///< 0.0.0.0/8, ::
  bool is_multicast() const;
  /// 10/8, 172.16/12, 192.168/16, fc00::/7: of a network at home or at work.
  bool is_private() const;

  const std::array<uint8_t, 16>& bytes() const { return bytes_; }  ///< IPv4 as ::ffff:a.b.c.d
  std::string to_string() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};

class Network {
 public:
  /// `ADDRESS` or `ADDRESS/BITS`; bits of the address beyond the prefix are ignored. Code VALIDATION_FAILED.
  static Result<Network> parse(std::string_view text);
  /// `prefix` counts of the 128 bits: a /8 of IPv4 has 104.
  Network(const IpAddress& address, unsigned prefix);

  bool contains(const IpAddress& address) const;
  bool operator==(const Network&) const = default;

 private:
  IpAddress address_;  // what lies behind the prefix is 0
  unsigned prefix_;
};

bool any_contains(const std::vector<Network>& networks, const IpAddress& address);

}  // namespace reallive::base
