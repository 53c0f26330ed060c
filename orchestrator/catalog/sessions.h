// Sessions: who published, viewed, recorded or relayed a camera, from when to when. Blocking SQL of microseconds.
// Any thread. It never holds media's own state: a row is a record of what happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace reallive::catalog {

struct Session {
  std::string id, camera_id, organization_id;
  std::string user_id;               ///< empty: a stream key, or a public camera's guest
  std::string kind;                  ///< `publish view record relay`
  std::string protocol;              ///< `webrtc` …
  std::string start_time, end_time;  ///< RFC 3339; end_time is empty while active
  std::string status;                ///< `active ended error`
  std::string remote_address, user_agent;
  int64_t bytes = 0;
  std::string error;
};

struct NewSession {
  std::string camera_id, organization_id, user_id, kind, protocol, remote_address, user_agent;
};

struct SessionQuery {
  std::string organization_id;
  std::optional<std::string> camera_id, user_id, kind, status;
  std::optional<std::string> visible_to;  ///< of cameras that this user owns, and this user's own
  size_t limit = 100;                     ///< 1 to 1000, newest first
  std::string cursor;
};

struct SessionPage {
  std::vector<Session> items;
  std::string next_cursor;
};

class Sessions {
 public:
  Sessions(db::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  /// The row's id.
  base::Result<std::string> start(const NewSession& session);
  /// `error` empty: `ended`, else `error`. Ending twice changes nothing.
  base::Result<void> end(std::string_view id, int64_t bytes, std::string_view error = {});
  /// Rows that a crash left active become `error`; how many there were.
  base::Result<int64_t> close_stale();
  /// What is still active when the server stops in good order becomes `ended`.
  base::Result<int64_t> end_active();
  /// Removes at most `most` rows that are over and began before `before`; how many there were.
  base::Result<int64_t> prune(base::Time before, int64_t most);
  /// SESSION_NOT_FOUND.
  base::Result<Session> find(std::string_view id);
  base::Result<SessionPage> list(const SessionQuery& query);

 private:
  db::Database& database_;
  const base::Clock& clock_;
};

}  // namespace reallive::catalog
