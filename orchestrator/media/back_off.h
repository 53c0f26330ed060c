// BackOff: how long what has failed rests before it is tried again: twice as long each time, up to a longest wait, and
// from the beginning again once it has worked. A plain value; any thread. It never waits by itself.
#pragma once

#include <algorithm>
#include <chrono>

namespace reallive::media {

class BackOff {
 public:
  BackOff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(first), longest_(longest), next_(first) {}

  /// The wait after this failure; the one after the next failure is longer.
  std::chrono::milliseconds next() {
    const auto now = std::min(next_, longest_);
    next_ = std::min(next_ * 2, longest_);
    return now;
  }
  /// The next failure is a first one.
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, longest_, next_;
};

}  // namespace reallive::media
