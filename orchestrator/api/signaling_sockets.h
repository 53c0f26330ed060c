// SignalingSockets: the connections to `/ws/signaling`, what each has joined, and the rooms in which peers meet.
// Main loop's thread. Owned by Context.
// It never lets anybody into a room whose camera they may not watch or publish, and puts them out when that changes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/context.h"
#include "events/bus.h"
#include "http/websocket.h"
#include "signaling/rooms.h"

namespace reallive::api {

class SignalingSocket;

class SignalingSockets final : public signaling::Outbox {
 public:
  SignalingSockets(Context& context, events::Bus& bus);
  ~SignalingSockets() override;
  SignalingSockets(const SignalingSockets&) = delete;
  SignalingSockets& operator=(const SignalingSockets&) = delete;

  void deliver(const std::string& member, const base::Json& message) override;
  void paired(const std::string& viewer) override;

  void enter(const std::string& member, const std::shared_ptr<SignalingSocket>& socket);
  void leave(const std::string& member);
  /// Puts out whoever would not be let in any more; also done every few seconds.
  void recheck();
  /// Puts out the peer whose direct connection the record of sessions has under this id; false when there is none.
  bool end_row(const std::string& row);
  /// A session of the endpoint has ended by itself.
  void session_over(const std::string& session_id, std::string_view reason);
  /// `status` of a room where peers meet is whether somebody publishes in it.
  base::Json peer_status(const std::string& room, const std::string& name) const;
  /// Tells the members of a room where peers meet.
  void tell_peer_status(const std::string& room);

  signaling::Rooms& rooms() { return rooms_; }

 private:
  std::vector<std::shared_ptr<SignalingSocket>> all() const;
  void tick();

  Context& context_;
  signaling::Rooms rooms_;
  std::map<std::string, std::shared_ptr<SignalingSocket>> members_;
  events::Subscription subscription_;
  base::Executor::Timer timer_ = 0;
};

}  // namespace reallive::api
