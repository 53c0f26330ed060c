// AddressRule: which network addresses a camera may have, so that nobody uses the server to reach its own services.
// Plain values and pure functions; any thread. It never resolves a name: whoever connects asks for the address that
// the name gave, and connects to exactly that.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/network.h"
#include "base/result.h"

namespace reallive::pipeline {

/// Any numeric form that the C library connects to: `10.0.0.7`, `fd00::1`, `127.1`, `2130706433`, `0x7f000001`.
std::optional<base::IpAddress> parse_address(std::string_view text);

/// Every address but those of the server itself (loopback, unspecified, link-local, its interfaces') and those that are
/// nobody's (multicast, reserved); in the forms of IPv6 that carry an IPv4 address, that one counts, too.
class AddressRule {
 public:
  AddressRule() = default;
  /// `allow`: networks whose addresses cameras may have although they are none for a camera.
  explicit AddressRule(std::vector<base::Network> allow) : allow_(std::move(allow)) {}

  /// `own`: what base::own_addresses() says at this time. `not-allowed` with a sentence.
  base::Result<void> check(const base::IpAddress& address, const std::vector<base::IpAddress>& own) const;
  bool operator==(const AddressRule&) const = default;

 private:
  std::vector<base::Network> allow_;
};

}  // namespace reallive::pipeline
