// The handshake thread by itself: a client whose datagrams the test carries, so that each loss is chosen and counted.
#include "rtc/transport/handshaker.h"

#include <atomic>
#include <gtest/gtest.h>

#include "rtc/transport/endpoint_core.h"
#include "support/wait.h"

namespace reallive::rtc {
namespace {

using std::chrono::milliseconds;
using test::eventually;

class Ending final : public Session::Listener {
 public:
  void on_connected(SrtpProfile) override { connected = true; }
  void on_rtp(std::span<const uint8_t>, TimePoint) override {}
  void on_rtcp(std::span<const uint8_t>, TimePoint) override {}
  void on_gone(const std::string& why) override {
    reason = why;
    gone = true;
  }
  std::atomic<bool> connected{false};
  std::atomic<bool> gone{false};
  std::string reason;  // read once gone
};

std::shared_ptr<const DtlsContext> client_context() {
  static const auto context = *DtlsContext::make();
  return context;
}

// A DTLS client that never repeats anything by itself: what was lost, only the server's timer can mend.
class Client final : public DtlsTransport::Listener {
 public:
  explicit Client(const std::shared_ptr<EndpointCore>& core)
      : core_(core), socket_(*UdpSocket::bind(*SocketAddress::parse("127.0.0.1:0"))) {
    EXPECT_TRUE(core->table.reserve());
    session = std::make_shared<Session>(core, core->next_shard(),
                                        RemoteTransport{{"user", "password"}, {client_context()->fingerprint()}});
    session->start(listener);
    transport_ = std::move(
        *DtlsTransport::make(client_context(), DtlsTransport::Role::kClient, {core->context->fingerprint()}, *this));
  }

  void start() { transport_->start(); }
  /// Counts what has arrived and, when `taking`, answers it.
  void receive(bool taking) {
    for (auto batch = socket_.receive(); !batch.empty(); batch = socket_.receive()) {
      for (const auto& datagram : batch) {
        // A handshake record in the clear whose first message is a ServerHello: the server's flight begins.
        if (datagram.data.size() > 13 && datagram.data[0] == 22 && datagram.data[13] == 2) ++flights;
        if (taking) transport_->feed(datagram.data);
      }
    }
  }
  bool connected() const { return transport_->state() == DtlsTransport::State::kConnected; }
  void submit(Bytes datagram) {
    ++submitted;
    Buffer bytes(datagram.begin(), datagram.end());
    core_->handshaker.submit(session, {socket_.local(), bytes, {}});
  }

  void on_dtls_send(Bytes datagram) override {
    last_sent.assign(datagram.begin(), datagram.end());
    submit(datagram);
  }
  void on_dtls_connected(const SrtpKeys&, const SrtpKeys&) override {}
  void on_dtls_closed(const std::string&) override {}

  std::shared_ptr<Session> session;
  std::shared_ptr<Ending> listener = std::make_shared<Ending>();
  Buffer last_sent;
  uint64_t flights = 0;
  uint64_t submitted = 0;

 private:
  const std::shared_ptr<EndpointCore> core_;
  UdpSocket socket_;
  std::unique_ptr<DtlsTransport> transport_;
};

class HandshakerTest : public testing::Test {
 protected:
  ~HandshakerTest() override {
    if (core_) core_->stop();
  }
  void make(const EndpointConfig& config) {
    core_ = std::make_shared<EndpointCore>(config, std::move(*UdpSocket::bind(*SocketAddress::parse("127.0.0.1:0"))),
                                           *DtlsContext::make());
  }
  std::shared_ptr<EndpointCore> core_;
};

TEST_F(HandshakerTest, RepeatsAFlightThatWasLost) {
  make({});
  Client client(core_);
  client.start();
  ASSERT_TRUE(eventually([&] {
    client.receive(false);
    return client.flights >= 2;
  })) << "the client has said one thing only, so the second flight is the timer's";
  EXPECT_EQ(client.submitted, 1u);
  ASSERT_TRUE(eventually([&] {
    client.receive(true);
    return client.connected() && client.listener->connected;
  }));
  EXPECT_GE(client.flights, 3u);
}

TEST_F(HandshakerTest, SleepsBetweenRepeatsAndEndsWithTheSession) {
  EndpointConfig config;
  config.connect_timeout = milliseconds(500);  // repeats are due after 100, 300 and 700 ms
  make(config);
  Client client(core_);
  client.start();
  ASSERT_TRUE(eventually([&] {
    client.receive(false);
    return client.listener->gone.load();
  }));
  EXPECT_EQ(client.listener->reason, "connect-timeout");
  // Its timer lets the session go too, and nothing is sent any more.
  const std::weak_ptr<Session> session = client.session;
  client.session.reset();
  EXPECT_TRUE(eventually([&] { return session.expired(); }));
  client.receive(false);
  EXPECT_GE(client.flights, 1u);
  // One for the datagram, one a repeat, one for the end and one for the timer that was set then. A thread that spins
  // while it waits comes to thousands, however slow the machine.
  EXPECT_LE(core_->handshaker.wakeups(), client.submitted + client.flights + 4);
}

// While handshakes are held back to their rate all that comes waits in one queue.
TEST_F(HandshakerTest, OnePeersFloodLeavesRoomForAnothersHandshake) {
  EndpointConfig config;
  config.handshakes_per_second = 2;  // one at once, the next after half a second
  make(config);
  Client first(core_), flooding(core_), other(core_);
  first.start();
  ASSERT_TRUE(eventually([&] { return core_->handshaker.started() == 1; }));
  flooding.start();
  for (int copy = 0; copy < 5000; ++copy)
    flooding.submit(flooding.last_sent);
  EXPECT_GE(core_->handshaker.dropped(), 1u);
  other.start();  // says it once: dropped, it would never connect
  EXPECT_TRUE(eventually([&] {
    other.receive(true);
    return other.connected() && other.listener->connected;
  }));
}

}  // namespace
}  // namespace reallive::rtc
