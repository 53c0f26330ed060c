// Limits: how much of this server one client, and all of them, may take. Plain values.
// Any thread. Zero never means "no limit".
#pragma once

#include <chrono>
#include <cstddef>

namespace reallive::http {

struct Limits {
  size_t body = 1 << 20;      ///< bytes of a request's body; more is answered 413
  size_t header = 32 << 10;   ///< bytes of a request's line and headers; more is answered 431
  size_t connections = 1024;  ///< open at once
  size_t address_connections =
      256;  ///< of those, from one address (IPv6: one /64); proxies that are trusted may have all
  std::chrono::milliseconds header_time{10'000};  ///< from a request's first byte to the end of its headers; also from
                                                  ///< the start of a connection to its first byte, TLS included
  std::chrono::milliseconds idle_time{75'000};    ///< between two requests of one connection
  std::chrono::milliseconds stall_time{10'000};  ///< after that long a body or an answer must have gone at `least_rate`
  size_t least_rate = 1024;                      ///< bytes a second
  bool operator==(const Limits&) const = default;
};

}  // namespace reallive::http
