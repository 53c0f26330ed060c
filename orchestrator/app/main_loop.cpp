#include "app/main_loop.h"

#include <algorithm>
#include <exception>
#include <glib-unix.h>
#include <glib.h>
#include <mutex>
#include <set>
#include <utility>

#include "base/log.h"

namespace reallive::app {

struct MainLoop::State {
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  std::mutex mutex;         // guards sources; never held while a function runs
  std::set<guint> sources;  // attached and not finished
};

namespace {

// What GLib carries for one source: the function, and how to forget the source when it ends.
struct Job {
  std::function<bool()> function;  // false: finished
  std::function<void(guint)> forget;

  static gboolean run(gpointer data) {
    const Job& job = *static_cast<Job*>(data);
    bool again = false;
    try {
      again = job.function();
    } catch (const std::exception& error) {
      base::log::error("app", "a function on the main loop failed", {{"reason", error.what()}});
    }
    if (again) return G_SOURCE_CONTINUE;
    job.forget(g_source_get_id(g_main_current_source()));
    return G_SOURCE_REMOVE;
  }
  static gboolean run_readable(gint, GIOCondition, gpointer data) { return run(data); }
  static void free(gpointer data) { delete static_cast<Job*>(data); }
};

template <typename State>
guint attach(State& state, GSource* source, GSourceFunc call, std::function<bool()> function) {
  auto forget = [&state](guint id) {
    const std::lock_guard lock(state.mutex);
    state.sources.erase(id);
  };
  g_source_set_callback(source, call, new Job{std::move(function), std::move(forget)}, &Job::free);
  guint id = 0;
  {
    // Under the lock, so that the source cannot have run and be forgotten before it is remembered.
    const std::lock_guard lock(state.mutex);
    id = g_source_attach(source, nullptr);
    state.sources.insert(id);
  }
  g_source_unref(source);
  return id;
}

std::function<bool()> once(base::Executor::Function function) {
  return [function = std::move(function)] {
    function();
    return false;
  };
}

}  // namespace

MainLoop::MainLoop() : state_(std::make_unique<State>()) {}

MainLoop::~MainLoop() {
  for (const guint id : std::set<guint>(state_->sources))
    cancel(id);
  g_main_loop_unref(state_->loop);
}

void MainLoop::post(Function function) {
  GSource* source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  attach(*state_, source, &Job::run, once(std::move(function)));
}

base::Executor::Timer MainLoop::post_after(std::chrono::milliseconds delay, Function function) {
  GSource* source = g_timeout_source_new(static_cast<guint>(std::max<int64_t>(delay.count(), 0)));
  return attach(*state_, source, &Job::run, once(std::move(function)));
}

void MainLoop::cancel(Timer timer) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->sources.erase(static_cast<guint>(timer)) == 0) return;
  }
  if (GSource* source = g_main_context_find_source_by_id(nullptr, static_cast<guint>(timer))) g_source_destroy(source);
}

void MainLoop::run() {
  g_main_loop_run(state_->loop);
}

void MainLoop::quit() {
  // Through the loop itself: a quit before run() counts too.
  post([this] { g_main_loop_quit(state_->loop); });
}

void MainLoop::on_signal(int number, Function function) {
  attach(*state_, g_unix_signal_source_new(number), &Job::run, [function = std::move(function)] {
    function();
    return true;
  });
}

base::Executor::Timer MainLoop::on_readable(int descriptor, std::function<bool()> function) {
  GSource* source = g_unix_fd_source_new(descriptor, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR));
  return attach(*state_, source, reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(&Job::run_readable)),
                std::move(function));
}

}  // namespace reallive::app
