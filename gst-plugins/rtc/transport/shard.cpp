#include "rtc/transport/shard.h"

#include <future>
#include <pthread.h>

#include "rtc/transport/session.h"

namespace reallive::rtc {

namespace {
constexpr size_t kInboxBytes = 4 * 1024 * 1024;
// Of one session: a publisher of 80 Mbit/s fills it in 100 ms, and a shard that is so late loses pictures anyway. Each
// packet counts with its entry, or a flood of small ones would take the time instead of the room.
constexpr size_t kInboxBytesEach = 1024 * 1024;
}  // namespace

Shard::Shard(const std::string& name) {
  thread_ = std::thread([this, name = name.substr(0, 15)] {
    pthread_setname_np(pthread_self(), name.c_str());
    loop();
  });
  thread_id_ = thread_.get_id();
}

Shard::~Shard() {
  stop();
}

bool Shard::post(std::function<void()> task) {
  bool notify;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return false;
    tasks_.push_back(std::move(task));
    notify = std::exchange(waiting_, false);
  }
  if (notify) wake_.notify_one();
  return true;
}

void Shard::deliver(std::shared_ptr<Session> session, std::span<const uint8_t> datagram, bool rtcp, TimePoint arrival) {
  bool notify;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (std::exchange(session->inbox_filling_, filling_) != filling_) session->inbox_bytes_ = 0;
    const size_t cost = datagram.size() + sizeof(Received);
    if (received_bytes_.size() + datagram.size() > kInboxBytes || session->inbox_bytes_ + cost > kInboxBytesEach) {
      ++dropped_packets_;
      return;
    }
    session->inbox_bytes_ += cost;
    received_.push_back({std::move(session), static_cast<uint32_t>(received_bytes_.size()),
                         static_cast<uint32_t>(datagram.size()), rtcp, arrival});
    received_bytes_.insert(received_bytes_.end(), datagram.begin(), datagram.end());
    notify = std::exchange(waiting_, false);
  }
  if (notify) wake_.notify_one();
}

void Shard::run(std::function<void()> task) {
  std::promise<void> done;
  if (post([&] {
        task();
        done.set_value();
      })) {
    done.get_future().wait();
  }
}

void Shard::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_ = false;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

uint64_t Shard::dropped_packets() const {
  std::lock_guard lock(mutex_);
  return dropped_packets_;
}

void Shard::loop() {
  std::vector<std::function<void()>> tasks;
  std::vector<Received> received;
  std::vector<uint8_t> bytes;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return !tasks_.empty() || !received_.empty() || stopping_; };
      if (!ready()) {
        waiting_ = true;
        if (timers_.empty()) {
          wake_.wait(lock, ready);
        } else {
          wake_.wait_until(lock, timers_.begin()->first, ready);
        }
        waiting_ = false;
      }
      if (stopping_ && tasks_.empty()) {
        stopped_ = true;
        return;
      }
      tasks.swap(tasks_);
      received.swap(received_);
      bytes.swap(received_bytes_);
      ++filling_;
    }
    for (auto& task : tasks) {
      task();
      task = nullptr;
    }
    for (auto& packet : received) {
      packet.session->receive({bytes.data() + packet.offset, packet.size}, packet.rtcp, packet.arrival);
    }
    tasks.clear();
    received.clear();
    bytes.clear();
    fire_timers();
  }
}

void Shard::fire_timers() {
  const TimePoint now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Timer* timer = timers_.begin()->second;
    timer->stop();
    timer->action_();
  }
}

void Timer::start(TimePoint when) {
  stop();
  if (node_) {
    node_.key() = when;
    position_ = shard_.timers_.insert(std::move(node_));
  } else {
    position_ = shard_.timers_.emplace(when, this);
  }
  active_ = true;
}

void Timer::stop() {
  if (!active_) return;
  active_ = false;
  node_ = shard_.timers_.extract(position_);
}

}  // namespace reallive::rtc
