// Session: TLS on the server's side of one non-blocking socket, and the Context that all sessions of an identity share.
// One thread at a time, without a thread or a loop of its own: it is driven by whoever reads and writes.
// It speaks nothing older than TLS 1.2 and never owns the descriptor.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"
#include "tls/identity.h"

namespace reallive::tls {

class Context {
 public:
  /// Code `certificate`. Sessions keep the context that they began with, so a new identity disturbs no running request.
  static base::Result<std::shared_ptr<Context>> create(const Identity& identity);
  ~Context();

  struct Handle;
  Handle& handle() const { return *handle_; }

 private:
  explicit Context(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

class Session {
 public:
  enum class State {
    done,        ///< `bytes` were moved
    want_read,   ///< nothing moved; again when the socket can be read
    want_write,  ///< nothing moved; again when the socket can be written
    closed,      ///< the peer said goodbye, or went without
    failed       ///< broken by the peer
  };
  struct Moved {
    State state;
    size_t bytes = 0;
  };

  Session(std::shared_ptr<Context> context, int descriptor);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Shakes hands first where that is not done yet.
  Moved read(std::span<std::byte> into);
  /// After want_read or want_write the next call must have the same bytes.
  Moved write(std::span<const std::byte> bytes);
  /// Bytes that can be had without the socket.
  bool has_pending() const;
  bool is_connected() const;  ///< the handshake is done
  /// Says goodbye, once, without waiting.
  void close();

 private:
  struct Handle;
  State state_of(int result);

  std::shared_ptr<Context> context_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace reallive::tls
