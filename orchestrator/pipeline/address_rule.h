// AddressRule: which network addresses a camera may have, so that nobody uses the server to reach its own services.
// Plain values and pure functions; any thread. It never resolves a name: whoever connects asks for the address that
// the name gave, and connects to exactly that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reallive::pipeline {

/// An IPv6 address, or an IPv4 one as IPv6 writes it (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2).
struct Address {
  std::array<uint8_t, 16> bytes{};
  bool is_ipv4() const;
  bool operator==(const Address&) const = default;
};

/// Any numeric form that the C library connects to: `10.0.0.7`, `fd00::1`, `127.1`, `2130706433`, `0x7f000001`.
std::optional<Address> parse_address(std::string_view text);
/// In its usual form: `10.0.0.7`, `fd00::1`.
std::string to_text(const Address& address);

struct Network {
  Address address;    ///< what lies behind `bits` is 0
  unsigned bits = 0;  ///< of 128: a /8 of IPv4 has 104
  bool operator==(const Network&) const = default;
};

/// `10.0.0.0/8`, `fd00::/8`, `127.0.0.1`, `::1`. The error says what is wrong with `text`.
base::Result<Network> parse_network(std::string_view text);
bool contains(const Network& network, const Address& address);

/// Every address but those of the server itself (loopback, unspecified, link-local) and those that are nobody's
/// (multicast, reserved); in the forms of IPv6 that carry an IPv4 address, that one counts, too.
class AddressRule {
 public:
  AddressRule() = default;
  /// `allow`: networks whose addresses cameras may have although they are none for a camera.
  explicit AddressRule(std::vector<Network> allow) : allow_(std::move(allow)) {}

  /// `not-allowed` with a sentence.
  base::Result<void> check(const Address& address) const;
  bool operator==(const AddressRule&) const = default;

 private:
  bool allows(const Address& address) const;
  std::vector<Network> allow_;
};

}  // namespace reallive::pipeline
