// ReaderState: one reader as its channel sees it. Guarded by the channel's mutex.
// It never outlives its Reader by more than one call of the writer.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <set>

#include "channel/reader_queue.h"

namespace reallive::channel {

struct ReaderState {
  explicit ReaderState(QueueLimits queue_limits) : limits(queue_limits) {}

  const QueueLimits limits;
  Start start = Start::cached;
  bool running = false;
  bool interrupted = false;
  bool ended = false;
  std::condition_variable tracks_changed;
  std::map<TrackId, std::shared_ptr<ReaderQueue>> queues = {};
  std::set<TrackId> closed = {};  // nobody reads these until they are opened again
  // Of queues that were closed.
  uint64_t units = 0, bytes = 0, dropped_gops = 0, dropped_units = 0;

  void wake() {
    tracks_changed.notify_all();
    for (auto& [track, queue] : queues)
      queue->ready.notify_all();
  }
};

}  // namespace reallive::channel
