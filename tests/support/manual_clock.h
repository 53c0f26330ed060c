// ManualClock: a base::Clock that stands still until the test moves it. The test's thread only.
// It starts at 2026-01-02T03:04:05.000Z. It never looks at the machine's clock.
#pragma once

#include <chrono>

#include "base/time.h"

namespace reallive::test {

class ManualClock final : public base::Clock {
 public:
  base::Time now() const override { return now_; }
  std::chrono::milliseconds steady() const override { return steady_; }
  void advance(std::chrono::milliseconds by) {
    now_ += by;
    steady_ += by;
  }

 private:
  base::Time now_ = base::Time(std::chrono::milliseconds(1767323045000));
  std::chrono::milliseconds steady_{1000};
};

}  // namespace reallive::test
