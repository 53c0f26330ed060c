// GET /ws/signaling, and the connections that came of it.
#include "api/signaling_sockets.h"

#include <utility>

#include "api/signaling_socket.h"

namespace reallive::api {
namespace {

constexpr std::chrono::seconds tick_interval{5};

void open_socket(Context& context, const http::Reply& reply, const std::optional<auth::Principal>& principal) {
  const http::Request& request = *reply.request();
  auto seat = context.seats.take(principal ? principal->user_id : std::string(), request.remote_address);
  if (!seat)
    return reply_error(reply, {"RATE_LIMIT_EXCEEDED",
                               "There are as many open connections of this account or address as there may be."});
  const std::string token = principal ? std::string() : request.query_value("token").value_or("");
  const SignalingSocket::Client client{principal, token, request.remote_address,
                                       base::valid_utf8(request.header("User-Agent").value_or("").substr(0, 255))};
  const auto place = std::make_shared<Seat>(std::move(*seat));  // goes with the answer when nothing opens
  reply(http::Response::websocket(
      [context = context.weak_from_this(), client, place](const std::shared_ptr<http::WebSocket>& socket) {
        std::make_shared<SignalingSocket>(context, socket, client, std::move(*place))->start();
      }));
}

}  // namespace

SignalingSockets::SignalingSockets(Context& context, events::Bus& bus) : context_(context), rooms_({}, *this) {
  subscription_ = bus.subscribe([this](const events::Event& event) {
    const auto* status = std::get_if<events::CameraStatus>(&event);
    if (!status) return;
    for (const auto& socket : all())
      socket->camera_status(*status);
  });
  context_.deps.live.on_session_over = [this](const signaling::Session& session, std::string_view reason) {
    session_over(session.id, reason);
  };
  tick();
}

SignalingSockets::~SignalingSockets() {
  context_.deps.executor.cancel(timer_);
  context_.deps.live.on_session_over = nullptr;
}

std::vector<std::shared_ptr<SignalingSocket>> SignalingSockets::all() const {
  std::vector<std::shared_ptr<SignalingSocket>> list;
  list.reserve(members_.size());
  for (const auto& member : members_)
    list.push_back(member.second);
  return list;
}

void SignalingSockets::deliver(const std::string& member, const base::Json& message) {
  const auto found = members_.find(member);
  if (found != members_.end()) found->second->send(message);
}

void SignalingSockets::paired(const std::string& viewer) {
  const auto found = members_.find(viewer);
  if (found != members_.end()) found->second->paired();
}

void SignalingSockets::enter(const std::string& member, const std::shared_ptr<SignalingSocket>& socket) {
  members_[member] = socket;
}

void SignalingSockets::leave(const std::string& member) {
  members_.erase(member);
}

void SignalingSockets::recheck() {
  for (const auto& socket : all())
    if (!socket->may_stay(context_))
      socket->refuse({"AUTH_INSUFFICIENT_PERMISSIONS", "This room may not be used any more."});
}

bool SignalingSockets::end_row(const std::string& row) {
  for (const auto& socket : all()) {
    if (row.empty() || socket->row() != row) continue;
    socket->refuse({"SESSION_NOT_FOUND", "This session was ended."});
    return true;
  }
  return false;
}

void SignalingSockets::session_over(const std::string& session_id, std::string_view reason) {
  for (const auto& socket : all())
    socket->session_over(session_id, reason);
}

base::Json SignalingSockets::peer_status(const std::string& room, const std::string& name) const {
  const bool published = rooms_.has_publisher(room);
  return base::Json::object({{"type", "camera-status"},
                             {"room", name},
                             {"status", published ? "streaming" : "offline"},
                             {"streamStatus", published ? "online" : "offline"},
                             {"error", nullptr}});
}

void SignalingSockets::tell_peer_status(const std::string& room) {
  for (const auto& socket : all())
    if (socket->is_in_peer_room(room)) socket->send(peer_status(room, socket->room_name()));
}

void SignalingSockets::tick() {
  timer_ = context_.deps.executor.post_after(tick_interval, [this] { tick(); });
  recheck();
}

void install_signaling(http::Router& router, Context& context) {
  router.add("GET", "/ws/signaling", [&context](const http::RequestPtr&, const http::Reply& reply) {
    // A token in the address is for one stream: it is looked at when the room is known.
    context.identify(reply, [&context, reply](const std::optional<auth::Principal>& principal) {
      open_socket(context, reply, principal);
    });
  });
}

}  // namespace reallive::api
