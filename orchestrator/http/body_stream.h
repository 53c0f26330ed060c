// BodyStream: an answer's body that goes on, for server-sent events. Main loop's thread.
// It never buffers without end: a client that does not read is cut off.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace reallive::http {

inline constexpr size_t longest_stream_queue = 1024 * 1024;  ///< bytes on their way to the client

class BodyStream {
 public:
  virtual ~BodyStream() = default;

  /// Once, when the body has ended, the client has gone or was cut off; never within a call made from here, and not
  /// when the server itself ends.
  std::function<void()> on_closed;

  virtual void write(std::string_view bytes) = 0;
  /// Ends the body in good order.
  virtual void close() = 0;
};

/// One event of an event stream (WHATWG HTML section 9.2): `id:` and `data:`; `data` is one line.
std::string event_text(std::string_view id, std::string_view data);
/// What clients ignore; it tells proxies and us that the connection lives.
inline constexpr std::string_view event_heartbeat = ":\n\n";

}  // namespace reallive::http
