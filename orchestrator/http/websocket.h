// WebSocket: one open connection of text messages (RFC 6455), seen by whoever answers a request with it.
// Main loop's thread. It never buffers without end: a client that does not read, or sends too much, is cut off.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/cors.h"
#include "http/message.h"

namespace reallive::http {

struct WebSocketLimits {
  size_t message = 256 * 1024;       ///< bytes of a message from the client
  size_t queue = 1024 * 1024;        ///< bytes on their way to the client; more ends the connection
  std::chrono::seconds ping{20};     ///< the client is asked for a sign of life this often …
  std::chrono::seconds silence{45};  ///< … and cut off when nothing at all came for so long
  bool operator==(const WebSocketLimits&) const = default;
};

/// Close codes of RFC 6455 section 7.4.1 that handlers use.
struct CloseCode {
  static constexpr uint16_t normal = 1000, going_away = 1001, unsupported = 1003, policy = 1008, too_big = 1009,
                            try_later = 1013;
};

class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// Whole text messages, valid UTF-8. Set within the call that hands the socket over, so that none is missed.
  std::function<void(std::string_view)> on_message;
  /// Once, when the connection has ended for whatever reason but the server's own end; never within a call made
  /// from here.
  std::function<void()> on_closed;

  /// Nothing is sent after close() or after the end.
  virtual void send(std::string_view text) = 0;
  /// Says goodbye; a client that does not answer within seconds is cut off. `reason` is for people, ≤ 120 bytes.
  virtual void close(uint16_t code, std::string_view reason) = 0;
};

/// Pages of this server itself, pages of origins that the policy names, and clients that are no browsers (which send
/// no Origin) may open a WebSocket. The browser itself does not ask: WebSockets know no CORS.
bool origin_may_connect(const CorsPolicy& policy, const Request& request);

}  // namespace reallive::http
