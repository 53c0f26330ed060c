// Connection: one accepted socket, plain or TLS: moves bytes without waiting and knows how long what took.
// Driven on the main loop's thread; the library may write the end of a chunked answer from another, hence the mutex.
// It never closes before it was told to: cut() only makes both sides see the end.
#pragma once

#include <chrono>
#include <functional>
#include <gio/gio.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/limits.h"
#include "tls/session.h"

namespace reallive::http {

class Connection {
 public:
  enum class Phase {
    fresh,     ///< nothing was read yet
    idle,      ///< between two requests
    header,    ///< a request began
    body,      ///< its headers are there
    working,   ///< it is being answered
    upgraded,  ///< it became a WebSocket
  };
  /// Both are called once: `gone` when the descriptor is closed.
  Connection(int descriptor, std::string remote_address, std::shared_ptr<tls::Context> tls, const Limits& limits,
             std::function<void(Connection&)> gone);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& remote_address() const { return remote_address_; }
  bool is_secure() const { return secure_; }
  Phase phase() const;
  void enter(Phase phase);
  /// How long it has been in this phase.
  std::chrono::milliseconds since(std::chrono::milliseconds now) const;
  /// Which change of any connection's phase its last one was: many happen within one millisecond.
  uint64_t order() const;
  const Limits& limits() const { return limits_; }

  /// As GPollableInputStream and GPollableOutputStream want it: bytes moved, 0 at the end, -1 with an error.
  gssize read(void* into, size_t size, GError** error);
  gssize write(const void* bytes, size_t size, GError** error);
  bool can_read() const;
  bool can_write() const;
  /// Becomes ready when it is worth while to try again.
  GSource* create_source(bool for_reading) const;
  /// Waits at most a second for the socket.
  void wait(bool for_reading) const;

  /// Becomes ready when the client says anything or goes, though nobody reads; its callback is a GUnixFDSourceFunc.
  /// Null when it has gone.
  GSource* create_watch() const;
  /// Whether the client has gone, or still may be there; takes nothing away.
  enum class Sign { nothing, bytes, gone };
  Sign look() const;

  /// Ends it when it is slower than its limits allow; called every now and then.
  void check(std::chrono::milliseconds now);
  /// Answers for the library, where the library does not get to it, and ends it.
  void refuse(int status);
  /// Both sides see the end; the library closes it soon.
  void cut();
  void close();

 private:
  gssize end_of_input(void* into, size_t size);
  gssize fail(GError** error, GIOErrorEnum code, const char* text) const;
  gssize moved(const tls::Session::Moved& moved, bool for_reading, GError** error);
  void count_read(size_t bytes);
  void count_write(size_t wanted, gssize written);
  short wanted_events(bool for_reading) const;

  const std::string remote_address_;
  const bool secure_;
  const Limits limits_;
  std::function<void(Connection&)> gone_;

  mutable std::mutex mutex_;  // guards what follows; held while the socket is read and written, never over a callback
  int descriptor_;
  std::unique_ptr<tls::Session> tls_;
  bool read_wants_write_ = false, write_wants_read_ = false;  // TLS
  bool cut_ = false;
  Phase phase_ = Phase::fresh;
  std::chrono::milliseconds since_{0};
  uint64_t order_ = 0;
  size_t received_ = 0;                              // in this phase
  bool blocked_ = false;                             // the socket took no more of an answer
  std::optional<std::chrono::milliseconds> window_;  // the answer is being watched since
  size_t window_bytes_ = 0;
};

using ConnectionPtr = std::shared_ptr<Connection>;

/// The library hands a connection's remote address back with each message, as the very object that it was given.
void attach(GSocketAddress* remote, const ConnectionPtr& connection);
/// Never null for an address that something was attached to.
const ConnectionPtr& connection_of(GSocketAddress* remote);

/// The connection in the library's clothes; closing the stream closes it.
GIOStream* new_stream(const ConnectionPtr& connection);

}  // namespace reallive::http
