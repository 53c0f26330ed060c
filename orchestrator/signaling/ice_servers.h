// IceServers: the STUN and TURN servers that clients are told of, with passwords that end. Pure; any thread.
// It never hands out the secret: a client gets a user name that says until when, and its MAC (the scheme of "A REST API
// For Access To TURN Services", which coturn calls use-auth-secret).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace reallive::signaling {

/// Sent to those who were let in, never before.
struct IceServer {
  std::string url;                   ///< `stun:HOST:PORT`, `turn:HOST:PORT?transport=udp`
  std::string username, credential;  ///< of TURN
  bool operator==(const IceServer&) const = default;
};

struct IceConfig {
  std::vector<std::string> stun, turn;  ///< `stun:HOST:PORT`; `turn:…` and `turns:…`
  std::string turn_secret;              ///< shared with the TURN servers
  std::chrono::seconds turn_ttl{86400};
  bool operator==(const IceConfig&) const = default;
};

/// `user`: who gets them, so that a TURN server's log can say; empty is a guest.
std::vector<IceServer> ice_servers(const IceConfig& config, std::string_view user, base::Time now);

/// An address as RFC 7064 and RFC 7065 write them, of one of `schemes` (`stun`, `turns` …); the message says what was
/// expected.
base::Result<void> check_ice_url(std::string_view url, const std::vector<std::string_view>& schemes);

}  // namespace reallive::signaling
