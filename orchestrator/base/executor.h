// Executor: runs functions on one thread, the main loop in the server. App implements it on GLib, tests on a queue.
// post() and post_after() may be called from any thread; functions run one after the other on the executor's thread.
// It never runs a function inside the call that posts it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace reallive::base {

class Executor {
 public:
  using Function = std::function<void()>;
  using Timer = uint64_t;  ///< 0 is never a timer

  virtual ~Executor() = default;
  virtual void post(Function function) = 0;
  virtual Timer post_after(std::chrono::milliseconds delay, Function function) = 0;
  /// On the executor's thread only; afterwards the function does not run. Unknown and finished timers are ignored.
  virtual void cancel(Timer timer) = 0;
};

}  // namespace reallive::base
