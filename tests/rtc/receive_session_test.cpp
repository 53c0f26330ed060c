// A publisher over loopback with real ICE, DTLS and SRTP, down to ordered packets; no GStreamer, so TSan may watch.
#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "receive_packets.h"
#include "rtc/receive/publisher_session.h"
#include "rtc/transport/answer.h"
#include "rtc/transport/endpoint.h"
#include "support/wait.h"
#include "test_peer.h"

namespace reallive::rtc {
namespace {

using reallive::test::eventually;

class Taker final : public PublisherSession::Listener {
 public:
  void on_connected() override { connected = true; }
  void on_media(size_t track, MediaPacket packet) override {
    const std::lock_guard lock(mutex_);
    packets_.emplace_back(track, std::move(packet));
  }
  void on_gone(const std::string& reason) override {
    const std::lock_guard lock(mutex_);
    reasons_.push_back(reason);
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return packets_.size();
  }
  std::vector<std::string> reasons() const {
    const std::lock_guard lock(mutex_);
    return reasons_;
  }
  std::vector<uint32_t> timestamps() const {
    const std::lock_guard lock(mutex_);
    std::vector<uint32_t> all;
    for (const auto& [track, packet] : packets_)
      all.push_back(rtp::parse(packet.data)->timestamp);
    return all;
  }
  std::atomic<bool> connected{false};

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<size_t, MediaPacket>> packets_;
  std::vector<std::string> reasons_;
};

class ReceiveSession : public testing::Test {
 protected:
  ReceiveSession() : ReceiveSession(OfferOptions{}) {}
  explicit ReceiveSession(OfferOptions options) {
    EndpointConfig config;
    config.listen = "127.0.0.1:0";
    endpoint_ = *Endpoint::acquire(config);
    options.audio = true;
    options.direction = sdp::Direction::kSendOnly;
    const auto offer = *sdp::parse(peer_.offer(options));
    agreed_ = *negotiate_receive(offer);
    const auto transport = *endpoint_->create_session(*remote_transport_of(offer));
    session_ = std::make_shared<PublisherSession>(transport, agreed_, Publisher::Config{});
    finish_answer(agreed_.answer, transport->local_credentials(), endpoint_->fingerprint(), endpoint_->candidates({}));
    session_->start(taker_);
    peer_.accept(sdp::write(agreed_.answer));
    for (const auto& track : agreed_.tracks) {
      if (track.video()) video_ = track;
    }
  }

  void send(uint16_t sequence, bool key = false) {
    test::PacketSpec spec;
    spec.sequence = sequence;
    spec.timestamp = sequence * 3000u;
    spec.payload_type = video_.payload_type;
    if (key) spec.payload = test::idr();
    peer_.send_rtp(test::make_rtp(spec));
  }
  void repeat(uint16_t sequence) {
    test::PacketSpec spec;
    spec.sequence = repeats_++;
    spec.timestamp = sequence * 3000u;
    spec.ssrc = 2222;
    spec.payload_type = *video_.rtx_payload_type;
    spec.payload = {static_cast<uint8_t>(sequence >> 8), static_cast<uint8_t>(sequence), 0x41, 0x9a, 0x00};
    peer_.send_rtp(test::make_rtp(spec));
  }
  template <typename T>
  const T* reported() const {
    for (const auto& record : peer_.reports) {
      if (const auto* match = std::get_if<T>(&record)) return match;
    }
    return nullptr;
  }

