// Connection: a GObject signal handler that is disconnected when it goes out of scope.
// It holds a reference to the emitter, so that order of destruction does not matter; any thread.
// The handler itself never throws: it runs inside guard().
#pragma once

#include <functional>
#include <type_traits>

#include "common/guard.h"
#include "common/ref.h"

namespace reallive {

class Connection {
 public:
  Connection() = default;
  Connection(Connection&& other) noexcept
      : emitter_(std::move(other.emitter_)), handler_(std::exchange(other.handler_, 0)) {}
  Connection& operator=(Connection&& other) noexcept {
    disconnect();
    emitter_ = std::move(other.emitter_);
    handler_ = std::exchange(other.handler_, 0);
    return *this;
  }
  ~Connection() { disconnect(); }

  /// Connects `function`, a callable with the signal's C++ parameters after the emitter:
  /// `Connection::make<void, const char*>(element, "viewer-connected", [](const char* id) { … })`.
  template <typename Return, typename... Args>
  static Connection make(gpointer emitter, const char* signal,
                         std::type_identity_t<std::function<Return(Args...)>> function) {
    using Function = std::function<Return(Args...)>;
    struct Thunk {
      static Return call(gpointer, Args... args, gpointer data) {
        auto& body = *static_cast<Function*>(data);
        if constexpr (std::is_void_v<Return>) {
          guard([&] { body(args...); });
        } else {
          return guard(Return{}, [&] { return body(args...); });
        }
      }
      static void free(gpointer data, GClosure*) { delete static_cast<Function*>(data); }
    };
    Connection connection;
    connection.emitter_ = Ref<GObject>::retain(G_OBJECT(emitter));
    connection.handler_ = g_signal_connect_data(emitter, signal, G_CALLBACK(&Thunk::call),
                                                new Function(std::move(function)), &Thunk::free, GConnectFlags{});
    return connection;
  }

  void disconnect() {
    if (emitter_ && handler_ != 0 && g_signal_handler_is_connected(emitter_.get(), handler_)) {
      g_signal_handler_disconnect(emitter_.get(), handler_);
    }
    handler_ = 0;
    emitter_.reset();
  }

 private:
  Ref<GObject> emitter_;
  gulong handler_ = 0;
};

}  // namespace reallive
