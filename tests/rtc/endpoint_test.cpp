// The shared endpoint and its sessions, met by real peers over loopback: checks, handshakes, limits, moving, leaving.
#include "rtc/transport/endpoint.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <mutex>

#include "support/wait.h"
#include "test_peer.h"

namespace reallive::rtc {
namespace {

using std::chrono::milliseconds;
using test::eventually;

// Remembers what its session told it; read from the test's thread.
class Recorder final : public Session::Listener {
 public:
  void on_connected(SrtpProfile profile) override {
    std::lock_guard lock(mutex_);
    profile_ = profile;
    connected = true;
  }
  void on_rtp(std::span<const uint8_t> packet, TimePoint) override {
    std::lock_guard lock(mutex_);
    rtp_.emplace_back(packet.begin(), packet.end());
  }
  void on_rtcp(std::span<const uint8_t> packet, TimePoint) override {
    std::lock_guard lock(mutex_);
    rtcp_.emplace_back(packet.begin(), packet.end());
  }
  void on_gone(const std::string& reason) override {
    std::lock_guard lock(mutex_);
    reason_ = reason;
    gone = true;
  }
  std::string reason() const {
    std::lock_guard lock(mutex_);
    return reason_;
  }
  size_t packets() const {
    std::lock_guard lock(mutex_);
    return rtp_.size() + rtcp_.size();
  }
  Buffer first_rtp() const {
    std::lock_guard lock(mutex_);
    return rtp_.empty() ? Buffer() : rtp_.front();
  }
  SrtpProfile profile() const {
    std::lock_guard lock(mutex_);
    return profile_;
  }
  std::atomic<bool> connected{false};
  std::atomic<bool> gone{false};

 private:
  mutable std::mutex mutex_;
  SrtpProfile profile_{};
  std::vector<Buffer> rtp_;
  std::vector<Buffer> rtcp_;
  std::string reason_;
};

EndpointConfig loopback() {
  EndpointConfig config;
  config.listen = "127.0.0.1:0";
  return config;
}

std::shared_ptr<const DtlsContext> shared_context() {
  static const auto context = *DtlsContext::make();
  return context;
}

struct Joined {
  std::shared_ptr<Session> session;
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::unique_ptr<TestPeer> peer = std::make_unique<TestPeer>(shared_context());
};

Joined join(Endpoint& endpoint) {
  Joined joined;
  joined.session = *endpoint.create_session(joined.peer->transport());
  joined.session->start(joined.recorder);
  joined.peer->connect_to(*SocketAddress::from_ip("127.0.0.1", endpoint.port()), joined.session->local_credentials(),
                          endpoint.fingerprint());
  return joined;
}

bool connect(Joined& joined) {
  return joined.peer->run_until([&] { return joined.peer->connected() && joined.recorder->connected; });
}

Buffer report_of(uint32_t ssrc) {
  Buffer packet;
  rtcp::write(packet, rtcp::ReceiverReport{ssrc, {}});
  return packet;
}

TEST(Endpoint, ConnectsWithTheFastestCipherAndCarriesMediaBothWays) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto joined = join(*endpoint);
  ASSERT_TRUE(connect(joined));
  EXPECT_EQ(joined.recorder->profile(), SrtpProfile::kAeadAes128Gcm);

  const Buffer packet = {0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 'h', 'i'};
  joined.peer->send_rtp(packet);
  joined.peer->send_rtcp(report_of(7));
  EXPECT_TRUE(eventually([&] { return joined.recorder->packets() == 2; }));
  EXPECT_EQ(joined.recorder->first_rtp(), packet);

