// Message: what a client says on `/ws/signaling`: JSON texts, read into values. A pure function on foreign bytes.
// Any thread. It never lets a line break or a control character into what becomes a line of SDP.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"
#include "signaling/ice_fragment.h"

namespace reallive::signaling {

enum class Role { viewer, publisher };
enum class Mode {
  server,  ///< media goes through the server: whoever joins offers
  peer     ///< media goes from publisher to viewer directly: the publisher offers
};

struct Join {
  std::string room;  ///< a stream's short name or id
  Role role = Role::viewer;
  Mode mode = Mode::server;
  std::string token;  ///< empty: the handshake said who this is, or nobody is signed in
};

/// An SDP offer or answer.
struct Description {
  bool is_answer = false;
  std::string sdp;
  std::string to;  ///< member of the room; empty: the only one there is
};

struct Candidate {
  std::string candidate;  ///< `candidate:…` without `a=`; empty: there will be no more
  std::string mid;
  std::string to;
};

struct Leave {};

using ClientMessage = std::variant<Join, Description, Candidate, Leave>;

inline constexpr size_t longest_candidate = 1024;

/// Code VALIDATION_FAILED with the member at fault. Members that it does not know are passed over: browsers add
/// `sdpMLineIndex` and more to candidates.
/// A description may have `max_sdp_bytes`.
base::Result<ClientMessage> parse_client_message(std::string_view text, size_t max_sdp_bytes = longest_sdp);

/// `{type:"error", code, message}`
base::Json error_message(const base::Error& error);

}  // namespace reallive::signaling
