// Mailbox: brings functions from any thread to the main loop, in order, and drops those whose receiver has gone.
// post() may be called from any thread; after() and the destructor belong to the main loop's thread.
// It never runs a function inside the call that posts it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace reallive::media {

class Mailbox {
 public:
  using Function = std::function<void()>;

  Mailbox() : alive_(std::make_shared<bool>(true)) {}
  ~Mailbox() { *alive_ = false; }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// A copyable function that posts; it may outlive the mailbox and then does nothing.
  std::function<void(Function)> poster() const;
  void post(Function function) const { poster()(std::move(function)); }

 private:
  std::shared_ptr<bool> alive_;  // read and written on the main loop only
};

/// A timer on the main loop, cancelled when it goes out of scope.
class Timer {
 public:
  Timer() = default;
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Once; a second call replaces the first.
  void start(std::chrono::milliseconds delay, std::function<void()> function);
  /// Every `interval` until cancelled.
  void repeat(std::chrono::milliseconds interval, std::function<void()> function);
  void cancel();
  bool running() const { return source_ != 0; }

 private:
  void add(std::chrono::milliseconds delay, std::function<void()> function, bool again);
  unsigned source_ = 0;
};

}  // namespace reallive::media