  joined.session->shard().run([&] { joined.session->send_rtcp(report_of(9)); });
  ASSERT_TRUE(joined.peer->run_until([&] { return !joined.peer->reports.empty(); }));
  EXPECT_EQ(std::get<rtcp::ReceiverReport>(joined.peer->reports[0]).ssrc, 9u);
}

TEST(Endpoint, AnswersOnlyChecksThatProveTheirPassword) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto joined = join(*endpoint);
  auto& peer = *joined.peer;
  const auto ours = joined.session->local_credentials();
  const std::string name = ours.ufrag + ":" + peer.credentials().ufrag;

  peer.send_check(name, "not the password at all", true, true);
  ASSERT_TRUE(peer.run_until([&] { return peer.stun_errors.size() == 1; }));
  EXPECT_EQ(peer.stun_errors.back(), 401);
  peer.send_check(ours.ufrag + ":somebody", ours.password, true, true);
  ASSERT_TRUE(peer.run_until([&] { return peer.stun_errors.size() == 2; }));
  EXPECT_EQ(peer.stun_errors.back(), 401);
  // Who is lite cannot be controlling: the peer has to be (RFC 8445 section 7.3.1.1).
  peer.send_check(name, ours.password, false, false);
  ASSERT_TRUE(peer.run_until([&] { return peer.stun_errors.size() == 3; }));
  EXPECT_EQ(peer.stun_errors.back(), 487);

  const auto strangers = endpoint->stats().strangers;
  peer.send_check("nobody:" + peer.credentials().ufrag, ours.password, true, true);
  EXPECT_TRUE(eventually([&] { return endpoint->stats().strangers == strangers + 1; }));
  EXPECT_EQ(endpoint->stats().checks_refused, 3u);
}

TEST(Endpoint, IgnoresStrangersWhateverTheySend) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto stranger = *UdpSocket::bind(*SocketAddress::parse("127.0.0.1:0"));
  const auto to = *SocketAddress::from_ip("127.0.0.1", endpoint->port());
  const std::vector<Buffer> junk = {{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3},
                                    {0x80, 200, 0, 1, 0, 0, 0, 2},
                                    {22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1},
                                    {0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                                    {255}};
  for (const auto& datagram : junk)
    stranger.send(to, datagram);
  EXPECT_TRUE(eventually([&] { return endpoint->stats().strangers == junk.size(); }));
  EXPECT_EQ(endpoint->stats().handshakes, 0u);
  EXPECT_TRUE(stranger.receive().empty());
}

TEST(Endpoint, IsSharedByAddressAndByName) {
  auto config = loopback();
  config.name = "one";
  const int threads = test::live_threads();
  {
    auto first = *Endpoint::acquire(config);
    const int with_one = test::live_threads();
    auto second = *Endpoint::acquire(config);
    EXPECT_EQ(first->port(), second->port());
    EXPECT_EQ(test::live_threads(), with_one);

    auto by_port = loopback();
    by_port.listen = "127.0.0.1:" + std::to_string(first->port());
    EXPECT_FALSE(Endpoint::acquire(by_port)) << "the port is bound by the named endpoint";
    auto unnamed = *Endpoint::acquire(loopback());
    EXPECT_NE(unnamed->port(), first->port());
  }
  EXPECT_TRUE(eventually([&] { return test::live_threads() == threads; }));
}

TEST(Endpoint, MovesToAnAddressThatOverlapsUnderOneName) {
  auto config = loopback();
  config.listen = "0.0.0.0:0";
  config.name = "moving";
  auto former = *Endpoint::acquire(config);
  auto next_config = loopback();
  next_config.listen = "127.0.0.1:" + std::to_string(former->port());
  EXPECT_FALSE(Endpoint::acquire(next_config)) << "they have nothing to do with one another";
  next_config.name = "another";
  EXPECT_FALSE(Endpoint::acquire(next_config));
  next_config.name = "moving";
  auto next = Endpoint::acquire(next_config);
  ASSERT_TRUE(next) << next.error().message;
  auto early = join(**next);
  ASSERT_TRUE(connect(early)) << "while the former is open";
  former.reset();
  auto late = join(**next);
  EXPECT_TRUE(connect(late));
  EXPECT_TRUE(early.peer->closed().empty());
}

