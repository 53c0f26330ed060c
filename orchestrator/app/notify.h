// Notify: tells the service manager how the server is (sd_notify(3)'s protocol on $NOTIFY_SOCKET), its watchdog
// included. Main loop's thread: a loop that hangs says nothing, and the manager starts the server anew. Without a
// manager it does nothing.
#pragma once

#include <string_view>

#include "app/main_loop.h"

namespace reallive::app {

class Notify {
 public:
  explicit Notify(MainLoop& loop) : loop_(loop) {}
  ~Notify() { loop_.cancel(timer_); }
  Notify(const Notify&) = delete;
  Notify& operator=(const Notify&) = delete;

  /// Serving; from now on the watchdog hears from us.
  void ready();
  /// Reading the settings anew; ready() follows.
  void reloading();
  void stopping();

 private:
  void keep_alive();

  MainLoop& loop_;
  base::Executor::Timer timer_ = 0;
};

/// One message of lines `NAME=VALUE`; false when nobody listens.
bool notify_manager(std::string_view message);

}  // namespace reallive::app
