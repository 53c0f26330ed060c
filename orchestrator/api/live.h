// Live: what happens now, written down. Hears media and signaling, keeps the cameras' status and the record of sessions
// in the catalog, and tells the bus. Main loop's thread.
// It never starts or stops media, and never makes media wait for a full disk: what cannot be written is logged.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "catalog/cameras.h"
#include "catalog/sessions.h"
#include "events/bus.h"
#include "media/media.h"
#include "signaling/endpoint.h"

namespace reallive::api {

/// A camera's two words of status (`streamStatus` and `status`), of what media sees. Connecting is no outage: one that
/// `was_there` stays online until a probe or the connection fails.
struct StatusWords {
  const char* stream_status;  ///< `online offline connecting error`
  const char* status;         ///< `offline online streaming`
};
StatusWords status_words(media::StreamState state, bool was_there);

/// Since the server started; sessions that ended are counted too.
struct Totals {
  uint64_t packets_sent = 0, bytes_sent = 0, retransmissions = 0, lost_by_viewers = 0;  ///< to viewers
  uint64_t packets_received = 0, bytes_received = 0, lost = 0;                          ///< from publishers
  uint64_t sessions_started = 0, sessions_ended = 0, sessions_failed = 0;
};

class Live final : public media::Listener, public signaling::SessionListener {
 public:
  Live(catalog::Cameras& cameras, catalog::Sessions& sessions, events::Bus& bus, const base::Clock& clock)
      : cameras_(cameras), sessions_(sessions), bus_(bus), clock_(clock) {}

  events::Bus& bus() { return bus_; }

  /// Media asks for its listener first and exists later; Api connects the two.
  void attach(const media::Media* media, std::function<void(const std::string&, const std::string&)> session_gone);

  void stream_changed(const std::string& stream, const media::StreamStatus& status) override;
  void session_connected(const std::string& session) override;
  void session_gone(const std::string& session, const std::string& reason) override;

  void session_started(const signaling::Session& session) override;
  void session_ended(const signaling::Session& session, std::string_view reason) override;

  /// A direct connection between peers, whose media this server never sees: the row's id, empty when it could not be
  /// written.
  std::string peer_started(catalog::NewSession row);
  void peer_ended(const std::string& row);

  /// Told of each session of the endpoint that is over; one listener.
  std::function<void(const signaling::Session&, std::string_view reason)> on_session_over;

  /// Reads media's counters, so that a session's last figures are known when it ends.
  void sample();
  /// The same, unless that was done within the last second: many viewers leave at once.
  void sample_soon();
  const Totals& totals() const { return totals_; }
  /// Media's id of the session that the catalog has under this id; empty when it does not run.
  std::string media_session(const std::string& row) const;
  /// The catalog's id of a session of media's; empty when it has none.
  std::string row_of(const std::string& media_session) const;
  /// Reads the counters of one session that runs, by its id in the catalog.
  void sample_one(const std::string& row);
  /// What a session that runs has carried, as of the last sample.
  uint64_t bytes_of(const std::string& row) const;
  /// Whether a viewer is being shown old pictures (see media::SessionStats), as of the last sample.
  bool catching_up(const std::string& row) const;
  /// Whether this camera was there when media last told of it.
  bool is_there(const std::string& camera_id) const;
  /// When media of this camera was last seen flowing, RFC 3339; empty: not since the server started.
  std::string last_seen(const std::string& camera_id) const;

 private:
  struct Record {
    std::string row;  ///< id in the catalog; empty when it could not be written
    uint64_t packets = 0, bytes = 0, retransmissions = 0, lost = 0;
    bool catching_up = false;
  };
  void take(const media::SessionStats& now);
  struct Seen {
    std::string stream_status, status, error;
    std::string last_seen;
  };

  catalog::Cameras& cameras_;
  catalog::Sessions& sessions_;
  events::Bus& bus_;
  const base::Clock& clock_;
  const media::Media* media_ = nullptr;
  std::function<void(const std::string&, const std::string&)> session_gone_;
  std::map<std::string, Record> records_;             // by media's session
  std::map<std::string, Seen> seen_;                  // by camera
  std::map<std::string, catalog::NewSession> peers_;  // by row
  Totals totals_;
  std::chrono::milliseconds sampled_{-1000};
};

}  // namespace reallive::api
