// FrameHistory: the newest frames of a stream in order of arrival: what retransmissions and first pictures come from.
// Belongs to one thread, or to its owner's mutex; frames themselves are immutable and shared.
// It never keeps more than two seconds, or a GOP within its bounds; it never copies media.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "rtc/send/frame.h"
#include "rtc/transport/shard.h"

namespace reallive::rtc {

struct CacheLimits {
  std::chrono::milliseconds repair{2000};  // how long a packet can be asked for again
  std::chrono::milliseconds gop{12'000};
  size_t gop_bytes = 8 * 1024 * 1024;
  bool operator==(const CacheLimits&) const = default;
};

class FrameHistory {
 public:
  struct Entry {
    FramePtr frame;
    size_t track = 0;
    TimePoint arrival;
  };

  explicit FrameHistory(const CacheLimits& limits) : limits_(limits) {}

  /// True when a GOP had to be dropped because it outgrew the limits: ask for a key frame.
  bool push(Entry entry);
  void clear();

  /// Frames are numbered from 0 in order of arrival; [first(), end()) are here.
  uint64_t first() const { return first_; }
  uint64_t end() const { return first_ + entries_.size(); }
  /// nullptr when it is gone or not yet here.
  const Entry* at(uint64_t number) const;
  /// The number of a video track's newest key frame; nothing when it is not here any more.
  std::optional<uint64_t> newest_key(size_t track) const;
  /// The newest frame of a track; nullptr when there is none.
  const Entry* newest(size_t track) const;
  /// Bits per second of a track over what is here; 0 before half a second is.
  uint64_t bitrate(size_t track) const;
  size_t bytes() const { return bytes_; }
  /// From the oldest to the newest frame.
  Clock::duration span() const;

 private:
  struct Track {
    std::optional<uint64_t> key;
    std::optional<uint64_t> newest;
    size_t gop_bytes = 0;   // from key on
    size_t held_bytes = 0;  // of what is here
  };

  void trim();

  CacheLimits limits_;
  std::deque<Entry> entries_;
  uint64_t first_ = 0;
  size_t bytes_ = 0;
  std::map<size_t, Track> tracks_;
};

}  // namespace reallive::rtc
