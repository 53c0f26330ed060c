// Rooms: who hears whom, walked without sockets; messages as clients write them; passwords for TURN.
#include "signaling/rooms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "signaling/ice_servers.h"

namespace reallive::signaling {
namespace {

using Texts = std::vector<std::string>;

struct RoomsTest : testing::Test, Outbox {
  void deliver(const std::string& member, const base::Json& message) override {
    const std::string from = message.get_string("from").value_or(message.get("peer").get_string("id").value_or(""));
    sent.push_back(member + " < " + *message.get_string("type") + " " + from);
    last = message;
  }
  void paired(const std::string& viewer) override { pairs.push_back(viewer); }
  Texts take() { return std::exchange(sent, {}); }
  base::Json join(const std::string& member, Role role, const std::string& room = "door") {
    const auto peers = rooms.join(member, room, role);
    EXPECT_TRUE(peers) << peers.error().message;
    return peers ? *peers : base::Json();
  }
  static Description offer(const std::string& to = {}) { return {false, "v=0", to}; }
  static Description answer(const std::string& to = {}) { return {true, "v=0", to}; }
  static std::string code(const base::Result<void>& result) { return result ? "" : result.error().code; }

  Texts sent, pairs;
  base::Json last;
  Rooms rooms{{.viewers = 3, .rooms = 2}, *this};
};

TEST_F(RoomsTest, APublisherOffersToEachViewerAndTheyAnswer) {
  EXPECT_EQ(join("pub", Role::publisher).size(), 0u);
  EXPECT_EQ(join("v1", Role::viewer).at(0).get_string("id"), "pub");
  EXPECT_EQ(take(), Texts{"pub < peer-joined v1"});
  EXPECT_EQ(last.get("peer").get_string("role"), "viewer");
  EXPECT_EQ(code(rooms.relay("pub", offer("v1"))), "");
  EXPECT_EQ(take(), Texts{"v1 < offer pub"});
  EXPECT_EQ(last.get_string("sdp"), "v=0");
  EXPECT_EQ(last.get_string("to"), "v1");
  EXPECT_EQ(code(rooms.relay("v1", answer())), "") << "a viewer need not name the publisher";
  EXPECT_EQ(take(), Texts{"pub < answer v1"});
  EXPECT_EQ(pairs, Texts{"v1"});
  EXPECT_EQ(code(rooms.relay("v1", answer("pub"))), "");
  EXPECT_EQ(pairs, Texts{"v1"}) << "a further answer begins no further connection";
  EXPECT_EQ(code(rooms.relay("v1", Candidate{"candidate:1", "0", ""})), "");
  EXPECT_EQ(code(rooms.relay("pub", Candidate{"candidate:2", "0", "v1"})), "");
  EXPECT_EQ(take(), (Texts{"pub < answer v1", "pub < ice-candidate v1", "v1 < ice-candidate pub"}));
  EXPECT_EQ(last.get_string("candidate"), "candidate:2");
  EXPECT_EQ(last.get_string("sdpMid"), "0");
}

TEST_F(RoomsTest, ViewersMayComeBeforeThePublisherAndOutliveIt) {
  EXPECT_EQ(join("v1", Role::viewer).size(), 0u);
  EXPECT_EQ(join("v2", Role::viewer).size(), 0u) << "viewers do not know of one another";
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(code(rooms.relay("v1", answer())), "NOT_FOUND");
  EXPECT_EQ(join("pub", Role::publisher).size(), 2u);
  EXPECT_EQ(take(), (Texts{"v1 < peer-joined pub", "v2 < peer-joined pub"}));
  rooms.relay("pub", offer("v1"));
  rooms.relay("v1", answer());
  take();
  rooms.leave("pub");
  EXPECT_EQ(take(), (Texts{"v1 < peer-left pub", "v2 < peer-left pub"}));
  EXPECT_FALSE(rooms.has_publisher("door"));
  EXPECT_EQ(join("next", Role::publisher).size(), 2u) << "they wait for the next one";
  rooms.relay("next", offer("v1"));
  rooms.relay("v1", answer());
  EXPECT_EQ(pairs, (Texts{"v1", "v1"}));
  take();
  rooms.leave("v1");
  EXPECT_EQ(take(), Texts{"next < peer-left v1"});
}

TEST_F(RoomsTest, OnlyOnePublishes) {
  join("pub", Role::publisher);
  EXPECT_EQ(rooms.join("other", "door", Role::publisher).error().code, "STREAM_ALREADY_PUBLISHED");
  EXPECT_EQ(code(rooms.relay("other", offer("pub"))), "NOT_FOUND") << "who was refused is in no room";
  rooms.leave("other");
  EXPECT_TRUE(rooms.has_publisher("door"));
  EXPECT_TRUE(take().empty());
}

TEST_F(RoomsTest, NobodySpeaksToStrangers) {
  join("pub", Role::publisher);
  join("v1", Role::viewer);
  join("v2", Role::viewer);
  join("pub2", Role::publisher, "hall");
  join("v3", Role::viewer, "hall");
  take();
  EXPECT_EQ(code(rooms.relay("v1", Candidate{"", "0", "v2"})), "NOT_FOUND") << "viewer to viewer";
  EXPECT_EQ(code(rooms.relay("v1", answer("pub2"))), "NOT_FOUND") << "another room's publisher";
  EXPECT_EQ(code(rooms.relay("pub", offer("v3"))), "NOT_FOUND") << "another room's viewer";
  EXPECT_EQ(code(rooms.relay("pub", offer())), "NOT_FOUND") << "which of the two?";
  EXPECT_EQ(code(rooms.relay("pub", offer("pub"))), "NOT_FOUND");
  EXPECT_EQ(code(rooms.relay("nobody", offer("v1"))), "NOT_FOUND");
  EXPECT_EQ(code(rooms.relay("v1", offer())), "VALIDATION_FAILED") << "viewers do not offer";
  EXPECT_EQ(code(rooms.relay("pub", answer("v1"))), "VALIDATION_FAILED");
  EXPECT_TRUE(take().empty());
  EXPECT_TRUE(pairs.empty());
  EXPECT_EQ(code(rooms.relay("pub2", offer())), "") << "the only one there is";
}

TEST_F(RoomsTest, AreBoundedAndGoWithTheLast) {
  for (const char* viewer : {"v1", "v2", "v3"})
    join(viewer, Role::viewer);
  EXPECT_EQ(rooms.join("v4", "door", Role::viewer).error().code, "CONCURRENT_LIMIT_EXCEEDED");
  join("pub", Role::publisher);
  join("h1", Role::viewer, "hall");
  EXPECT_EQ(rooms.join("x", "third", Role::viewer).error().code, "CONCURRENT_LIMIT_EXCEEDED");
  EXPECT_EQ(rooms.rooms(), 2u);
  rooms.leave("h1");
  EXPECT_EQ(rooms.rooms(), 1u);
  for (const char* member : {"v1", "pub", "v3", "v2", "v2"})
    rooms.leave(member);
  EXPECT_EQ(rooms.rooms(), 0u);
}

std::string field_of(std::string_view text) {
  const auto message = parse_client_message(text);
  if (message) return "";
  EXPECT_EQ(message.error().code, "VALIDATION_FAILED");
  return message.error().field.empty() ? "?" : message.error().field;
}

TEST(ClientMessage, ReadsWhatClientsWrite) {
  auto message =
      parse_client_message(R"({"type":"join-room","room":"door","role":"publisher","mode":"peer","token":"t"})");
  ASSERT_TRUE(message);
  const Join join = std::get<Join>(*message);
  EXPECT_EQ(join.room, "door");
  EXPECT_EQ(join.role, Role::publisher);
  EXPECT_EQ(join.mode, Mode::peer);
  EXPECT_EQ(join.token, "t");
  message = parse_client_message(R"({"type":"join-room","room":"door","role":"viewer"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Join>(*message).mode, Mode::server) << "the default";
  message = parse_client_message(R"({"type":"answer","sdp":"v=0\r\n","to":"p"})");
  ASSERT_TRUE(message);
  EXPECT_TRUE(std::get<Description>(*message).is_answer);
  EXPECT_EQ(std::get<Description>(*message).to, "p");
  for (const char* text :
       {R"({"type":"ice-candidate","candidate":"candidate:1 1 udp 1 a 1 typ host","sdpMid":"0"})",
        R"({"type":"ice-candidate","candidate":{"candidate":"candidate:1 1 udp 1 a 1 typ host",
                               "sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"u"}})",
        R"({"type":"ice-candidate","candidate":"a=candidate:1 1 udp 1 a 1 typ host","sdpMid":"0"})"}) {
    message = parse_client_message(text);
    ASSERT_TRUE(message) << text;
    EXPECT_EQ(std::get<Candidate>(*message).candidate, "candidate:1 1 udp 1 a 1 typ host");
    EXPECT_EQ(std::get<Candidate>(*message).mid, "0");
  }
  message = parse_client_message(R"({"type":"ice-candidate","candidate":null})");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Candidate>(*message).candidate, "") << "there will be no more";
  EXPECT_TRUE(parse_client_message(R"({"type":"leave"})"));
  EXPECT_TRUE(parse_client_message(R"({"type":"offer","sdp":"v=0\r\n"})", 5));
  EXPECT_FALSE(parse_client_message(R"({"type":"offer","sdp":"v=0\r\n"})", 4));
}

TEST(ClientMessage, NamesWhatIsWrong) {
  for (const char* text : {"", "x", "[]", "3", "{\"type\":1", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})
    EXPECT_EQ(field_of(text), "?") << text;
  EXPECT_EQ(field_of("{}"), "type");
  EXPECT_EQ(field_of(R"({"type":"shout"})"), "type");
  EXPECT_EQ(field_of(R"({"type":"join-room","role":"viewer"})"), "room");
  EXPECT_EQ(field_of(R"({"type":"join-room","room":"a\nb","role":"viewer"})"), "room");
  EXPECT_EQ(field_of(R"({"type":"join-room","room":"door","role":"boss"})"), "role");
  EXPECT_EQ(field_of(R"({"type":"join-room","room":"door","role":"viewer","mode":"magic"})"), "mode");
  EXPECT_EQ(field_of(R"({"type":"join-room","room":"door","role":"viewer","token":5})"), "token");
  EXPECT_EQ(field_of(R"({"type":"offer","sdp":"hello"})"), "sdp");
  EXPECT_EQ(field_of(R"({"type":"offer","sdp":"v=0","to":{}})"), "to");
  EXPECT_EQ(field_of("{\"type\":\"offer\",\"sdp\":\"v=0" + std::string(70'000, 'x') + "\"}"), "sdp");
  EXPECT_EQ(field_of(R"({"type":"ice-candidate","candidate":"nonsense"})"), "candidate");
  EXPECT_EQ(field_of(R"({"type":"ice-candidate","candidate":"candidate:1\r\na=x","sdpMid":"0"})"), "candidate")
      << "a line of its own in somebody's SDP";
  EXPECT_EQ(field_of(R"({"type":"ice-candidate","candidate":"","sdpMid":"0\r\na=x"})"), "sdpMid");
}

TEST(IceServers, GivePasswordsThatEnd) {
  const base::Time now = *base::parse_time("2025-11-22T11:00:00Z");
  IceConfig config{{"stun:stun.example:3478"},
                   {"turn:turn.example:3478", "turns:turn.example:5349"},
                   "north",
                   std::chrono::hours(1)};
  const auto servers = ice_servers(config, "ann", now);
  ASSERT_EQ(servers.size(), 3u);
  EXPECT_EQ(servers[0], (IceServer{"stun:stun.example:3478", "", ""}));
  EXPECT_EQ(servers[1].username, "1763812800:ann");
  EXPECT_EQ(servers[1].credential, "LUAvkH+8IKAXOYdiT1p9pB1BcW0=") << "computed by another implementation";
  EXPECT_EQ(servers[2].url, "turns:turn.example:5349");
  EXPECT_EQ(ice_servers(config, "", now)[1].username, "1763812800:guest");
  config.turn_secret.clear();
  EXPECT_EQ(ice_servers(config, "ann", now).size(), 1u) << "without a secret nobody could use TURN";
}

TEST(IceServers, AddressesAreChecked) {
  for (const char* url : {"turn:turn.example", "turn:192.0.2.1:3478?transport=tcp", "turns:[2001:db8::1]:5349"})
    EXPECT_TRUE(check_ice_url(url, {"turn", "turns"})) << url;
  for (const char* url : {"", "turn:", "stun:stun.example", "turn://turn.example", "https://x", "turn:a b",
                          "turn:a\r\nb", "turn:a>;rel=x", "turn:a,b"})
    EXPECT_FALSE(check_ice_url(url, {"turn", "turns"})) << url;
}

}  // namespace
}  // namespace reallive::signaling
