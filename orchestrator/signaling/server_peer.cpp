#include "signaling/server_peer.h"

#include <utility>

#include "signaling/ice_fragment.h"

namespace reallive::signaling {
namespace {

constexpr size_t most_waiting = 100;  // candidates before the answer

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

/// RFC 8840 section 9: whose ICE session, of which media section, and what.
std::string fragment_of(const IceCredentials& credentials, const Candidate& candidate) {
  std::string text = "a=ice-ufrag:" + credentials.ufrag + "\r\na=ice-pwd:" + credentials.password + "\r\n";
  text += "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:" + candidate.mid + "\r\n";
  return text + (candidate.candidate.empty() ? "a=end-of-candidates" : "a=" + candidate.candidate) + "\r\n";
}

}  // namespace

struct ServerPeer::State {
  State(Endpoint& to, Kind what, std::string name, Caller who, Send how)
      : endpoint(to), kind(what), stream(std::move(name)), caller(std::move(who)), send(std::move(how)) {}

  Request request(std::string method) const {
    Request result;
    result.kind = kind;
    result.method = std::move(method);
    result.stream = stream;
    result.caller = caller;
    return result;
  }
  void end_session() {
    if (session.empty()) return;
    Request question = request("DELETE");
    question.session = std::exchange(session, {});
    endpoint.handle(question, [](const Response&) {});
  }
  void trickle(const Candidate& candidate) {
    Request question = request("PATCH");
    question.session = session;
    question.content_type = "application/trickle-ice-sdpfrag";
    question.if_match = etag;
    question.body = fragment_of(credentials, candidate);
    endpoint.handle(question, [this](const Response& response) {
      if (!response.code.empty()) send(error_message({response.code, response.message}));
    });
  }

  Endpoint& endpoint;
  const Kind kind;
  const std::string stream;
  const Caller caller;
  const Send send;
  std::string session, etag;  // empty while there is none
  IceCredentials credentials;
  std::vector<Candidate> waiting;
  bool answered = true, over = false;
};

ServerPeer::ServerPeer(Endpoint& endpoint, Kind kind, std::string stream, Caller caller, Send send)
    : state_(std::make_shared<State>(endpoint, kind, std::move(stream), std::move(caller), std::move(send))) {}

ServerPeer::~ServerPeer() {
  state_->over = true;
  state_->end_session();
}

void ServerPeer::offer(const Description& description) {
  // One question at a time: each may wait for a camera to start.
  if (!state_->answered)
    return state_->send(error_message({"CONFLICT", "The offer before this one is being answered."}));
  state_->end_session();
  state_->waiting.clear();
  state_->credentials = ice_credentials(description.sdp);
  state_->answered = false;
  Request question = state_->request("POST");
  question.content_type = "application/sdp";
  question.body = description.sdp;
  state_->endpoint.handle(question, [state = state_](const Response& response) {
    const bool wanted = !state->over;
    const std::string location = header_of(response, "Location");
    if (wanted) state->answered = true;
    if (!response.code.empty()) {
      if (!wanted) return;
      const bool ours = response.status >= 500 && response.status != 503;
      state->send(error_message({response.code, ours ? "The server could not do this." : response.message}));
      return;
    }
    const std::string session = location.substr(location.rfind('/') + 1);
    if (!wanted) {  // nobody waits for it any more
      Request goodbye = state->request("DELETE");
      goodbye.session = session;
      state->endpoint.handle(goodbye, [](const Response&) {});
      return;
    }
    state->session = session;
    state->etag = header_of(response, "ETag");
    state->send(base::Json::object({{"type", "answer"}, {"sdp", response.body}, {"from", server_member}}));
    for (const Candidate& candidate : std::exchange(state->waiting, {}))
      state->trickle(candidate);
  });
}

void ServerPeer::candidate(const Candidate& candidate) {
  if (!state_->session.empty()) return state_->trickle(candidate);
  if (state_->answered) return state_->send(error_message({"NOT_FOUND", "There is no session yet: offer first."}));
  if (state_->waiting.size() < most_waiting) state_->waiting.push_back(candidate);
}

bool ServerPeer::session_over(const std::string& session_id) {
  if (state_->session.empty() || state_->session != session_id) return false;
  state_->session.clear();
  return true;
}

}  // namespace reallive::signaling