TEST(Endpoint, FreesItsAddressWithItsLastUser) {
  auto config = loopback();
  const int port = test::open_descriptors() > 0 ? (*Endpoint::acquire(config))->port() : 0;
  config.listen = "127.0.0.1:" + std::to_string(port);
  for (int round = 0; round < 20; ++round) {
    auto endpoint = Endpoint::acquire(config);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    EXPECT_EQ((*endpoint)->port(), port);
  }
}

TEST(Endpoint, SaysWhyAnAddressCannotBeUsed) {
  auto config = loopback();
  config.listen = "192.0.2.77:9";
  auto endpoint = Endpoint::acquire(config);
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code, "failed");
  EXPECT_NE(endpoint.error().message.find("192.0.2.77"), std::string::npos);
}

TEST(Endpoint, RefusesSessionsBeyondItsLimit) {
  auto config = loopback();
  config.max_sessions = 2;
  auto endpoint = *Endpoint::acquire(config);
  auto first = join(*endpoint);
  auto second = *endpoint->create_session(TestPeer(shared_context()).transport());
  auto refused = endpoint->create_session(TestPeer(shared_context()).transport());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "too-many-sessions");
  second.reset();  // never started: its place is free at once
  EXPECT_TRUE(endpoint->create_session(TestPeer(shared_context()).transport()));
}

TEST(Endpoint, DropsPacketsBeyondItsBound) {
  struct Case {
    size_t bound, size;
    bool taken;
  };
  for (const Case& one : {Case{2048, 2048, true}, Case{2048, 2052, false}, Case{1280, 1280, true},
                          Case{1280, 1284, false}, Case{9000, 9000, true}}) {
    auto config = loopback();
    config.max_packet_bytes = one.bound;
    auto endpoint = *Endpoint::acquire(config);
    auto joined = join(*endpoint);
    auto& peer = *joined.peer;
    const auto ours = joined.session->local_credentials();
    peer.send_padded_check(one.size);
    // Datagrams keep their order here: once this one is answered the other would have been.
    peer.send_check(ours.ufrag + ":" + peer.credentials().ufrag, ours.password, false, false);
    const auto answered = [&] { return !peer.stun_errors.empty() && peer.stun_errors.back() == 487; };
    ASSERT_TRUE(peer.run_until(answered));
    EXPECT_EQ(peer.stun_errors.front() == 401, one.taken) << one.size << " bytes where " << one.bound << " may be";
  }
}

TEST(Endpoint, DropsASessionThatDoesNotConnect) {
  auto config = loopback();
  config.connect_timeout = milliseconds(100);
  auto endpoint = *Endpoint::acquire(config);
  auto joined = join(*endpoint);
  EXPECT_TRUE(eventually([&] { return joined.recorder->gone.load(); }));
  EXPECT_EQ(joined.recorder->reason(), "connect-timeout");
  joined.session.reset();
  EXPECT_TRUE(eventually([&] { return endpoint->stats().sessions == 0; }));
}

TEST(Endpoint, DropsASessionThatNobodyElseHolds) {
  auto config = loopback();
  config.connect_timeout = milliseconds(100);
  auto endpoint = *Endpoint::acquire(config);
  auto joined = join(*endpoint);
  joined.session.reset();
  EXPECT_TRUE(eventually([&] { return joined.recorder->gone.load(); }));
  EXPECT_EQ(joined.recorder->reason(), "connect-timeout");
  EXPECT_TRUE(eventually([&] { return endpoint->stats().sessions == 0; }));
}

TEST(Endpoint, DropsASessionWhoseChecksCease) {
  auto config = loopback();
  config.consent_timeout = milliseconds(200);
  auto endpoint = *Endpoint::acquire(config);
  auto joined = join(*endpoint);
  ASSERT_TRUE(connect(joined));
  EXPECT_TRUE(eventually([&] { return joined.recorder->gone.load(); }));
  EXPECT_EQ(joined.recorder->reason(), "consent-expired");
  EXPECT_TRUE(joined.peer->run_until([&] { return joined.peer->closed() == "closed"; }));
}