  TestPeer peer_;
  std::shared_ptr<Endpoint> endpoint_;
  ReceiveNegotiation agreed_;
  ReceiveTrack video_;
  std::shared_ptr<Taker> taker_ = std::make_shared<Taker>();
  std::shared_ptr<PublisherSession> session_;
  uint16_t repeats_ = 1;
};

TEST_F(ReceiveSession, RepairsReportsAndSaysGoodbye) {
  ASSERT_TRUE(peer_.run_until([this] { return peer_.connected() && taker_->connected; }));
  send(1, true);
  send(3);
  ASSERT_TRUE(peer_.run_until([this] { return reported<rtcp::Nack>() != nullptr; }));
  EXPECT_EQ(reported<rtcp::Nack>()->sequences, std::vector<uint16_t>{2});
  EXPECT_EQ(taker_->count(), 1u);
  repeat(2);
  ASSERT_TRUE(peer_.run_until([this] { return taker_->count() == 3; }));
  EXPECT_EQ(taker_->timestamps(), (std::vector<uint32_t>{3000, 6000, 9000}));
  session_->request_keyframe(0);
  session_->request_keyframe(1);
  ASSERT_TRUE(peer_.run_until([this] { return reported<rtcp::PictureLoss>() && reported<rtcp::ReceiverReport>(); }));
  send(4);
  ASSERT_TRUE(peer_.run_until([this] { return taker_->count() == 4; }));
  ASSERT_TRUE(peer_.run_until([this] {
    send(4);  // duplicates that only let time pass
    const auto stats = session_->stats();
    return stats.session.connected && stats.tracks.size() == 2 &&
           stats.tracks[0].packets + stats.tracks[1].packets == 4;
  }));
  session_->close("removed");
  EXPECT_TRUE(peer_.run_until([this] { return reported<rtcp::Bye>() && !peer_.closed().empty(); }));
  EXPECT_EQ(taker_->reasons(), std::vector<std::string>{"removed"});
}

class ReceiveSessionByFir : public ReceiveSession {
 protected:
  static OfferOptions options() {
    OfferOptions options;
    options.video_feedback = {"nack", "ccm fir"};
    return options;
  }
  ReceiveSessionByFir() : ReceiveSession(options()) {}
  std::vector<uint8_t> numbers() const {
    std::vector<uint8_t> all;
    for (const auto& record : peer_.reports) {
      const auto* request = std::get_if<rtcp::FullIntraRequest>(&record);
      if (!request) continue;
      EXPECT_EQ(request->entries.size(), 1u);
      for (const auto& entry : request->entries) {
        EXPECT_EQ(entry.ssrc, test::PacketSpec().ssrc);
        all.push_back(entry.sequence);
      }
    }
    return all;
  }
};

// A publisher that offers `ccm fir` and no `nack pli` (RFC 5104 section 7.1).
TEST_F(ReceiveSessionByFir, AsksForKeyFrames) {
  const auto line = std::find_if(peer_.answer.media.begin(), peer_.answer.media.end(),
                                 [](const auto& media) { return media.kind == sdp::Kind::kVideo; });
  ASSERT_NE(line, peer_.answer.media.end());
  EXPECT_EQ(line->codecs[0].feedback, (std::vector<std::string>{"nack", "ccm fir"}));
  ASSERT_TRUE(peer_.run_until([this] { return peer_.connected() && taker_->connected; }));
  uint16_t sequence = 1;
  send(sequence, true);
  ASSERT_TRUE(peer_.run_until([this] { return taker_->count() == 1; }));
  for (size_t round = 1; round <= 2; ++round) {
    session_->request_keyframe(0);
    session_->request_keyframe(0);
    ASSERT_TRUE(peer_.run_until([&] { return numbers().size() == round; }));
    send(++sequence, true);
    ASSERT_TRUE(peer_.run_until([&] { return taker_->count() == sequence; }));
  }
  EXPECT_EQ(numbers(), (std::vector<uint8_t>{0, 1})) << "each request is one, under the next number";
  EXPECT_EQ(reported<rtcp::PictureLoss>(), nullptr);
}

TEST_F(ReceiveSession, AnyThreadMayAskAtAnyTime) {
  std::atomic<bool> over{false};
  std::vector<std::thread> askers;
  for (size_t n = 0; n < 3; ++n) {
    askers.emplace_back([this, &over, n] {
      while (!over) {
        session_->request_keyframe(n);
        EXPECT_LE(session_->stats().tracks.size(), 2u);
        EXPECT_GE(session_->silence().count(), 0);
        std::this_thread::yield();
      }
    });
  }
  EXPECT_TRUE(peer_.run_until([this] { return peer_.connected() && taker_->connected; }));
  for (uint16_t n = 1; n <= 300; ++n) {
    send(n, n == 1);
    peer_.step();
  }
  EXPECT_TRUE(peer_.run_until([this] { return taker_->count() >= 250; }));
  session_->close("removed");
  EXPECT_TRUE(eventually([this] { return !taker_->reasons().empty(); }));
  session_->request_keyframe(0);
  session_->close("again");
  over = true;
  for (auto& asker : askers)
    asker.join();
  EXPECT_EQ(taker_->reasons().size(), 1u);
}

// Who is made but not started yet (its answer is being written) is not silent: nobody may take its place.
TEST_F(ReceiveSession, IsNotSilentBeforeItStarts) {
  const auto transport = *endpoint_->create_session(peer_.transport());
  const PublisherSession unstarted(transport, agreed_, Publisher::Config{});
  EXPECT_LT(unstarted.silence(), std::chrono::seconds(5));
}

// As when the element stops while an offer is answered: its owner, who listens and holds it, must not hold itself.
TEST_F(ReceiveSession, LetsGoOfAllWhenItIsClosedUnstarted) {
  struct Owner final : PublisherSession::Listener {
    void on_connected() override {}
    void on_media(size_t, MediaPacket) override {}
    void on_gone(const std::string&) override {}
    std::shared_ptr<PublisherSession> session;
  };
  const unsigned sessions = endpoint_->stats().sessions;
  auto owner = std::make_shared<Owner>();
  const std::weak_ptr<Owner> watched = owner;
  {
    const auto transport = *endpoint_->create_session(peer_.transport());
    owner->session = std::make_shared<PublisherSession>(transport, agreed_, Publisher::Config{});
    transport->close("shutdown");
  }
  owner.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(eventually([&] { return endpoint_->stats().sessions == sessions; }));
}

TEST_F(ReceiveSession, EndsWithItsEndpoint) {
  ASSERT_TRUE(peer_.run_until([this] { return taker_->connected.load(); }));
  endpoint_.reset();
  EXPECT_EQ(taker_->reasons(), std::vector<std::string>{"shutdown"});
  session_->request_keyframe(0);
  session_->close("late");
}

}  // namespace
}  // namespace reallive::rtc
