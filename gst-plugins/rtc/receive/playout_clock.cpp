#include "rtc/receive/playout_clock.h"

#include <algorithm>
#include <cstdlib>

namespace reallive::rtc {

namespace {
constexpr int64_t kJumpUs = 1'000'000;        // further from what was expected: another timeline
constexpr int64_t kWindowUs = 2'000'000;      // the quickest packet of this long shows the path without queues
constexpr int64_t kLongestAlignUs = 500'000;  // tracks further apart are the sender's mistake
constexpr int64_t kFollowShare = 50;          // follows a drift by 1/50 of the time that went by
constexpr int64_t kAheadUs = 30'000;          // further ahead of arrival: what came first had waited somewhere
constexpr int64_t kCatchUpShare = 2;          // then by half of the media's own time, so that it still goes forward
constexpr int64_t kAlignShare = 10;           // aligns tracks by 1/10 of it

int64_t towards(int64_t from, int64_t to, int64_t step) {
  return from < to ? std::min(to, from + step) : std::max(to, from - step);
}
}  // namespace

PlayoutClock::PlayoutClock(const std::vector<uint32_t>& clock_rates) {
  for (uint32_t rate : clock_rates) {
    Track track;
    track.clock_rate = std::max(1u, rate);
    tracks_.push_back(track);
  }
}

void PlayoutClock::restart(size_t track) {
  tracks_[track].started = false;
}

void PlayoutClock::follow_arrival(Track& track, int64_t nominal_us, int64_t media_us, int64_t arrival_us) {
  const int64_t delta = arrival_us - nominal_us;
  const int64_t elapsed = std::max<int64_t>(0, arrival_us - track.last_arrival_us);
  track.last_arrival_us = std::max(track.last_arrival_us, arrival_us);
  track.window_min_us = std::min(track.window_min_us, delta);
  track.target_us = std::min(track.target_us, delta);
  if (arrival_us >= track.window_until_us) {
    track.target_us = track.window_min_us;
    track.window_min_us = delta;
    track.window_until_us = arrival_us + kWindowUs;
  }
  const bool ahead = track.offset_us - track.target_us > kAheadUs;
  track.offset_us =
      towards(track.offset_us, track.target_us, ahead ? media_us / kCatchUpShare : elapsed / kFollowShare);
}

// All tracks go to the one that comes latest, so that nothing gets a time before its arrival.
void PlayoutClock::align(Track& track, int64_t elapsed_us) {
  std::optional<int64_t> latest;
  for (const Track& other : tracks_) {
    if (other.started && other.sender_delta_us && (!latest || *other.sender_delta_us > *latest)) {
      latest = other.sender_delta_us;
    }
  }
  int64_t wanted = 0;
  if (latest && track.sender_delta_us) {
    wanted = *latest - *track.sender_delta_us;
    if (wanted > kLongestAlignUs) wanted = 0;
  }
  track.correction_us = towards(track.correction_us, wanted, elapsed_us / kAlignShare);
}

int64_t PlayoutClock::map(size_t index, uint32_t timestamp, int64_t arrival_us, std::optional<int64_t> sender_ns) {
  Track& track = tracks_[index];
  if (track.started && timestamp == track.last_timestamp) return track.last_result_us;
  const auto step = track.started ? static_cast<int32_t>(timestamp - track.last_timestamp) : 0;
  track.timestamp += step;
  const int64_t nominal = track.timestamp * 1'000'000 / track.clock_rate;
  const int64_t delta = arrival_us - nominal;
  const bool jumped = track.started && std::llabs(delta - track.offset_us) > kJumpUs;
  const int64_t media_us = std::max<int64_t>(0, int64_t{step} * 1'000'000 / track.clock_rate);
  if (!track.started || jumped) {
    track.offset_us = track.target_us = track.window_min_us = delta;
    track.window_until_us = arrival_us + kWindowUs;
    track.last_arrival_us = arrival_us;
    track.sender_delta_us.reset();
    if (!track.started) track.correction_us = 0;
  } else {
    follow_arrival(track, nominal, media_us, arrival_us);
  }
  const int64_t local = nominal + track.offset_us;
  if (sender_ns) track.sender_delta_us = local - *sender_ns / 1000;
  align(track, jumped ? 0 : media_us);
  int64_t result = local + track.correction_us;
  // Timestamps that went back (frames out of order) may; a new timeline may not.
  if (!track.started || jumped || step > 0) {
    if (track.last_result_us != INT64_MIN) result = std::max(result, track.last_result_us + 1);
  }
  track.started = true;
  track.last_timestamp = timestamp;
  track.last_result_us = result;
  return result;
}

}  // namespace reallive::rtc