TEST(Endpoint, LearnsThatThePeerHasClosed) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto joined = join(*endpoint);
  ASSERT_TRUE(connect(joined));
  joined.peer->say_goodbye();
  EXPECT_TRUE(eventually([&] { return joined.recorder->gone.load(); }));
  EXPECT_EQ(joined.recorder->reason(), "peer-closed");
}

TEST(Endpoint, RefusesACertificateThatTheOfferDidNotName) {
  auto endpoint = *Endpoint::acquire(loopback());
  Joined joined;
  auto remote = joined.peer->transport();
  remote.fingerprints = {(*DtlsContext::make())->fingerprint()};
  joined.session = *endpoint->create_session(remote);
  joined.session->start(joined.recorder);
  joined.peer->connect_to(*SocketAddress::from_ip("127.0.0.1", endpoint->port()), joined.session->local_credentials(),
                          endpoint->fingerprint());
  ASSERT_TRUE(joined.peer->run_until([&] { return joined.recorder->gone.load(); }));
  EXPECT_EQ(joined.recorder->reason().rfind("dtls-failed", 0), 0u) << joined.recorder->reason();
  EXPECT_FALSE(joined.recorder->connected);
}

TEST(Endpoint, FollowsAPeerToItsNewAddress) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto joined = join(*endpoint);
  ASSERT_TRUE(connect(joined));
  joined.peer->move();
  ASSERT_TRUE(joined.peer->run_until([&] {
    uint64_t changes = 0;
    joined.session->shard().run([&] { changes = joined.session->stats().path_changes; });
    return changes == 1;
  }));
  joined.session->shard().run([&] { joined.session->send_rtcp(report_of(9)); });
  EXPECT_TRUE(joined.peer->run_until([&] { return !joined.peer->reports.empty(); }));
  joined.peer->send_rtcp(report_of(7));
  EXPECT_TRUE(eventually([&] { return joined.recorder->packets() == 1; }));
}

TEST(Endpoint, RestartsIceWithoutStoppingMedia) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto joined = join(*endpoint);
  ASSERT_TRUE(connect(joined));
  const auto old_ours = joined.session->local_credentials();
  const auto old_theirs = joined.peer->credentials();
  const IceCredentials fresh{"freshufrag", "a fresh password of length"};
  const auto ours = joined.session->restart_ice(fresh);
  EXPECT_NE(ours.ufrag, old_ours.ufrag);

  // The old credentials hold until the first check with the new ones.
  joined.peer->send_check(old_ours.ufrag + ":" + old_theirs.ufrag, old_ours.password, true, true);
  const auto answered = endpoint->stats().checks_answered;
  ASSERT_TRUE(joined.peer->run_until([&] { return endpoint->stats().checks_answered > answered; }));
  EXPECT_TRUE(joined.peer->stun_errors.empty());
  joined.peer->set_credentials(fresh, ours);
  joined.peer->move();
  joined.peer->send_check(ours.ufrag + ":" + fresh.ufrag, ours.password, true, true);
  const auto before = endpoint->stats().checks_answered;
  ASSERT_TRUE(joined.peer->run_until([&] { return endpoint->stats().checks_answered > before; }));
  joined.peer->send_rtcp(report_of(7));
  EXPECT_TRUE(eventually([&] { return joined.recorder->packets() == 1; }));

  const auto strangers = endpoint->stats().strangers;
  joined.peer->send_check(old_ours.ufrag + ":" + old_theirs.ufrag, old_ours.password, true, true);
  EXPECT_TRUE(joined.peer->run_until([&] { return endpoint->stats().strangers > strangers; }));
  EXPECT_FALSE(joined.recorder->gone);
}

