#include "media/mailbox.h"

#include "common/guard.h"

namespace reallive::media {

namespace {

struct Letter {
  std::weak_ptr<bool> alive;
  Mailbox::Function function;
};

gboolean open_letter(gpointer data) {
  guard([&] {
    auto* letter = static_cast<Letter*>(data);
    const std::shared_ptr<bool> alive = letter->alive.lock();
    if (alive && *alive) letter->function();
  });
  return G_SOURCE_REMOVE;
}

}  // namespace

std::function<void(Mailbox::Function)> Mailbox::poster() const {
  return [alive = std::weak_ptr<bool>(alive_)](Function function) {
    g_idle_add_full(G_PRIORITY_DEFAULT, &open_letter, new Letter{alive, std::move(function)},
                    [](gpointer data) { delete static_cast<Letter*>(data); });
  };
}

void Timer::start(std::chrono::milliseconds delay, std::function<void()> function) {
  add(delay, std::move(function), false);
}

void Timer::repeat(std::chrono::milliseconds interval, std::function<void()> function) {
  add(interval, std::move(function), true);
}

void Timer::add(std::chrono::milliseconds delay, std::function<void()> function, bool again) {
  struct Ring {
    Timer* timer;
    std::function<void()> function;
    bool again;
  };
  cancel();
  source_ = g_timeout_add_full(
      G_PRIORITY_DEFAULT, static_cast<guint>(delay.count()),
      [](gpointer data) -> gboolean {
        auto* ring = static_cast<Ring*>(data);
        const bool again = ring->again;
        if (!again) ring->timer->source_ = 0;  // the function may start the timer anew, or end its owner
        guard([&] { ring->function(); });
        return again ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
      },
      new Ring{this, std::move(function), again}, [](gpointer data) { delete static_cast<Ring*>(data); });
}

void Timer::cancel() {
  if (source_ != 0) g_source_remove(std::exchange(source_, 0));
}

}  // namespace reallive::media
