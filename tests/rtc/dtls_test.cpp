// DtlsTransport: handshakes between a client and a server in memory, over a network that loses and repeats.

#include "rtc/transport/dtls.h"

#include <deque>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace reallive::rtc {

namespace {

using Clock = std::chrono::steady_clock;

struct Peer : DtlsTransport::Listener {
  void on_dtls_send(Bytes datagram) override {
    largest = std::max(largest, datagram.size());
    sent.emplace_back(datagram.begin(), datagram.end());
    ++total;
  }
  void on_dtls_connected(const SrtpKeys& local_keys, const SrtpKeys& remote_keys) override {
    ++connected;
    local = local_keys;
    remote = remote_keys;
  }
  void on_dtls_closed(const std::string& why) override {
    ++closed;
    reason = why;
  }

  std::deque<Buffer> sent;
  size_t total = 0, largest = 0;
  int connected = 0, closed = 0;
  SrtpKeys local, remote;
  std::string reason;
  std::unique_ptr<DtlsTransport> transport;
};

std::shared_ptr<const DtlsContext> context(const char* profiles = nullptr) {
  auto made = profiles ? DtlsContext::make(profiles) : DtlsContext::make();
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return *made;
}

class Dtls : public testing::Test {
 protected:
  void make(std::vector<sdp::Fingerprint> of_client, std::vector<sdp::Fingerprint> of_server) {
    server_.transport =
        *DtlsTransport::make(server_context_, DtlsTransport::Role::kServer, std::move(of_client), server_);
    client_.transport =
        *DtlsTransport::make(client_context_, DtlsTransport::Role::kClient, std::move(of_server), client_);
  }
  void make() { make({client_context_->fingerprint()}, {server_context_->fingerprint()}); }

  // Carries datagrams until nothing moves any more; `fate` says how often each one arrives.
  template <typename Fate>
  void carry(Fate fate) {
    while (!client_.sent.empty() || !server_.sent.empty()) {
      for (auto [from, to] : {std::pair(&client_, &server_), std::pair(&server_, &client_)}) {
        if (from->sent.empty()) continue;
        const Buffer datagram = std::move(from->sent.front());
        from->sent.pop_front();
        for (int copies = fate(datagram); copies > 0; --copies)
          to->transport->feed(datagram);
      }
    }
  }
  void carry() {
    carry([](Bytes) { return 1; });
  }

  // The same, with timers, until both are connected or the limit is over.
  template <typename Fate>
  void run(Fate fate, std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto end = Clock::now() + limit;
    client_.transport->start();
    while (Clock::now() < end) {
      carry(fate);
      if (client_.connected && server_.connected) return;
      auto next = end;
      for (Peer* peer : {&client_, &server_}) {
        if (const auto due = peer->transport->next_timeout()) next = std::min(next, *due);
      }
      std::this_thread::sleep_until(next);
      for (Peer* peer : {&client_, &server_}) {
        const auto due = peer->transport->next_timeout();
        if (due && *due <= Clock::now() + std::chrono::milliseconds(1)) peer->transport->on_timeout();
      }
    }
  }

  void expect_connected() {
    ASSERT_EQ(server_.connected, 1) << server_.reason;
    ASSERT_EQ(client_.connected, 1) << client_.reason;
    EXPECT_EQ(server_.local, client_.remote);
    EXPECT_EQ(server_.remote, client_.local);
    EXPECT_NE(server_.local, server_.remote);
    EXPECT_EQ(server_.closed + client_.closed, 0);
  }

