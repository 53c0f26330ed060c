// Endpoint: WHIP (RFC 9725) and WHEP as a state machine without sockets. Owns the table of sessions and their ids.
// Main loop's thread; the answer may come within handle() or later.
// It never decides who somebody is: the caller's rights come with each request.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/ice_fragment.h"
#include "signaling/ice_servers.h"
#include "signaling/media_port.h"

namespace reallive::signaling {

enum class Kind { publish, view };  ///< WHIP and WHEP

struct Config {
  IceConfig ice = {};                  ///< sent on the 201, never before: TURN passwords are for those who were let in
  size_t max_sessions = 1000;          ///< of both kinds, offers under way included
  unsigned retry_after_s = 2;          ///< for 409 and 503
  size_t max_sdp_bytes = longest_sdp;  ///< of offers and trickle fragments
  bool operator==(const Config&) const = default;
};

enum class Access {
  allowed,
  unauthenticated,  ///< 401
  forbidden,        ///< 403
  hidden,           ///< 404: not there, or somebody else's
  inactive          ///< 403: the camera is switched off
};

struct Caller {
  Access access = Access::unauthenticated;
  std::string principal;      ///< who: the one who made a session may change it; empty for a public camera's guest
  bool controls = false;      ///< may end sessions of others too: the camera's owner, an admin
  bool hears_faults = false;  ///< may be told why a source gives nothing, which names hosts: no mere watcher
  std::string user_id;        ///< for the record of sessions; empty for guests and stream keys
  std::string login;          ///< the login behind it, and the version of the user's credentials: whoever grants access
  int64_t version = 0;        ///< asks by these whether it still holds
  std::string remote_address, user_agent;
  /// Let in by what stood in the address: the session's own address, which nobody can guess, is all its client has.
  bool by_address = false;
};

struct Request {
  Kind kind = Kind::view;
  std::string method;
  std::string stream;  ///< the camera's id
  std::string path;    ///< of the endpoint, as Location is built on it: `/whep/front-door`
  std::optional<std::string> session;
  std::string content_type;  ///< media type alone, in lower case
  std::optional<std::string> if_match;
  std::string body;
  Caller caller;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string code = {}, message = {};  ///< of errors
  std::string media_session = {};       ///< of a 201: MediaPort's id of the session
};

struct Session {
  std::string id;     ///< 32 random bytes, in the session's address
  std::string media;  ///< MediaPort's id
  Kind kind = Kind::view;
  std::string stream;
  Caller caller;
  std::string etag;   ///< of the present ICE session, quoted
  std::string ufrag;  ///< of the client
};

/// Told when sessions begin and end, on the main loop.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  virtual void session_started(const Session& session) = 0;
  /// `reason` empty: somebody asked for it.
  virtual void session_ended(const Session& session, std::string_view reason) = 0;
};

class Endpoint {
 public:
  using Done = std::function<void(Response)>;

  Endpoint(Config config, MediaPort& media, SessionListener& listener);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// For requests from now on; sessions that are there stay.
  void reconfigure(Config config) { config_ = std::move(config); }

  void handle(const Request& request, const Done& done);
  /// Media ended the session by itself: never connected, timed out, the source went. Unknown ids are ignored.
  void media_session_gone(const std::string& media_session, const std::string& reason);

  using Matches = std::function<bool(const std::string& stream, Kind kind, const Caller& caller)>;
  /// Ends every session that matches, and those that are just being answered.
  void end_where(const Matches& matches, const std::string& reason);
  /// Ends one session, by media's id; false when there is none.
  bool end_media_session(const std::string& media_session, const std::string& reason);

  /// Whose session this is; null when there is none.
  const Caller* caller_of(const std::string& session) const;
  size_t sessions() const { return sessions_.size(); }

 private:
  void post(const Request& request, const Done& done);
  void answered(const Request& request, bool revoked, const base::Result<MediaAnswer>& answer, const Done& done);
  void end(const std::string& id, const std::string& reason);
  Response patch(const Request& request, Session& session);
  Response restart(const Request& request, Session& session, const std::string& ufrag);
  void forget(const std::string& id, std::string_view reason);
  Response media_error(const base::Error& error) const;

  Config config_;
  MediaPort& media_;
  SessionListener& listener_;
  std::map<std::string, Session, std::less<>> sessions_;          // by id
  std::map<std::string, std::string, std::less<>> ids_by_media_;  // media's id → ours
  struct UnderWay {
    std::string stream;
    Kind kind;
    Caller caller;
    bool revoked = false;
  };
  std::map<uint64_t, UnderWay> under_way_;  // offers that media has not answered yet
  uint64_t offers_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers may come after the end
};

}  // namespace reallive::signaling
