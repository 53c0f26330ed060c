// GopCache: the units from each video track's last key frame on, and the audio and data of the same span.
// Guarded by the channel's mutex. It never frees a payload itself: what leaves goes into the caller's `Trash`, which is
// emptied after the mutex is released.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "channel/unit.h"

namespace reallive::channel {

using Trash = std::vector<Payload>;

class GopCache {
 public:
  void set_limits(CacheLimits limits) { limits_ = limits; }

  /// Keeps a unit, unless a limit is 0: that keeps none. False when the limits were passed: then everything has been
  /// dropped, and a key frame is wanted.
  bool push(TrackId track, const Unit& unit, Trash& trash);
  void clear(Trash& trash);
  void remove(TrackId track, Trash& trash);

  /// What a new reader of this track gets, oldest first; empty when nothing decodable is kept.
  const std::deque<Unit>& units(TrackId track) const;

  int64_t span() const;
  size_t bytes() const { return bytes_; }
  size_t count() const;

 private:
  void drop_front(std::deque<Unit>& units, Trash& trash);
  void drop_all(std::deque<Unit>& units, Trash& trash);
  void trim_to_video(Trash& trash);

  CacheLimits limits_;
  std::map<TrackId, std::deque<Unit>> tracks_;
  size_t bytes_ = 0;
};

}  // namespace reallive::channel
