// CaptureAge: how old a track's pictures are by their capture time when they come to the channel.
// Told by the track's streaming thread, asked by any. It never judges whose clock the capture time is of.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace reallive::channel {

class CaptureAge {
 public:
  static constexpr int64_t window = 1'000'000'000;

  /// `now` on the monotonic clock; `capture` and `arrival` in UNIX time. All in ns.
  void add(int64_t now, int64_t capture, int64_t arrival);
  /// What comes next goes by another clock.
  void forget();
  /// Capture time of the newest, UNIX ns; nothing before the first.
  std::optional<int64_t> newest() const;
  /// The middle one of those that came within the second before the newest, ns. Negative when the sender's clock is
  /// ahead of ours.
  std::optional<int64_t> median() const;

 private:
  struct Sample {
    int64_t now, age;
  };
  mutable std::mutex mutex_;  // guards what follows; a leaf
  std::optional<int64_t> newest_;
  std::deque<Sample> samples_;  // of the last second, and bounded
};

}  // namespace reallive::channel
