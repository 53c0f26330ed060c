// Shard: one thread that owns viewers and publishers; it runs posted tasks, timers and received packets in order.
// post() is for any thread; timers and all that sessions do with media belong to the shard's own thread.
// It never waits for anybody but its own condition variable, and never shares mutable state with other shards.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace reallive::rtc {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

class Session;
class Timer;

class Shard {
 public:
  explicit Shard(const std::string& name);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Runs `task` on the shard's thread, in order of posting. False, and the task is dropped, after stop().
  bool post(std::function<void()> task);
  /// Copies a received datagram to the shard, which hands it to `session`. Dropped, and counted, when 4 MiB wait or
  /// 1 MiB of this session: a peer that floods leaves room for the others.
  void deliver(std::shared_ptr<Session> session, std::span<const uint8_t> datagram, bool rtcp, TimePoint arrival);
  /// Posts `task` and returns when it has run. Not on the shard's own thread.
  void run(std::function<void()> task);
  bool is_current() const { return std::this_thread::get_id() == thread_id_; }
  /// Runs everything posted so far, then ends the thread. Timers that are still set do not fire.
  void stop();
  uint64_t dropped_packets() const;

 private:
  friend class Timer;
  struct Received {
    std::shared_ptr<Session> session;
    uint32_t offset;
    uint32_t size;
    bool rtcp;
    TimePoint arrival;
  };
  using Timers = std::multimap<TimePoint, Timer*>;

  void loop();
  void fire_timers();

  // Guards what follows up to stopped_; a leaf: nothing is called while it is held.
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void()>> tasks_;
  std::vector<Received> received_;
  std::vector<uint8_t> received_bytes_;
  uint64_t filling_ = 0;  // how often the inbox was emptied
  uint64_t dropped_packets_ = 0;
  bool waiting_ = false;
  bool stopping_ = false;
  bool stopped_ = false;

  Timers timers_;  // shard thread only
  std::thread::id thread_id_;
  std::thread thread_;
};

/// One timer of a shard; set, cleared and destroyed on the shard's thread only, but for one that is not active, which
/// may go anywhere. Fires once for each start(). Its action must not destroy it.
class Timer {
 public:
  Timer(Shard& shard, std::function<void()> action) : shard_(shard), action_(std::move(action)) {}
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Fires at `when` (at once when that is past), instead of any time set before. Does not allocate but the first time.
  void start(TimePoint when);
  void stop();
  bool active() const { return active_; }

 private:
  friend class Shard;
  Shard& shard_;
  std::function<void()> action_;
  bool active_ = false;
  Shard::Timers::iterator position_;
  Shard::Timers::node_type node_;
};

}  // namespace reallive::rtc
