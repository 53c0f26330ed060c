// The server as a peer: one question at a time, however often a client offers.
#include "signaling/server_peer.h"

#include <gtest/gtest.h>

namespace reallive::signaling {
namespace {

constexpr char sdp[] = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";

/// Stands where media stands: answers when it is told to.
struct WaitingMedia final : MediaPort {
  void view(const std::string&, const std::string&, Callback done) override { waiting.push_back(done); }
  void publish(const std::string&, const std::string&, Callback done) override { waiting.push_back(done); }
  bool trickle(const std::string&, const std::string&) override { return true; }
  base::Result<std::string> restart_ice(const std::string&, const std::string&) override { return std::string(); }
  bool end_session(const std::string& session) override {
    ended.push_back(session);
    return true;
  }
  void answer() {
    for (const Callback& done : std::exchange(waiting, {}))
      done(MediaAnswer{"m" + std::to_string(++count), "v=0\r\nanswer"});
  }

  std::vector<Callback> waiting;
  std::vector<std::string> ended;
  int count = 0;
};

struct Nobody final : SessionListener {
  void session_started(const Session&) override {}
  void session_ended(const Session&, std::string_view) override {}
};

struct ServerPeerTest : testing::Test {
  static Caller allowed() {
    Caller caller;
    caller.access = Access::allowed;
    caller.principal = "user:1";
    return caller;
  }
  std::string last() const { return said.empty() ? "" : said.back().get_string("type").value_or(""); }

  WaitingMedia media;
  Nobody nobody;
  Endpoint endpoint{{}, media, nobody};
  std::vector<base::Json> said;
  std::unique_ptr<ServerPeer> peer = std::make_unique<ServerPeer>(
      endpoint, Kind::view, "camera-1", allowed(), [this](const base::Json& message) { said.push_back(message); });
};

TEST_F(ServerPeerTest, OneOfferIsUnderWayAtATime) {
  for (int i = 0; i < 5; ++i)
    peer->offer({false, sdp, {}});
  EXPECT_EQ(media.waiting.size(), 1u) << "each may wait for a camera to start";
  ASSERT_EQ(said.size(), 4u);
  for (const base::Json& message : said)
    EXPECT_EQ(message.get_string("code"), "CONFLICT");
  media.answer();
  EXPECT_EQ(last(), "answer");
  peer->offer({false, sdp, {}});
  EXPECT_EQ(media.ended, std::vector<std::string>{"m1"}) << "a further one takes the place of the session before";
  media.answer();
  EXPECT_EQ(last(), "answer");
}

TEST_F(ServerPeerTest, AnAnswerThatComesTooLateLeavesNothing) {
  peer->offer({false, sdp, {}});
  peer.reset();
  media.answer();
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(media.ended, std::vector<std::string>{"m1"});
  EXPECT_EQ(endpoint.sessions(), 0u);
}

}  // namespace
}  // namespace reallive::signaling
