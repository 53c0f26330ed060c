// SessionPruner: removes old rows from the record of sessions, some at a time. Main loop's thread.
// It never removes what is still going on, and never holds the loop for more than a small batch.
#pragma once

#include <chrono>

#include "base/executor.h"
#include "base/time.h"
#include "catalog/sessions.h"

namespace reallive::api {

class SessionPruner {
 public:
  /// Zero days keep everything; else it looks soon, and then every hour.
  SessionPruner(std::chrono::days keep, catalog::Sessions& sessions, base::Executor& executor,
                const base::Clock& clock);
  ~SessionPruner();
  SessionPruner(const SessionPruner&) = delete;
  SessionPruner& operator=(const SessionPruner&) = delete;

  /// From now on.
  void set_keep(std::chrono::days keep);

 private:
  void look();

  std::chrono::days keep_{0};
  catalog::Sessions& sessions_;
  base::Executor& executor_;
  const base::Clock& clock_;
  base::Executor::Timer timer_ = 0;
};

}  // namespace reallive::api
