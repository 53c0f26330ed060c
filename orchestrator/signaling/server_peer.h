// ServerPeer: the server as somebody's peer on `/ws/signaling`: the client's offers and candidates become what WHIP and
// WHEP would have sent to the same Endpoint. Owns at most one session there. Main loop's thread.
// It never decides about rights: the Caller that join found out comes with each offer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "signaling/endpoint.h"
#include "signaling/message.h"

namespace reallive::signaling {

inline constexpr const char* server_member = "server";

class ServerPeer {
 public:
  using Send = std::function<void(const base::Json&)>;

  /// `endpoint` must outlive it. `send` is called within calls and when an answer comes.
  ServerPeer(Endpoint& endpoint, Kind kind, std::string stream, Caller caller, Send send);
  /// Ends the session.
  ~ServerPeer();
  ServerPeer(const ServerPeer&) = delete;
  ServerPeer& operator=(const ServerPeer&) = delete;

  /// Answered by `{type:"answer", sdp, from:"server"}` or an error. A further offer takes the place of the session
  /// before.
  void offer(const Description& description);
  /// Those that come before the answer wait for it.
  void candidate(const Candidate& candidate);
  /// False unless it is about the session that this one has; then it has none any more.
  bool session_over(const std::string& session_id);

 private:
  struct State;
  std::shared_ptr<State> state_;  // answers may come after the end
};

}  // namespace reallive::signaling
