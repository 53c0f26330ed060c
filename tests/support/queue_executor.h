// QueueExecutor: a base::Executor that runs posted functions when the test says so, on the test's thread.
// post() may come from any thread. It never runs timers by the wall clock: the test advances them.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "support/wait.h"

namespace reallive::test {

class QueueExecutor final : public base::Executor {
 public:
  void post(Function function) override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(function));
  }
  Timer post_after(std::chrono::milliseconds delay, Function function) override {
    const std::lock_guard lock(mutex_);
    timers_.push_back({++last_timer_, now_ + delay, std::move(function)});
    return last_timer_;
  }
  void cancel(Timer timer) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(timers_, [timer](const Pending& pending) { return pending.id == timer; });
  }

  /// Runs everything that is posted, also what comes meanwhile.
  void run() {
    for (;;) {
      Function next;
      {
        const std::lock_guard lock(mutex_);
        if (queue_.empty()) return;
        next = std::move(queue_.front());
        queue_.pop_front();
      }
      next();
    }
  }
  /// Runs until the condition holds (other threads may still have to post); false after the limit.
  bool run_until(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    return eventually(
        [&] {
          run();
          return condition();
        },
        limit);
  }
  /// Lets time pass for timers and runs what is due, in order.
  void advance(std::chrono::milliseconds by) {
    {
      const std::lock_guard lock(mutex_);
      now_ += by;
      std::stable_sort(timers_.begin(), timers_.end(), [](const auto& a, const auto& b) { return a.due < b.due; });
      while (!timers_.empty() && timers_.front().due <= now_) {
        queue_.push_back(std::move(timers_.front().function));
        timers_.erase(timers_.begin());
      }
    }
    run();
  }

 private:
  struct Pending {
    Timer id;
    std::chrono::milliseconds due;
    Function function;
  };
  std::mutex mutex_;  // guards all below; never held while a function runs
  std::deque<Function> queue_;
  std::vector<Pending> timers_;
  std::chrono::milliseconds now_{0};
  Timer last_timer_ = 0;
};

}  // namespace reallive::test
