#include "channel/capture_age.h"

#include <algorithm>
#include <vector>

namespace reallive::channel {

namespace {
constexpr size_t kMost = 240;  // a burst after a silence holds no more
}

void CaptureAge::add(int64_t now, int64_t capture, int64_t arrival) {
  const std::lock_guard lock(mutex_);
  newest_ = capture;
  samples_.push_back({now, arrival - capture});
  while (samples_.size() > kMost || samples_.front().now < now - window)
    samples_.pop_front();
}

void CaptureAge::forget() {
  const std::lock_guard lock(mutex_);
  samples_.clear();
}

std::optional<int64_t> CaptureAge::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

std::optional<int64_t> CaptureAge::median() const {
  std::vector<int64_t> ages;
  {
    const std::lock_guard lock(mutex_);
    for (const Sample& sample : samples_)
      ages.push_back(sample.age);
  }
  if (ages.empty()) return std::nullopt;
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::nth_element(ages.begin(), middle, ages.end());
  return *middle;
}

}  // namespace reallive::channel