  std::shared_ptr<const DtlsContext> server_context_ = context(), client_context_ = context();
  Peer server_, client_;
};

TEST_F(Dtls, AgreesOnKeys) {
  make();
  EXPECT_EQ(server_.transport->state(), DtlsTransport::State::kNew);
  client_.transport->start();
  carry();
  expect_connected();
  EXPECT_EQ(server_.local.profile, SrtpProfile::kAeadAes128Gcm);
  EXPECT_EQ(server_.transport->state(), DtlsTransport::State::kConnected);
  EXPECT_EQ(server_.transport->version(), "DTLSv1.2");
  EXPECT_FALSE(server_.transport->cipher().empty());
  EXPECT_FALSE(server_.transport->next_timeout());
  EXPECT_LE(std::max(server_.largest, client_.largest), DtlsTransport::kMtu);
}

TEST_F(Dtls, KeysOpenWhatTheOtherSeals) {
  make();
  client_.transport->start();
  carry();
  auto sender = SrtpSender::make(server_.local);
  auto receiver = SrtpReceiver::make(client_.remote);
  const Buffer header = {0x80, 96, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, payload(50, 9);
  Buffer packet(12 + 50 + 16);
  ASSERT_EQ(sender->seal({header, {}, payload, 0}, packet), packet.size());
  EXPECT_TRUE(receiver->open(packet));
}

TEST_F(Dtls, ServersOrderDecides) {
  // Chromium's order.
  client_context_ = context("SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM");
  make();
  client_.transport->start();
  carry();
  expect_connected();
  EXPECT_EQ(server_.local.profile, SrtpProfile::kAeadAes128Gcm);
}

TEST_F(Dtls, TakesWhatTheClientHas) {
  for (const auto& [profiles, expected] :
       {std::pair("SRTP_AES128_CM_SHA1_80", SrtpProfile::kAes128CmSha1_80),
        std::pair("SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", SrtpProfile::kAeadAes256Gcm)}) {
    server_ = Peer();
    client_ = Peer();
    client_context_ = context(profiles);
    make();
    client_.transport->start();
    carry();
    expect_connected();
    EXPECT_EQ(server_.local.profile, expected);
  }
}

TEST_F(Dtls, FailsWithoutCommonProfile) {
  client_context_ = context("SRTP_AES128_CM_SHA1_32");
  make();
  client_.transport->start();
  carry();
  EXPECT_EQ(server_.connected, 0);
  EXPECT_EQ(server_.closed, 1);
  EXPECT_NE(server_.reason.find("profile"), std::string::npos) << server_.reason;
}

TEST_F(Dtls, RefusesAStrangersCertificate) {
  make({context()->fingerprint()}, {server_context_->fingerprint()});
  client_.transport->start();
  carry();
  EXPECT_EQ(server_.connected, 0);
  EXPECT_EQ(server_.closed, 1);
  EXPECT_NE(server_.reason.find("fingerprint"), std::string::npos);
  EXPECT_EQ(server_.transport->state(), DtlsTransport::State::kClosed);
}

TEST_F(Dtls, RefusesEveryoneWithoutAFingerprint) {
  for (const auto& fingerprints :
       {std::vector<sdp::Fingerprint>{}, std::vector<sdp::Fingerprint>{{"sha-1", "00:11"}}}) {
    server_ = Peer();
    client_ = Peer();
    make(fingerprints, {server_context_->fingerprint()});
    client_.transport->start();
    carry();
    EXPECT_EQ(server_.connected, 0);
    EXPECT_EQ(server_.closed, 1);
  }
}

TEST_F(Dtls, StrongestHashDecides) {
  const sdp::Fingerprint right = client_context_->fingerprint();
  sdp::Fingerprint wrong{"sha-512", "00"};
  for (int i = 1; i < 64; ++i)
    wrong.value += ":00";
  make({right, wrong}, {server_context_->fingerprint()});
  client_.transport->start();
  carry();
  EXPECT_EQ(server_.connected, 0);

  server_ = Peer();
  client_ = Peer();
  sdp::Fingerprint other = right;
  other.value[0] = other.value[0] == '0' ? '1' : '0';
  make({other, right}, {server_context_->fingerprint()});  // one of several with the same hash is enough
  client_.transport->start();
  carry();
  expect_connected();
}

TEST_F(Dtls, SurvivesLossAndRepeats) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    server_ = Peer();
    client_ = Peer();
    make();
    std::mt19937 random(seed);
    run([&](Bytes) { return static_cast<int>(random() % 4 == 0 ? 0 : 1 + random() % 2); });
    expect_connected();
  }
}

TEST_F(Dtls, SendsTheLastFlightAgain) {
  make();
  client_.transport->start();
  // The server's answer to the client's Finished is lost once.
  bool lost = false;
  run([&](Bytes) {
    if (!lost && server_.connected) {
      lost = true;
      return 0;
    }
    return 1;
  });
  EXPECT_TRUE(lost);
  expect_connected();
}

TEST_F(Dtls, FirstTimerIsShort) {
  make();
  const auto before = Clock::now();
  client_.transport->start();
  const auto due = client_.transport->next_timeout();
  ASSERT_TRUE(due);
  EXPECT_GE(*due, before + std::chrono::milliseconds(50));
  EXPECT_LE(*due, Clock::now() + std::chrono::milliseconds(101));
}

TEST_F(Dtls, CloseNotifyReachesThePeer) {
  make();
  client_.transport->start();
  carry();
  client_.transport->close();
  carry();
  EXPECT_EQ(server_.closed, 1);
  EXPECT_EQ(server_.reason, "closed");
  EXPECT_EQ(client_.closed, 0);
  EXPECT_EQ(server_.transport->state(), DtlsTransport::State::kClosed);
  const size_t before = server_.total;
  server_.transport->feed(Buffer(100, 22));
  EXPECT_EQ(server_.total, before);
}

TEST_F(Dtls, GarbageNeitherEndsNorFoolsIt) {
  make();
  std::mt19937 random(5);
  const auto garbage = [&](size_t size) {
    Buffer bytes(size);
    for (uint8_t& byte : bytes)
      byte = static_cast<uint8_t>(random());
    return bytes;
  };
  for (int i = 0; i < 50; ++i)
    server_.transport->feed(garbage(random() % 2048));
  server_.transport->feed(garbage(DtlsTransport::kMaxDatagram + 1));
  client_.transport->start();
  carry();
  expect_connected();
  for (int i = 0; i < 50; ++i) {
    Buffer bytes = garbage(100);
    bytes[0] = static_cast<uint8_t>(20 + i % 4);
    server_.transport->feed(bytes);
  }
  // A forged plain alert: close_notify that nobody signed.
  server_.transport->feed(Buffer{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0});
  EXPECT_EQ(server_.transport->state(), DtlsTransport::State::kConnected) << server_.reason;
}

TEST_F(Dtls, BoundsTheHandshake) {
  make();
  const Buffer datagram(100, 22);
  for (size_t i = 0; i <= DtlsTransport::kMaxHandshakeDatagrams; ++i)
    server_.transport->feed(datagram);
  EXPECT_EQ(server_.closed, 1);
  EXPECT_EQ(server_.transport->state(), DtlsTransport::State::kClosed);
}

TEST(DtlsContext, SaysWhichProfilesItDoesNotKnow) {
  const auto made = DtlsContext::make("SRTP_NONSENSE");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "dtls");
  EXPECT_NE(made.error().message.find("SRTP_NONSENSE"), std::string::npos);
}

TEST(DtlsContext, FingerprintIsAsSdpWritesIt) {
  const sdp::Fingerprint fingerprint = context()->fingerprint();
  EXPECT_EQ(fingerprint.algorithm, "sha-256");
  EXPECT_EQ(fingerprint.value.size(), 95u);
  EXPECT_NE(context()->fingerprint(), fingerprint);  // each context has a key of its own
}

}  // namespace

}  // namespace reallive::rtc