TEST(Endpoint, HoldsHandshakesBackToItsRate) {
  auto config = loopback();
  config.handshakes_per_second = 20;
  auto endpoint = *Endpoint::acquire(config);
  std::vector<Joined> all;
  for (int index = 0; index < 20; ++index)
    all.push_back(join(*endpoint));
  const TimePoint start = Clock::now();
  const auto connected = [&] {
    for (auto& joined : all)
      joined.peer->step();
    return std::all_of(all.begin(), all.end(), [](const Joined& joined) { return joined.recorder->connected.load(); });
  };
  ASSERT_TRUE(eventually(connected));
  // Five at once, the other fifteen at twenty a second.
  EXPECT_GE(Clock::now() - start, milliseconds(600));
  EXPECT_GT(endpoint->stats().handshakes_deferred, 0u);
}

TEST(Endpoint, TakesOtherLimitsWhileItRuns) {
  auto config = loopback();
  config.max_sessions = 3;
  auto endpoint = *Endpoint::acquire(config);
  auto stays = join(*endpoint);
  ASSERT_TRUE(stays.peer->run_until([&] { return stays.recorder->connected.load(); }));

  config.max_sessions = 1;
  config.max_sdp_bytes = 2000;
  config.max_packet_bytes = 1280;
  endpoint->set_limits(config);
  EXPECT_EQ(endpoint->max_sdp_bytes(), 2000u);
  const auto ours = stays.session->local_credentials();
  stays.peer->send_padded_check(1284);
  stays.peer->send_check(ours.ufrag + ":" + stays.peer->credentials().ufrag, ours.password, false, false);
  ASSERT_TRUE(stays.peer->run_until([&] { return !stays.peer->stun_errors.empty(); }));
  EXPECT_EQ(stays.peer->stun_errors.front(), 487) << "the long one is not even refused";
  EXPECT_FALSE(endpoint->create_session(TestPeer(shared_context()).transport()));
  config.max_sessions = 40;
  config.connect_timeout = milliseconds(100);
  endpoint->set_limits(config);
  auto place = endpoint->create_session(TestPeer(shared_context()).transport());
  ASSERT_TRUE(place);
  place->reset();
  auto silent = join(*endpoint);
  EXPECT_TRUE(eventually([&] { return silent.recorder->gone.load(); }));
  EXPECT_EQ(silent.recorder->reason(), "connect-timeout");

  config.connect_timeout = milliseconds(20'000);
  config.handshakes_per_second = 20;
  endpoint->set_limits(config);
  std::vector<Joined> all;
  for (int index = 0; index < 20; ++index)
    all.push_back(join(*endpoint));
  ASSERT_TRUE(eventually([&] {
    stays.peer->step();
    for (auto& joined : all)
      joined.peer->step();
    return std::all_of(all.begin(), all.end(), [](const Joined& joined) { return joined.recorder->connected.load(); });
  }));
  EXPECT_GT(endpoint->stats().handshakes_deferred, 0u);
  EXPECT_FALSE(stays.recorder->gone) << "who is there stays";
}

TEST(Endpoint, OnePeersFloodLeavesRoomForAnothersMedia) {
  auto config = loopback();
  config.shards = 1;
  auto endpoint = *Endpoint::acquire(config);
  auto flooding = join(*endpoint);
  auto other = join(*endpoint);
  ASSERT_TRUE(connect(flooding) && connect(other));

  std::promise<void> release;
  other.session->shard().post([busy = release.get_future().share()] { busy.wait(); });
  for (const size_t size : {1200u, 12u}) {  // 6 MB for an inbox of 4 MiB, down to the last bytes of it
    const Buffer junk(size, 0x80);
    for (int packet = 0; packet < 5000; ++packet)
      other.session->shard().deliver(flooding.session, junk, false, Clock::now());
  }
  EXPECT_GT(endpoint->stats().inbox_drops, 0u);
  other.peer->send_rtcp(report_of(7));
  // What the network thread answers after the packet says that the packet has reached the inbox.
  const auto answered = endpoint->stats().checks_answered;
  const auto ours = other.session->local_credentials();
  other.peer->send_check(ours.ufrag + ":" + other.peer->credentials().ufrag, ours.password, true, true);
  EXPECT_TRUE(eventually([&] { return endpoint->stats().checks_answered > answered; }));
  release.set_value();
  EXPECT_TRUE(eventually([&] { return other.recorder->packets() == 1; }));
}

TEST(Endpoint, SaysGoodbyeWhenItCloses) {
  auto endpoint = *Endpoint::acquire(loopback());
  auto joined = join(*endpoint);
  ASSERT_TRUE(connect(joined));
  endpoint.reset();
  EXPECT_TRUE(joined.recorder->gone);
  EXPECT_EQ(joined.recorder->reason(), "shutdown");
  EXPECT_TRUE(joined.peer->run_until([&] { return joined.peer->closed() == "closed"; }));
}

TEST(Endpoint, GivesHostCandidatesOrWhatIsAnnounced) {
  auto endpoint = *Endpoint::acquire(loopback());
  const auto own = endpoint->candidates({});
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].address, "127.0.0.1");
  EXPECT_EQ(own[0].port, endpoint->port());
  EXPECT_EQ(own[0].type, "host");
  const auto announced = endpoint->candidates({"203.0.113.5", "198.51.100.7:4000", "2001:db8::1", "nonsense"});
  ASSERT_EQ(announced.size(), 3u);
  EXPECT_EQ(announced[0].address, "203.0.113.5");
  EXPECT_EQ(announced[0].port, endpoint->port());
  EXPECT_EQ(announced[1].port, 4000);
  EXPECT_EQ(announced[2].address, "2001:db8::1");
  EXPECT_GT(announced[0].priority, announced[1].priority);
}

