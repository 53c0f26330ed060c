#include "signaling/rooms.h"

#include <utility>

namespace reallive::signaling {
namespace {

using base::fail;
using base::Result;

base::Json peer_json(const std::string& member, Role role) {
  return base::Json::object({{"id", member}, {"role", role == Role::viewer ? "viewer" : "publisher"}});
}

base::Json about(const char* type, const std::string& member, Role role) {
  return base::Json::object({{"type", type}, {"peer", peer_json(member, role)}});
}

}  // namespace

Result<base::Json> Rooms::join(const std::string& member, const std::string& name, Role role) {
  const auto found = rooms_.find(name);
  if (found == rooms_.end() && rooms_.size() >= limits_.rooms)
    return fail("CONCURRENT_LIMIT_EXCEEDED", "The server has as many rooms as it may.");
  if (found != rooms_.end() && role == Role::publisher && !found->second.publisher.empty())
    return fail("STREAM_ALREADY_PUBLISHED", "Somebody publishes in this room already.");
  if (found != rooms_.end() && role == Role::viewer && found->second.viewers.size() >= limits_.viewers)
    return fail("CONCURRENT_LIMIT_EXCEEDED", "This room has as many viewers as it may.");
  Room& room = rooms_[name];
  places_[member] = {name, role};
  auto peers = base::Json::array();
  if (role == Role::publisher) {
    room.publisher = member;
    for (auto& [viewer, answered] : room.viewers) {
      answered = false;
      peers.push(peer_json(viewer, Role::viewer));
      outbox_.deliver(viewer, about("peer-joined", member, role));
    }
    return peers;
  }
  room.viewers[member] = false;
  if (!room.publisher.empty()) {
    peers.push(peer_json(room.publisher, Role::publisher));
    outbox_.deliver(room.publisher, about("peer-joined", member, role));
  }
  return peers;
}

void Rooms::leave(const std::string& member) {
  const auto node = places_.extract(member);
  if (node.empty()) return;
  const auto [name, role] = node.mapped();
  const auto found = rooms_.find(name);
  Room& room = found->second;
  if (role == Role::publisher) {
    room.publisher.clear();
    for (const auto& [viewer, answered] : room.viewers)
      outbox_.deliver(viewer, about("peer-left", member, role));
  } else {
    room.viewers.erase(member);
    if (!room.publisher.empty()) outbox_.deliver(room.publisher, about("peer-left", member, role));
  }
  if (room.publisher.empty() && room.viewers.empty()) rooms_.erase(found);
}

Result<std::string> Rooms::addressee(const std::string& member, const std::string& to) const {
  const auto place = places_.find(member);
  if (place == places_.end()) return fail("NOT_FOUND", "Join a room first.");
  const Room& room = rooms_.at(place->second.room);
  if (place->second.role == Role::viewer) {
    // A viewer speaks to the publisher only, and need not know its name.
    if (!room.publisher.empty() && (to.empty() || to == room.publisher)) return room.publisher;
  } else if (room.viewers.count(to) > 0 || (to.empty() && room.viewers.size() == 1)) {
    return to.empty() ? room.viewers.begin()->first : to;
  }
  return fail("NOT_FOUND", to.empty() ? "There is nobody to speak to." : "There is no such peer in this room.");
}

Result<void> Rooms::relay(const std::string& member, const Description& description) {
  const auto to = addressee(member, description.to);
  if (!to) return tl::unexpected(to.error());
  const Place& place = places_.at(member);
  if (description.is_answer != (place.role == Role::viewer))
    return base::invalid("type", "Between peers the publisher offers and viewers answer.");
  outbox_.deliver(*to, base::Json::object({{"type", description.is_answer ? "answer" : "offer"},
                                           {"sdp", description.sdp},
                                           {"from", member},
                                           {"to", *to}}));
  if (description.is_answer && !std::exchange(rooms_.at(place.room).viewers.at(member), true)) outbox_.paired(member);
  return {};
}

Result<void> Rooms::relay(const std::string& member, const Candidate& candidate) {
  const auto to = addressee(member, candidate.to);
  if (!to) return tl::unexpected(to.error());
  outbox_.deliver(*to, base::Json::object({{"type", "ice-candidate"},
                                           {"candidate", candidate.candidate},
                                           {"sdpMid", candidate.mid},
                                           {"from", member},
                                           {"to", *to}}));
  return {};
}

bool Rooms::has_publisher(const std::string& room) const {
  const auto found = rooms_.find(room);
  return found != rooms_.end() && !found->second.publisher.empty();
}

}  // namespace reallive::signaling
