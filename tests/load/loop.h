// Loop: one thread with epoll, a tick of 10 ms and posted calls; peers live on one of a few.
// Handlers are called on the loop's thread only; post() and run() are for any other. It never blocks in a handler.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace reallive::load {

class Loop {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_readable() = 0;
    virtual void on_tick(int64_t now_ns) = 0;
  };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Loop's thread only.
  void add(int fd, Handler& handler);
  void remove(int fd, Handler& handler);

  void post(std::function<void()> call);
  /// Posts and waits until it is done.
  void run(const std::function<void()>& call);

 private:
  void work();
  void run_posted();

  int epoll_ = -1;
  int wake_ = -1;
  std::set<Handler*> handlers_;
  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace reallive::load
