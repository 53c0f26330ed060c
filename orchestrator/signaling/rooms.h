// Rooms: who is in which room, and who hears whom, when publisher and viewers connect to one another directly. A state
// machine without sockets, users and rights. Main loop's thread; messages leave by an Outbox within the call.
// It never tells a viewer of other viewers, and never lets a message out of its room.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "signaling/message.h"

namespace reallive::signaling {

struct RoomLimits {
  size_t viewers = 16;  ///< of one room: its publisher encodes and sends for each of them
  size_t rooms = 1000;
  bool operator==(const RoomLimits&) const = default;
};

/// Sends to members. Nothing that it does may come back into Rooms within the call.
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void deliver(const std::string& member, const base::Json& message) = 0;
  /// A publisher answered or was answered: from now on the two are connecting directly.
  virtual void paired(const std::string& viewer) = 0;
};

class Rooms {
 public:
  Rooms(const RoomLimits& limits, Outbox& outbox) : limits_(limits), outbox_(outbox) {}

  /// `member` is unguessable and in no room. The others are told `{type:"peer-joined", peer}`. Gives who is there
  /// already, as far as the new one may know: `[{id, role}]`. Codes STREAM_ALREADY_PUBLISHED (there is a publisher),
  /// CONCURRENT_LIMIT_EXCEEDED.
  base::Result<base::Json> join(const std::string& member, const std::string& room, Role role);
  /// The others are told `{type:"peer-left", peer}`. Nothing happens when `member` is in no room.
  void leave(const std::string& member);

  /// To whom it names, as `{type, …, from, to}`. Codes NOT_FOUND (nobody whom `member` may speak to), VALIDATION_FAILED
  /// (the publisher offers, viewers answer).
  base::Result<void> relay(const std::string& member, const Description& description);
  base::Result<void> relay(const std::string& member, const Candidate& candidate);

  bool has_publisher(const std::string& room) const;
  size_t rooms() const { return rooms_.size(); }

 private:
  struct Room {
    std::string publisher;                ///< empty: nobody
    std::map<std::string, bool> viewers;  ///< → whether an answer has passed
  };
  struct Place {
    std::string room;
    Role role;
  };
  base::Result<std::string> addressee(const std::string& member, const std::string& to) const;

  const RoomLimits limits_;
  Outbox& outbox_;
  std::map<std::string, Room> rooms_;
  std::map<std::string, Place> places_;  // by member
};

}  // namespace reallive::signaling
