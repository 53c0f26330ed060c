// Journal: remembers the newest events and gives each an id, so that a listener who was away hears what it missed.
// Main loop's thread. It never grows beyond its capacity: who was away for longer is told so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/bus.h"

namespace reallive::events {

struct Entry {
  std::string id;  ///< `EPOCH-NUMBER`; the epoch tells the runs of the server apart
  Event event;
};

class Journal {
 public:
  using Listener = std::function<void(const Entry&)>;

  /// Hears `bus`, which must outlive it, from now on. `epoch`: letters and digits, another one at each start.
  Journal(Bus& bus, std::string epoch, size_t capacity = 1000);

  /// Called with each event after it was written down. One listener.
  void set_listener(Listener listener) { listener_ = std::move(listener); }

  /// What happened after the event `id`, oldest first; nothing when that cannot be said any more: an id of another run,
  /// one that is too old, or none of ours.
  std::optional<std::vector<Entry>> since(std::string_view id) const;
  /// Of the newest event, or of the time before the first.
  std::string last_id() const { return id_of(last_); }

 private:
  std::string id_of(uint64_t number) const;

  const std::string epoch_;
  const size_t capacity_;
  std::deque<Entry> entries_;  // numbers last_ - size + 1 … last_
  uint64_t last_ = 0;
  Listener listener_;
  Subscription subscription_;
};

}  // namespace reallive::events
