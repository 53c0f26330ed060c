// The settings of WebRTC, its bounds above all, as those of the real server, met by peers with ICE and DTLS of their
// own.
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <signal.h>
#include <vector>

#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"
#include "support/wait.h"
#include "test_peer.h"

namespace reallive::app {
namespace {

using namespace std::chrono_literals;
using rtc::TestPeer;
using std::chrono::steady_clock;

class WebrtcSettings : public testing::Test {
 protected:
  void SetUp() override {
    reallive({"user", "add", "ann", "--role", "operator", "--password-stdin"}, "tangerine-harbour-42");
    reallive({"camera", "add", "door", "--source", "test", "--owner", "ann"});
  }
  void TearDown() override {
    if (!server_) return;
    server_->signal(SIGTERM);
    EXPECT_EQ(server_->wait(), 0) << server_->output();
  }
  void reallive(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), "reallive");
    arguments.insert(arguments.end(), {"--data", data_});
    const auto done = test::run(arguments, input);
    ASSERT_EQ(done.exit_code, 0) << done.output;
  }
  /// With one setting besides the addresses.
  void start(const std::string& setting) {
    server_ = std::make_unique<test::Process>(std::vector<std::string>{"reallive", "serve", "--data", data_, "--set",
                                                                       "http.listen=127.0.0.1:0", "--set",
                                                                       "webrtc.listen=127.0.0.1:0", "--set", setting});
    ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
    const std::string output = server_->output(), line = "listening http 127.0.0.1:";
    port_ = std::stoi(output.substr(output.find(line) + line.size()));
  }
  test::HttpAnswer ask(const std::string& method, const std::string& path, const std::string& body = {},
                       const std::string& type = "application/sdp") {
    return test::HttpClient(port_).request(
        method, path,
        {{"Authorization", "Basic YW5uOnRhbmdlcmluZS1oYXJib3VyLTQy"}, {"Content-Type", type}, {"If-Match", "*"}}, body);
  }
  test::HttpAnswer view(const std::string& offer) { return ask("POST", "/whep/door", offer); }
  /// A viewer that has its answer and has not begun to connect.
  std::unique_ptr<TestPeer> join() {
    auto peer = std::make_unique<TestPeer>();
    const auto answer = view(peer->offer());
    EXPECT_EQ(answer.status, 201) << answer.body;
    if (answer.status == 201) peer->accept(answer.body);
    location_ = answer.header("Location");
    return peer;
  }

  test::TempDir dir_;
  const std::string data_ = (dir_ / "data").string();
  std::unique_ptr<test::Process> server_;
  int port_ = 0;
  std::string location_;  ///< of the newest session
};

TEST_F(WebrtcSettings, Sessions) {
  start("webrtc.max_sessions=1");
  const auto first = join();
  const auto refused = view(TestPeer().offer());
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_NE(refused.header("Retry-After"), "");
  EXPECT_EQ(ask("DELETE", location_).status, 200);
  EXPECT_TRUE(test::eventually([&] { return view(TestPeer().offer()).status == 201; }));
}

TEST_F(WebrtcSettings, HandshakesASecond) {
  start("webrtc.handshakes_per_second=1");
  std::vector<std::unique_ptr<TestPeer>> peers;
  for (int index = 0; index < 3; ++index)
    peers.push_back(join());
  const auto begin = steady_clock::now();
  ASSERT_TRUE(test::eventually(
      [&] {
        bool all = true;
        for (auto& peer : peers) {
          peer->step();
          all = all && peer->connected();
        }
        return all;
      },
      20s));
  // One at once, then one a second.
  EXPECT_GE(steady_clock::now() - begin, 1900ms);
}

TEST_F(WebrtcSettings, TimeToConnect) {
  start("webrtc.connect_timeout_s=1");
  const auto begin = steady_clock::now();
  const auto peer = join();
  const auto gone = [&] {
    return ask("PATCH", location_, "a=end-of-candidates\r\n", "application/trickle-ice-sdpfrag").status == 404;
  };
  EXPECT_TRUE(test::eventually(gone));
  const auto took = steady_clock::now() - begin;
  EXPECT_GE(took, 900ms);
  EXPECT_LT(took, 9s) << "it is 10 s where nothing is said";
}

TEST_F(WebrtcSettings, LengthOfDescriptions) {
  start("webrtc.max_sdp_bytes=4096");
  std::string offer = TestPeer().offer();
  offer.resize(4097, '\n');
  EXPECT_EQ(view(offer).status, 413);
  offer.pop_back();
  EXPECT_EQ(view(offer).status, 201);
}

TEST_F(WebrtcSettings, LengthOfDescriptionsMayGrow) {
  start("webrtc.max_sdp_bytes=131072");
  std::string offer = TestPeer().offer();
  while (offer.size() < 100'000)
    offer += "a=x-note:" + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(view(offer).status, 201) << "the element takes what the server takes";
}

TEST_F(WebrtcSettings, AnnouncedAddresses) {
  start("webrtc.announce=203.0.113.5, 2001:db8::5, 198.51.100.7:4000");
  const std::string output = server_->output(), line = "listening webrtc ";
  const auto at = output.find(':', output.find(line) + line.size());
  const std::string port = std::to_string(std::stoi(output.substr(at + 1)));
  const auto answer = view(TestPeer().offer());
  ASSERT_EQ(answer.status, 201) << answer.body;
  const auto session = rtc::sdp::parse(answer.body);
  ASSERT_TRUE(session);
  std::vector<std::string> told;
  for (const auto& candidate : session->media.at(0).candidates)
    told.push_back(candidate.address + " " + std::to_string(candidate.port));
  EXPECT_THAT(told, testing::ElementsAre("203.0.113.5 " + port, "2001:db8::5 " + port, "198.51.100.7 4000"));
}

TEST_F(WebrtcSettings, LengthOfPackets) {
  start("webrtc.max_packet_bytes=1280");
  const auto peer = join();
  ASSERT_TRUE(peer->run_until([&] { return peer->connected(); }));
  peer->send_padded_check(1284);
  // Datagrams keep their order here: once this one is answered the other would have been.
  peer->send_padded_check(1280);
  peer->send_padded_check(1284);
  const auto theirs = rtc::sdp::transport_of(peer->answer, peer->answer.media[0]);
  peer->send_check(theirs.ufrag + ":" + peer->credentials().ufrag, theirs.pwd, false, false);
  ASSERT_TRUE(peer->run_until([&] { return !peer->stun_errors.empty() && peer->stun_errors.back() == 487; }));
  EXPECT_THAT(peer->stun_errors, testing::ElementsAre(401, 487)) << "the one of 1280 bytes is answered";
}

}  // namespace
}  // namespace reallive::app
