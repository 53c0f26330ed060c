#include "load/loop.h"

#include <future>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "load/clock.h"

namespace reallive::load {

namespace {
constexpr int kTickMs = 10;
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  thread_ = std::thread([this] { work(); });
}

Loop::~Loop() {
  ending_ = true;
  post([] {});
  thread_.join();
  close(wake_);
  close(epoll_);
}

void Loop::add(int fd, Handler& handler) {
  epoll_event event{EPOLLIN, {.ptr = &handler}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  handlers_.insert(&handler);
}

void Loop::remove(int fd, Handler& handler) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  handlers_.erase(&handler);
}

void Loop::post(std::function<void()> call) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(call));
  }
  uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

void Loop::run(const std::function<void()>& call) {
  std::promise<void> done;
  post([&] {
    call();
    done.set_value();
  });
  done.get_future().wait();
}

void Loop::run_posted() {
  uint64_t count;
  (void)!read(wake_, &count, sizeof count);
  std::vector<std::function<void()>> calls;
  {
    std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (auto& call : calls)
    call();
}

void Loop::work() {
  int64_t next_tick = now_ns();
  epoll_event events[64];
  while (!ending_) {
    int64_t left = (next_tick - now_ns() + kMillisecond - 1) / kMillisecond;
    int count = epoll_wait(epoll_, events, 64, static_cast<int>(std::max<int64_t>(left, 0)));
    bool posted = false;
    for (int i = 0; i < count; ++i) {
      auto* handler = static_cast<Handler*>(events[i].data.ptr);
      if (!handler) {
        posted = true;
      } else if (handlers_.contains(handler)) {  // an earlier event may have removed it
        handler->on_readable();
      }
    }
    if (posted) run_posted();
    if (int64_t now = now_ns(); now >= next_tick) {
      next_tick = now + kTickMs * kMillisecond;
      auto handlers = handlers_;  // a tick may remove its handler
      for (Handler* handler : handlers) {
        if (handlers_.contains(handler)) handler->on_tick(now);
      }
    }
  }
  run_posted();
}

}  // namespace reallive::load
