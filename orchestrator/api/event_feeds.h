// EventFeeds: who listens to events over the network, and what each of them may hear. Main loop's thread.
// Owns the journal and the list of feeds; connections belong to the HTTP server, and are told by an Outlet.
// It never sends what the listener may not see at that moment, and ends a feed whose account was withdrawn.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/seats.h"
#include "auth/principal.h"
#include "base/executor.h"
#include "base/json.h"
#include "events/journal.h"

namespace reallive::api {

class Context;

inline constexpr const char* event_types[] = {"camera-status", "session", "camera"};

/// Where a feed's events go. Called within calls to EventFeeds and from its timer.
struct Outlet {
  std::function<void(const std::string& id, const base::Json& event)> send;
  std::function<void()> heartbeat;                     ///< every 15 s; may be empty
  std::function<void(const std::string& reason)> end;  ///< the account was withdrawn; the feed is closed already
};

class EventFeeds {
 public:
  using Feed = uint64_t;
  struct Wish {
    auth::Principal principal;
    std::set<std::string> types;  ///< empty: all
    std::string last_id;          ///< of the last event that the listener has seen
  };

  /// `context` owns this.
  EventFeeds(Context& context, events::Bus& bus);
  ~EventFeeds();
  EventFeeds(const EventFeeds&) = delete;
  EventFeeds& operator=(const EventFeeds&) = delete;

  /// Sends at once what was missed since `last_id`; when that cannot be said, or without one, the present state:
  /// a `snapshot` with the number of cameras, and the `camera-status` of each.
  Feed open(Wish wish, Outlet outlet);
  void close(Feed feed) { feeds_.erase(feed); }
  /// Ends the feeds of accounts that are withdrawn; also done every few seconds.
  void recheck();

  size_t size() const { return feeds_.size(); }

 private:
  struct Listener {
    Wish wish;
    Outlet outlet;
  };
  void send_snapshot(const Listener& listener);
  void tell(const events::Entry& entry);
  void tick();

  Context& context_;
  events::Journal journal_;
  std::map<Feed, Listener> feeds_;
  Feed last_ = 0;
  unsigned ticks_ = 0;
  base::Executor::Timer timer_ = 0;
};

}  // namespace reallive::api
