#include "api/session_pruner.h"

#include <utility>

#include "base/log.h"

namespace reallive::api {
namespace {

constexpr int64_t batch = 500;
constexpr std::chrono::milliseconds soon{1000};
constexpr std::chrono::hours later{1};

}  // namespace

SessionPruner::SessionPruner(std::chrono::days keep, catalog::Sessions& sessions, base::Executor& executor,
                             const base::Clock& clock)
    : sessions_(sessions), executor_(executor), clock_(clock) {
  set_keep(keep);
}

void SessionPruner::set_keep(std::chrono::days keep) {
  if (keep == keep_) return;
  keep_ = keep;
  executor_.cancel(std::exchange(timer_, 0));
  if (keep_.count() > 0) timer_ = executor_.post_after(soon, [this] { look(); });
}

SessionPruner::~SessionPruner() {
  executor_.cancel(timer_);
}

void SessionPruner::look() {
  const auto removed = sessions_.prune(clock_.now() - keep_, batch);
  if (!removed) {
    base::log::warning("api", "old sessions could not be removed", {{"why", removed.error().message}});
  } else if (*removed > 0) {
    base::log::info("api", "old sessions were removed", {{"rows", std::to_string(*removed)}});
  }
  const bool more = removed && *removed == batch;
  timer_ = executor_.post_after(more ? soon : std::chrono::milliseconds(later), [this] { look(); });
}

}  // namespace reallive::api
