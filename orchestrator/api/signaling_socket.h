// SignalingSocket: one WebSocket on `/ws/signaling`: who it is, and the room it has joined. Main loop's thread.
// Kept by its WebSocket's callbacks and, while it is in a room, by SignalingSockets.
// It never forwards a message from outside a room.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/context.h"
#include "api/seats.h"
#include "http/websocket.h"
#include "signaling/message.h"
#include "signaling/server_peer.h"

namespace reallive::api {

class SignalingSocket : public std::enable_shared_from_this<SignalingSocket> {
 public:
  struct Client {
    std::optional<auth::Principal> principal;  ///< of the handshake
    std::string token;                         ///< `?token=` of the handshake, where it had no other credentials
    std::string address, user_agent;
  };

  SignalingSocket(std::weak_ptr<Context> context, std::weak_ptr<http::WebSocket> socket, Client client, Seat seat);

  void start();
  void send(const base::Json& message);
  /// Says why, and closes.
  void refuse(const base::Error& error);
  /// Ends what it has joined and stays open.
  void leave();
  /// Whether who joined would be let in again.
  bool may_stay(Context& context);
  void session_over(const std::string& session_id, std::string_view reason);
  void camera_status(const events::CameraStatus& status);
  /// Its connection to the publisher begins: written down.
  void paired();

  bool is_in_peer_room(const std::string& camera_id) const;
  const std::string& room_name() const { return room_name_; }
  const std::string& row() const { return row_; }

 private:
  /// Who joins. `limit`: by a token that is good for one stream and one use only.
  struct Who {
    std::optional<auth::Principal> principal;
    std::optional<auth::StreamAccess> limit = {};
  };
  /// The camera, if the one who joins may have that role there.
  base::Result<catalog::Camera> find_room(Context& context, const signaling::Join& join, const Who& who);
  bool within_rate(Context& context);
  void hear(std::string_view text);
  void join(Context& context, const signaling::Join& join);
  void join_as(Context& context, const signaling::Join& join, const Who& who);
  void describe(Context& context, const signaling::Description& description);
  void trickle(Context& context, const signaling::Candidate& candidate);
  void write_down(Context& context, const char* kind);
  signaling::Caller caller(const catalog::Camera& camera) const;

  const std::weak_ptr<Context> context_;
  const std::weak_ptr<http::WebSocket> socket_;
  const Client client_;
  const Seat seat_;

  std::string member_;  // empty: in no room
  std::string camera_id_, room_name_;
  signaling::Role role_ = signaling::Role::viewer;
  signaling::Mode mode_ = signaling::Mode::server;
  std::optional<auth::Principal> principal_;  // of the join
  std::string key_;                           // the stream key that let it in
  bool hears_faults_ = false;                 // why its camera fails, which names hosts
  std::unique_ptr<signaling::ServerPeer> server_;
  std::string row_;  // of a direct connection, in the record of sessions

  double tokens_;  // messages it may send now
  std::chrono::milliseconds refilled_{0};
  base::Executor::Timer patience_ = 0;
};

}  // namespace reallive::api
