#include "signaling/endpoint.h"

#include "base/id.h"
#include "base/time.h"
#include "signaling/ice_fragment.h"

namespace reallive::signaling {
namespace {

constexpr char sdp_type[] = "application/sdp";
constexpr char fragment_type[] = "application/trickle-ice-sdpfrag";

Response refuse(int status, std::string code, std::string message) {
  return Response{status, {}, {}, std::move(code), std::move(message)};
}

Response not_allowed(bool is_session) {
  Response response =
      refuse(405, "METHOD_NOT_ALLOWED",
             is_session ? "A session is changed with PATCH and ended with DELETE." : "Offers are sent here with POST.");
  response.headers.emplace_back("Allow", is_session ? "PATCH, DELETE, OPTIONS" : "POST, OPTIONS");
  return response;
}

Response no_session() {
  return refuse(404, "SESSION_NOT_FOUND", "There is no such session.");
}

std::string new_etag() {
  return '"' + base::random_token(12) + '"';
}

std::optional<Response> check_access(const Request& request) {
  const bool publishes = request.kind == Kind::publish;
  switch (request.caller.access) {
    case Access::allowed:
      return {};
    case Access::unauthenticated:
      return refuse(401, "AUTH_TOKEN_MISSING",
                    publishes ? "Publishing needs credentials." : "Watching needs credentials.");
    case Access::forbidden:
      return refuse(403, "AUTH_ROLE_RESTRICTED",
                    publishes ? "This account may not publish." : "This account may not watch.");
    case Access::inactive:
      return refuse(403, "CAMERA_INACTIVE", "This camera is switched off.");
    case Access::hidden:
      break;
  }
  return refuse(404, "CAMERA_NOT_FOUND", "There is no such stream.");
}

/// RFC 9110 section 13.1.1: `*`, or strong comparison with one of a list.
bool if_match_holds(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const size_t comma = header.find(',');
    std::string_view one = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t'))
      one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t'))
      one.remove_suffix(1);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

/// A quoted-string's inside (RFC 9110 section 5.6.4).
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  return result + '"';
}

std::string link_of(const IceServer& server) {
  std::string link = "<" + server.url + ">; rel=\"ice-server\"";
  if (!server.username.empty()) {
    link += "; username=" + quoted(server.username) + "; credential=" + quoted(server.credential) +
            "; credential-type=\"password\"";
  }
  return link;
}

}  // namespace

Endpoint::Endpoint(Config config, MediaPort& media, SessionListener& listener)
    : config_(std::move(config)), media_(media), listener_(listener) {}

Endpoint::~Endpoint() {
  *alive_ = false;
}

void Endpoint::handle(const Request& request, const Done& done) {
  if (request.method == "OPTIONS") {
    Response response{204};
    response.headers = {{"Allow", request.session ? "PATCH, DELETE, OPTIONS" : "POST, OPTIONS"}};
    if (!request.session) response.headers.emplace_back("Accept-Post", sdp_type);
    return done(std::move(response));
  }
  const bool fits =
      request.session ? request.method == "PATCH" || request.method == "DELETE" : request.method == "POST";
  if (!fits) return done(not_allowed(request.session.has_value()));
  if (!request.session) {
    if (auto refusal = check_access(request)) return done(std::move(*refusal));
    return post(request, done);
  }

  // A switched-off camera's sessions may still be ended.
  if (request.caller.access != Access::inactive || request.method != "DELETE") {
    if (auto refusal = check_access(request)) return done(std::move(*refusal));
  }
  const auto found = sessions_.find(*request.session);
  if (found == sessions_.end() || found->second.kind != request.kind || found->second.stream != request.stream ||
      (found->second.caller.principal != request.caller.principal && !request.caller.controls)) {
    return done(no_session());
  }
  if (request.method == "PATCH") return done(patch(request, found->second));
  end(found->first, {});
  done(Response{200});
}

// Out of the table first: media may tell within the call that the session is gone, and that is no failure.
void Endpoint::end(const std::string& id, const std::string& reason) {
  const auto node = sessions_.extract(id);
  if (node.empty()) return;
  ids_by_media_.erase(node.mapped().media);
  media_.end_session(node.mapped().media);
  listener_.session_ended(node.mapped(), reason);
}

void Endpoint::end_where(const Matches& matches, const std::string& reason) {
  for (auto& offer : under_way_)
    if (matches(offer.second.stream, offer.second.kind, offer.second.caller)) offer.second.revoked = true;
  std::vector<std::string> ids;
  for (const auto& [id, session] : sessions_)
    if (matches(session.stream, session.kind, session.caller)) ids.push_back(id);
  for (const std::string& id : ids)
    end(id, reason);
}

const Caller* Endpoint::caller_of(const std::string& session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : &found->second.caller;
}

bool Endpoint::end_media_session(const std::string& media_session, const std::string& reason) {
  const auto found = ids_by_media_.find(media_session);
  if (found == ids_by_media_.end()) return false;
  end(std::string(found->second), reason);
  return true;
}

void Endpoint::post(const Request& request, const Done& done) {
  if (request.content_type != sdp_type) {
    return done(refuse(415, "UNSUPPORTED_MEDIA_TYPE", "Offers are sent as application/sdp."));
  }
  if (request.body.size() > config_.max_sdp_bytes) {
    return done(refuse(413, "PAYLOAD_TOO_LARGE",
                       "An offer may have at most " + std::to_string(config_.max_sdp_bytes) + " bytes."));
  }
  if (request.body.rfind("v=0", 0) != 0) {
    return done(refuse(400, "VALIDATION_FAILED", "The body is not an SDP offer."));
  }
  if (sessions_.size() + under_way_.size() >= config_.max_sessions) {
    return done(media_error({"too-many-sessions", "The server has as many sessions as it may."}));
  }
  const uint64_t number = ++offers_;
  under_way_[number] = {request.stream, request.kind, request.caller};
  const auto answer = [this, alive = alive_, number, request, done](const base::Result<MediaAnswer>& result) {
    if (!*alive) return;
    const auto offer = under_way_.extract(number);
    answered(request, offer.mapped().revoked, result, done);
  };
  if (request.kind == Kind::publish) {
    media_.publish(request.stream, request.body, answer);
  } else {
    media_.view(request.stream, request.body, answer);
  }
}

void Endpoint::answered(const Request& request, bool revoked, const base::Result<MediaAnswer>& answer,
                        const Done& done) {
  if (!answer) {
    base::Error error = answer.error();
    if (error.code == "not-live" && !request.caller.hears_faults) error.message = "Nothing is live here at the moment.";
    return done(media_error(error));
  }
  if (revoked) {
    media_.end_session(answer->session);
    return done(refuse(403, "AUTH_INSUFFICIENT_PERMISSIONS", "The right to do this was withdrawn meanwhile."));
  }
  Session session;
  session.id = base::random_token(32);
  session.media = answer->session;
  session.kind = request.kind;
  session.stream = request.stream;
  session.caller = request.caller;
  session.etag = new_etag();
  session.ufrag = ice_credentials(request.body).ufrag;

  Response response{201};
  response.headers = {{"Content-Type", sdp_type},
                      {"Location", request.path + "/" + session.id},
                      {"ETag", session.etag},
                      {"Accept-Patch", fragment_type},
                      {"Cache-Control", "no-store"}};
  for (const IceServer& server : ice_servers(config_.ice, request.caller.user_id, base::system_clock().now()))
    response.headers.emplace_back("Link", link_of(server));
  response.body = answer->sdp;
  response.media_session = session.media;

  ids_by_media_[session.media] = session.id;
  const auto& stored = sessions_[session.id] = session;
  listener_.session_started(stored);
  done(std::move(response));
}

Response Endpoint::patch(const Request& request, Session& session) {
  if (request.content_type != fragment_type) {
    return refuse(415, "UNSUPPORTED_MEDIA_TYPE", "Candidates are sent as application/trickle-ice-sdpfrag.");
  }
  if (!request.if_match) {
    return refuse(428, "PRECONDITION_REQUIRED", "PATCH needs If-Match with the session's ETag, or * to restart ICE.");
  }
  if (!if_match_holds(*request.if_match, session.etag)) {
    return refuse(412, "PRECONDITION_FAILED", "If-Match names an ICE session that is over.");
  }
  const auto fragment = parse_ice_fragment(request.body, config_.max_sdp_bytes);
  if (!fragment) return media_error(fragment.error());
  if (!fragment->ufrag.empty() && fragment->ufrag != session.ufrag) {
    if (fragment->password.empty()) return refuse(400, "VALIDATION_FAILED", "An ICE restart needs a=ice-pwd as well.");
    return restart(request, session, fragment->ufrag);
  }
  if (media_.trickle(session.media, request.body)) return Response{204};
  forget(session.id, "media does not know the session any more");
  return no_session();
}

Response Endpoint::restart(const Request& request, Session& session, const std::string& ufrag) {
  const auto answer = media_.restart_ice(session.media, request.body);
  if (!answer) {
    if (answer.error().code != "no-such-session") return media_error(answer.error());
    forget(session.id, "media does not know the session any more");
    return no_session();
  }
  session.etag = new_etag();
  session.ufrag = ufrag;
  Response response{200};
  response.headers = {{"Content-Type", fragment_type}, {"ETag", session.etag}, {"Cache-Control", "no-store"}};
  response.body = *answer;
  return response;
}

void Endpoint::media_session_gone(const std::string& media_session, const std::string& reason) {
  const auto found = ids_by_media_.find(media_session);
  if (found != ids_by_media_.end()) forget(std::string(found->second), reason);
}

void Endpoint::forget(const std::string& id, std::string_view reason) {
  const auto node = sessions_.extract(id);
  if (node.empty()) return;
  ids_by_media_.erase(node.mapped().media);
  listener_.session_ended(node.mapped(), reason);
}

Response Endpoint::media_error(const base::Error& error) const {
  const auto later = [this](Response response) {
    response.headers.emplace_back("Retry-After", std::to_string(config_.retry_after_s));
    return response;
  };
  if (error.code == "bad-offer") return refuse(400, "VALIDATION_FAILED", error.message);
  if (error.code == "no-common-codec") return refuse(422, "NO_COMMON_CODEC", error.message);
  if (error.code == "not-live") return later(refuse(409, "STREAM_NOT_LIVE", error.message));
  if (error.code == "already-published") return later(refuse(409, "STREAM_ALREADY_PUBLISHED", error.message));
  if (error.code == "not-publishable") return refuse(409, "CONFLICT", error.message);
  if (error.code == "no-such-stream") return refuse(404, "CAMERA_NOT_FOUND", error.message);
  if (error.code == "too-many-sessions") return later(refuse(503, "STREAM_NODE_UNAVAILABLE", error.message));
  return refuse(500, "INTERNAL_ERROR", error.message);
}

}  // namespace reallive::signaling
