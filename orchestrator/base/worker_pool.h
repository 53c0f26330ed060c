// WorkerPool: a few threads with a bounded queue, for work that would block the main loop (bcrypt, slow SQL, DNS).
// submit() may be called from any thread; jobs come back to the main loop by Executor::post().
// It never grows: when the queue is full the caller hears so and answers "busy".
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace reallive::base {

class WorkerPool {
 public:
  /// `name` is what the threads are called in ps (at most 15 bytes count).
  WorkerPool(std::string name, unsigned threads, size_t queue_limit);
  /// Drops what is still queued and waits for the jobs that run.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when `queue_limit` jobs wait already.
  [[nodiscard]] bool submit(std::function<void()> job);

 private:
  void work();

  const size_t queue_limit_;
  std::mutex mutex_;  // guards queue_ and ending_; never held while a job runs
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace reallive::base
