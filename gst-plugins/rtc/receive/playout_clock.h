// PlayoutClock: gives RTP timestamps of a publisher's tracks their place on our monotonic clock: arrival, smoothed,
// with the tracks aligned as the sender's reports say. Belongs to the shard's thread.
// It never goes back while the timestamps go forward, and never jumps but when the timestamps do.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace reallive::rtc {

class PlayoutClock {
 public:
  /// `clock_rates` of the tracks in Hz, none zero.
  explicit PlayoutClock(const std::vector<uint32_t>& clock_rates);

  /// Time of `timestamp` (unwrapped here) in µs. `sender_ns`: capture by the sender's clock when that is known.
  int64_t map(size_t track, uint32_t timestamp, int64_t arrival_us, std::optional<int64_t> sender_ns);
  /// Another SSRC: its timestamps have nothing to do with those before.
  void restart(size_t track);

 private:
  struct Track {
    uint32_t clock_rate = 90'000;
    bool started = false;
    uint32_t last_timestamp = 0;
    int64_t timestamp = 0;  // unwrapped, of the newest
    int64_t last_arrival_us = 0;
    int64_t last_result_us = INT64_MIN;
    int64_t offset_us = 0;  // clock = timestamp in µs + offset + correction
    int64_t window_until_us = 0;
    int64_t window_min_us = 0;
    int64_t target_us = 0;
    int64_t correction_us = 0;
    std::optional<int64_t> sender_delta_us;  // clock without correction, less the sender's
  };
  void follow_arrival(Track& track, int64_t nominal_us, int64_t media_us, int64_t arrival_us);
  void align(Track& track, int64_t elapsed_us);

  std::vector<Track> tracks_;
};

}  // namespace reallive::rtc
