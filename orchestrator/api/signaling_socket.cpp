#include "api/signaling_socket.h"

#include <algorithm>
#include <utility>

#include "api/json_output.h"
#include "api/signaling_sockets.h"
#include "api/visitor.h"
#include "base/id.h"
#include "pipeline/camera_source.h"

namespace reallive::api {
namespace {

using signaling::Mode;
using signaling::Role;

constexpr std::chrono::seconds patience{10};  // for joining
constexpr double message_burst = 300;         // a publisher's candidates for each of its viewers come at once
constexpr double messages_per_second = 50;

}  // namespace

SignalingSocket::SignalingSocket(std::weak_ptr<Context> context, std::weak_ptr<http::WebSocket> socket, Client client,
                                 Seat seat)
    : context_(std::move(context)),
      socket_(std::move(socket)),
      client_(std::move(client)),
      seat_(std::move(seat)),
      tokens_(message_burst) {}

void SignalingSocket::start() {
  const auto socket = socket_.lock();
  const auto context = context_.lock();
  if (!socket || !context) return;
  socket->on_message = [self = shared_from_this()](std::string_view text) { self->hear(text); };
  socket->on_closed = [self = shared_from_this()] {
    if (const auto alive = self->context_.lock()) alive->deps.executor.cancel(std::exchange(self->patience_, 0));
    self->leave();
  };
  if (client_.principal) return;
  patience_ = context->deps.executor.post_after(patience, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->member_.empty()) self->refuse({"AUTH_TOKEN_MISSING", "Nothing was joined in time."});
  });
}

void SignalingSocket::send(const base::Json& message) {
  if (const auto socket = socket_.lock()) socket->send(message.dump());
}

void SignalingSocket::refuse(const base::Error& error) {
  send(signaling::error_message(error));
  leave();
  if (const auto socket = socket_.lock()) socket->close(http::CloseCode::policy, error.message);
}

bool SignalingSocket::within_rate(Context& context) {
  const auto now = context.deps.clock.steady();
  const double seconds = std::chrono::duration<double>(now - std::exchange(refilled_, now)).count();
  tokens_ = std::min(message_burst, tokens_ + std::max(0.0, seconds) * messages_per_second) - 1;
  return tokens_ >= 0;
}

void SignalingSocket::hear(std::string_view text) {
  const auto context = context_.lock();
  if (!context) return;
  if (!within_rate(*context)) return refuse({"RATE_LIMIT_EXCEEDED", "These are too many messages."});
  const auto message = signaling::parse_client_message(text, context->config.signaling.max_sdp_bytes);
  if (!message) return send(signaling::error_message(message.error()));
  if (const auto* wanted = std::get_if<signaling::Join>(&*message)) return join(*context, *wanted);
  if (std::holds_alternative<signaling::Leave>(*message)) return leave();
  if (member_.empty()) return send(signaling::error_message({"NOT_FOUND", "Join a room first."}));
  if (const auto* description = std::get_if<signaling::Description>(&*message)) return describe(*context, *description);
  if (const auto* candidate = std::get_if<signaling::Candidate>(&*message)) return trickle(*context, *candidate);
}

void SignalingSocket::join(Context& context, const signaling::Join& wanted) {
  if (!member_.empty())
    return send(signaling::error_message({"CONFLICT", "This connection is in a room: leave it first."}));
  signaling::Join join = wanted;
  if (join.token.empty() && !client_.principal) join.token = client_.token;
  if (join.token.empty() && !client_.principal) return join_as(context, join, {});
  if (join.token.empty()) {
    // The connection may be older than the right to it.
    const auto again = let_in_again(context, *client_.principal);
    if (!again) return refuse({"AUTH_TOKEN_INVALID", "This login is over: log in again."});
    return join_as(context, join, {*again});
  }
  if (const auto access = context.deps.authenticator.verify_stream_token(join.token))
    return join_as(context, join, {access->principal, *access});
  // A stream key is no account's token: find_room() compares it.
  identify_token(context, join.token, [self = shared_from_this(), join](const base::Result<auth::Principal>& who) {
    const auto alive = self->context_.lock();
    if (!alive || !self->member_.empty()) return;
    self->join_as(*alive, join, {who ? std::optional(*who) : std::nullopt});
  });
}

