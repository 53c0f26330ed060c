// ReaderQueue: what waits for one reader on one track. A reader that falls behind loses whole GOPs here.
// Guarded by the channel's mutex; `ready` is waited for with it. It never blocks whoever pushes, and never frees a
// payload itself (see Trash).
#pragma once

#include <condition_variable>
#include <deque>

#include "channel/gop_cache.h"
#include "channel/unit.h"

namespace reallive::channel {

/// A unit on its way out, with what the reader has to know about it.
struct Delivery {
  Unit unit = {};
  Payload format = {};          ///< set when it differs from the delivery before
  bool discontinuity = false;   ///< units before this one are missing
  bool cached = false;          ///< from the cache: older than the moment the reader started
  int64_t live_from = no_time;  ///< where live units begin: after the newest cached one, else this unit's time
  uint64_t lost_gops = 0, lost_units = 0;  ///< lost since the delivery before
};

class ReaderQueue {
 public:
  explicit ReaderQueue(Kind kind) : kind_(kind) {}

  /// Begins anew: forgets what waits; `need_key` holds pictures back until a key frame comes.
  void restart(bool need_key, Trash& trash);
  /// The writer left: what waits stays, then a key frame is needed.
  void interrupt_stream(bool need_key);

  void push_cached(const Unit& unit, const Payload& format);
  /// True when a key frame is wanted: nothing can be queued before one comes.
  bool push(const Unit& unit, const Payload& format, const QueueLimits& limits, Trash& trash);
  bool empty() const { return entries_.empty(); }
  Delivery pop(Trash& trash);

  bool started() const { return started_; }
  size_t size() const { return entries_.size(); }
  int64_t span() const;
  uint64_t units() const { return units_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t dropped_gops() const { return dropped_gops_; }
  uint64_t dropped_units() const { return dropped_units_; }

  std::condition_variable ready;
  bool closed = false;  ///< the track is gone for this reader

 private:
  struct Entry {
    Unit unit;
    Payload format;
    bool cached;
    bool discontinuity;
  };
  bool over(const QueueLimits& limits) const;
  void drop_front(Trash& trash);
  void lose_oldest(Trash& trash);

  const Kind kind_;
  std::deque<Entry> entries_;
  size_t cached_ = 0;      // entries at the front that came from the cache
  size_t live_bytes_ = 0;  // of the others
  int64_t newest_cached_ = no_time;
  bool need_key_ = false;
  bool started_ = false;  // something was queued since restart()
  bool losing_ = false;   // what is skipped until the next key frame counts as lost
  bool break_next_ = true;
  Payload last_format_;
  uint64_t lost_gops_ = 0, lost_units_ = 0;  // not yet told
  uint64_t units_ = 0, bytes_ = 0, dropped_gops_ = 0, dropped_units_ = 0;
};

}  // namespace reallive::channel