TEST(Endpoint, WorksOverIpv6) {
  auto config = loopback();
  config.listen = "[::1]:0";
  auto endpoint = *Endpoint::acquire(config);
  Joined joined;
  joined.session = *endpoint->create_session(joined.peer->transport());
  joined.session->start(joined.recorder);
  joined.peer->bind("[::1]:0");
  joined.peer->connect_to(*SocketAddress::from_ip("::1", endpoint->port()), joined.session->local_credentials(),
                          endpoint->fingerprint());
  EXPECT_TRUE(connect(joined));
}

TEST(Endpoint, LeavesNothingOfAThousandSessions) {
  auto config = loopback();
  config.handshakes_per_second = 5000;
  auto endpoint = *Endpoint::acquire(config);
  const int threads = test::live_threads();
  const int descriptors = test::open_descriptors();
  constexpr int kRounds = 10;
  constexpr size_t kEach = 100;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Joined> all;
    for (size_t index = 0; index < kEach; ++index)
      all.push_back(join(*endpoint));
    ASSERT_TRUE(eventually([&] {
      for (auto& joined : all)
        joined.peer->step();
      return std::all_of(all.begin(), all.end(), [](const auto& joined) { return joined.recorder->connected.load(); });
    }));
    EXPECT_EQ(test::live_threads(), threads) << "a session has no thread of its own";
    EXPECT_EQ(test::open_descriptors(), descriptors + static_cast<int>(kEach)) << "only the peers have sockets";
    for (auto& joined : all)
      joined.session->close("removed");
  }
  EXPECT_TRUE(eventually([&] { return endpoint->stats().sessions == 0; }));
  EXPECT_EQ(endpoint->stats().handshakes, kRounds * kEach);
  EXPECT_EQ(test::live_threads(), threads);
  EXPECT_TRUE(eventually([&] { return test::open_descriptors() == descriptors; }));
}

}  // namespace
}  // namespace reallive::rtc