base::Result<catalog::Camera> SignalingSocket::find_room(Context& context, const signaling::Join& join,
                                                         const Who& who) {
  auto camera = context.deps.cameras.find_anywhere(join.room);
  if (!camera && status_of(camera.error().code) != 404) return camera;
  const bool publishes = join.role == Role::publisher;
  if (!publishes || !camera || !auth::stream_key_matches(join.token, camera->stream_key)) {
    const auto use = publishes ? auth::StreamUse::publish : auth::StreamUse::view;
    if (who.limit && (!camera || who.limit->stream != camera->id || who.limit->use != use))
      return base::fail("AUTH_TOKEN_INVALID", "This token is for something else.");
    if (!who.principal && !join.token.empty())
      return base::fail("AUTH_TOKEN_INVALID", "The token is invalid or has expired.");
    if (!camera) return who.principal ? camera : tl::unexpected(*access_error(auth::Access::unauthenticated));
    const auto action = publishes ? auth::Action::publish : auth::Action::watch;
    if (const auto refusal = access_error(auth::can(who.principal, action, resource_of(*camera))))
      return tl::unexpected(*refusal);
  }
  if (!camera->is_active) return base::fail("CAMERA_INACTIVE", "This camera is switched off.");
  const auto source = pipeline::parse_camera_source(camera->source.url);
  const bool published = source && source->kind == pipeline::CameraSource::Kind::publish;
  if (!published && (join.mode == Mode::peer || join.role == Role::publisher))
    return base::fail("CONFLICT", "This camera is pulled from its own address; nobody publishes it.");
  return camera;
}

void SignalingSocket::join_as(Context& context, const signaling::Join& wanted, const Who& who) {
  const auto& principal = who.principal;
  const auto camera = find_room(context, wanted, who);
  if (!camera) {
    if (status_of(camera.error().code) != 500) return send(signaling::error_message(camera.error()));
    return send(signaling::error_message({"INTERNAL_ERROR", "The server could not do this."}));
  }
  const std::string member = base::random_token(12);
  auto peers = base::Json::array();
  if (wanted.mode == Mode::peer) {
    // What it tells others goes out first; nothing comes back before this one is in the list.
    auto joined = context.signaling_sockets->rooms().join(member, camera->id, wanted.role);
    if (!joined) return send(signaling::error_message(joined.error()));
    peers = std::move(*joined);
  }
  member_ = member;
  camera_id_ = camera->id;
  room_name_ = camera->stream;
  role_ = wanted.role;
  mode_ = wanted.mode;
  principal_ = principal;
  key_ = principal ? std::string() : wanted.role == Role::publisher ? camera->stream_key : std::string();
  hears_faults_ = !key_.empty() || may_view(principal_, *camera);
  context.deps.executor.cancel(std::exchange(patience_, 0));
  context.signaling_sockets->enter(member_, shared_from_this());
  send(base::Json::object({{"type", "joined"},
                           {"room", room_name_},
                           {"id", member_},
                           {"peers", peers},
                           {"iceServers", context.ice_servers_json(principal ? principal->user_id : std::string())}}));
  if (mode_ == Mode::peer) {
    if (role_ == Role::publisher) {
      write_down(context, "publish");
      return context.signaling_sockets->tell_peer_status(camera_id_);
    }
    return send(context.signaling_sockets->peer_status(camera_id_, room_name_));
  }
  const auto kind = role_ == Role::publisher ? signaling::Kind::publish : signaling::Kind::view;
  server_ = std::make_unique<signaling::ServerPeer>(context.endpoint, kind, camera_id_, caller(*camera),
                                                    [weak = weak_from_this()](const base::Json& message) {
                                                      if (const auto self = weak.lock()) self->send(message);
                                                    });
  camera_status({camera->id, camera->stream_status, camera->status, context.deps.media.status(camera->id).error, {}});
}

