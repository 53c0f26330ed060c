// What clients say on /ws/signaling, one message a line, walked through a room of three: nobody hears a stranger, and
// no control character comes out where a line of SDP is made of it.
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string_view>

#include "signaling/rooms.h"

using namespace reallive;

namespace {

struct Room : signaling::Outbox {
  void deliver(const std::string& member, const base::Json& message) override {
    assert(member == "publisher" || member == "viewer-1" || member == "viewer-2");
    const auto from = message.get_string("from");
    if (from) assert((*from == "publisher") != (member == "publisher"));
    for (const char* name : {"candidate", "sdpMid"}) {
      const std::string text = message.get_string(name).value_or("");
      assert(std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
      assert(text.size() <= signaling::longest_candidate);
    }
    assert(base::Json::parse(message.dump(), {.bytes = 1 << 20}));
  }
  void paired(const std::string& viewer) override { assert(viewer != "publisher"); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Room outbox;
  signaling::Rooms rooms({}, outbox);
  (void)rooms.join("publisher", "door", signaling::Role::publisher);
  (void)rooms.join("viewer-1", "door", signaling::Role::viewer);
  (void)rooms.join("viewer-2", "door", signaling::Role::viewer);
  static constexpr const char* speakers[] = {"publisher", "viewer-1", "viewer-2", "stranger"};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (size_t turn = 0; !rest.empty(); ++turn) {
    const size_t end = rest.find('\n');
    const auto message = signaling::parse_client_message(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!message) {
      assert(message.error().code == "VALIDATION_FAILED" && signaling::error_message(message.error()).is_object());
      continue;
    }
    const std::string speaker = speakers[turn % 4];
    if (const auto* description = std::get_if<signaling::Description>(&*message)) {
      (void)rooms.relay(speaker, *description);
    } else if (const auto* candidate = std::get_if<signaling::Candidate>(&*message)) {
      (void)rooms.relay(speaker, *candidate);
    } else if (std::holds_alternative<signaling::Leave>(*message)) {
      rooms.leave(speaker);
    }
  }
  return 0;
}
