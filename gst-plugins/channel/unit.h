// Unit, TrackId and their kin: what travels through a channel. Plain values, any thread.
// Times are nanoseconds of the system's monotonic clock. They never say what a payload is: the elements put GstBuffers
// and GstCaps there, tests whatever they like.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace reallive::channel {

using Payload = std::shared_ptr<const void>;

inline constexpr int64_t no_time = std::numeric_limits<int64_t>::min();
inline constexpr int64_t millisecond = 1'000'000;
inline constexpr int64_t second = 1'000 * millisecond;

enum class Kind : uint8_t { video, audio, data };

/// `video_0` is {video, 0}.
struct TrackId {
  Kind kind = Kind::video;
  unsigned index = 0;
  auto operator<=>(const TrackId&) const = default;
};

std::string to_string(TrackId id);

/// One access unit (or audio packet, or datum).
struct Unit {
  Payload payload = {};
  int64_t pts = no_time;
  int64_t dts = no_time;
  size_t bytes = 0;
  bool key = false;  ///< decoding can start here
  /// The time that orders units: dts where there is one.
  int64_t time() const { return dts != no_time ? dts : pts; }
};

struct TrackInfo {
  TrackId id = {};
  Payload format = {};
};

/// What a channel carries now.
struct Tracks {
  uint64_t serial = 0;                ///< changes with everything below
  std::vector<TrackInfo> known = {};  ///< tracks whose format is known, in order
  bool complete = false;              ///< a writer is there and each of its tracks has a format
};

/// Where a new reader begins.
enum class Start {
  cached,          ///< with the last key frame, or the next one when none is kept
  next_key_frame,  ///< with the next key frame; one is asked for
  now              ///< with the next unit, whatever it is
};

struct CacheLimits {
  int64_t duration = 12 * second;
  size_t bytes = 8u << 20;
};

/// How much may wait for one reader on one track, beside what the cache gave it at the start.
struct QueueLimits {
  int64_t duration = 3 * second;
  size_t bytes = 8u << 20;
};

struct TrackStats {
  TrackId id = {};
  uint64_t units = 0, key_units = 0, bytes = 0;
  double bits_per_second = 0, units_per_second = 0;
};

struct ChannelStats {
  bool has_writer = false;
  unsigned readers = 0;
  uint64_t bytes = 0, dropped_gops = 0, dropped_units = 0, key_frame_requests = 0;
  int64_t cached_span = 0;  ///< ns from the oldest to the newest unit kept
  size_t cached_bytes = 0, cached_units = 0;
  double bits_per_second = 0;
  std::vector<TrackStats> tracks = {};
};

struct ReaderStats {
  uint64_t units = 0, bytes = 0, dropped_gops = 0, dropped_units = 0;
  size_t queued_units = 0;
  int64_t queued_span = 0;  ///< ns, the longest of its tracks
};

}  // namespace reallive::channel
