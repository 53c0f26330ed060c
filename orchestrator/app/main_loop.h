// MainLoop: the server's main loop, on GLib's default context, and the Executor that others post to.
// Made, run and destroyed on the main thread; post(), post_after() and quit() may be called from any thread.
// It never lets an exception through to GLib.
#pragma once

#include <functional>
#include <memory>

#include "base/executor.h"

namespace reallive::app {

class MainLoop final : public base::Executor {
 public:
  MainLoop();
  /// Functions that did not run yet are dropped.
  ~MainLoop() override;
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  void post(Function function) override;
  Timer post_after(std::chrono::milliseconds delay, Function function) override;
  void cancel(Timer timer) override;

  void run();
  void quit();

  /// Calls `function` on this loop each time the process gets the signal; for the life of the loop.
  void on_signal(int number, Function function);
  /// Calls `function` while `descriptor` can be read, until it returns false. The number is for cancel().
  Timer on_readable(int descriptor, std::function<bool()> function);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reallive::app