signaling::Caller SignalingSocket::caller(const catalog::Camera& camera) const {
  signaling::Caller result;
  result.access = signaling::Access::allowed;
  result.hears_faults = hears_faults_;
  if (principal_) {
    result.principal = "user:" + principal_->user_id;
    result.user_id = principal_->user_id;
    result.login = principal_->login_id;
    result.version = principal_->version;
  } else if (!key_.empty()) {
    result.principal = "key:" + camera.id;
  }
  result.remote_address = client_.address;
  result.user_agent = client_.user_agent;
  return result;
}

void SignalingSocket::describe(Context& context, const signaling::Description& description) {
  if (mode_ == Mode::peer) {
    const auto sent = context.signaling_sockets->rooms().relay(member_, description);
    if (!sent) send(signaling::error_message(sent.error()));
    return;
  }
  if (description.is_answer)
    return send(signaling::error_message({"VALIDATION_FAILED", "In mode server the server answers.", "type"}));
  server_->offer(description);
}

void SignalingSocket::trickle(Context& context, const signaling::Candidate& candidate) {
  if (mode_ == Mode::server) return server_->candidate(candidate);
  const auto sent = context.signaling_sockets->rooms().relay(member_, candidate);
  if (!sent) send(signaling::error_message(sent.error()));
}

void SignalingSocket::leave() {
  if (member_.empty()) return;
  const std::string member = std::exchange(member_, {});
  server_.reset();
  const auto context = context_.lock();
  if (!context) return;
  const auto self = shared_from_this();
  context->signaling_sockets->leave(member);
  if (mode_ == Mode::peer) {
    context->signaling_sockets->rooms().leave(member);
    if (role_ == Role::publisher) context->signaling_sockets->tell_peer_status(camera_id_);
  }
  if (!row_.empty()) context->deps.live.peer_ended(std::exchange(row_, {}));
}

bool SignalingSocket::may_stay(Context& context) {
  const auto camera = context.deps.cameras.find_anywhere(camera_id_);
  // A database that does not answer right now is no reason to end what runs.
  if (!camera) return status_of(camera.error().code) != 404;
  if (!camera->is_active) return false;
  if (!key_.empty()) return auth::stream_key_matches(key_, camera->stream_key);
  if (principal_) {
    auto again = let_in_again(context, *principal_);
    if (!again) return status_of(again.error().code) != 401;
    principal_ = std::move(*again);
  }
  hears_faults_ = may_view(principal_, *camera);
  const auto action = role_ == Role::publisher ? auth::Action::publish : auth::Action::watch;
  return auth::can(principal_, action, resource_of(*camera)) == auth::Access::allowed;
}

void SignalingSocket::session_over(const std::string& session_id, std::string_view reason) {
  if (!server_ || !server_->session_over(session_id)) return;
  const std::string told = hears_faults_ ? std::string(reason) : end_for_watchers(reason);
  const auto peer = base::Json::object(
      {{"id", signaling::server_member}, {"role", role_ == Role::publisher ? "viewer" : "publisher"}});
  send(base::Json::object({{"type", "peer-left"}, {"peer", peer}, {"reason", told}}));
}

void SignalingSocket::camera_status(const events::CameraStatus& status) {
  if (mode_ != Mode::server || member_.empty() || status.camera_id != camera_id_) return;
  const std::string error = hears_faults_ ? status.error : fault_for_watchers(status.error);
  send(base::Json::object({{"type", "camera-status"},
                           {"room", room_name_},
                           {"status", status.status},
                           {"streamStatus", status.stream_status},
                           {"error", text_or_null(error)}}));
}

void SignalingSocket::paired() {
  const auto context = context_.lock();
  if (context && row_.empty()) write_down(*context, "view");
}

void SignalingSocket::write_down(Context& context, const char* kind) {
  catalog::NewSession row;
  row.camera_id = camera_id_;
  row.user_id = principal_ ? principal_->user_id : std::string();
  row.kind = kind;
  row.protocol = "webrtc-p2p";
  row.remote_address = client_.address;
  row.user_agent = client_.user_agent;
  row_ = context.deps.live.peer_started(std::move(row));
}

bool SignalingSocket::is_in_peer_room(const std::string& camera_id) const {
  return mode_ == Mode::peer && !member_.empty() && camera_id_ == camera_id;
}

}  // namespace reallive::api
