// A stream and its viewers end to end, without GStreamer: offers are answered, frames arrive whole, losses are mended.
#include "rtc/send/stream.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <set>

#include "support/wait.h"
#include "test_media.h"
#include "test_peer.h"

namespace reallive::rtc {
namespace {

using std::chrono::milliseconds;
using test::eventually;

class Recorder final : public Stream::Listener {
 public:
  void on_viewer_connected(const std::string&) override { ++connected; }
  void on_viewer_gone(const std::string&, const std::string& reason) override {
    std::lock_guard lock(mutex_);
    reasons_.push_back(reason);
  }
  void on_key_frame_wanted(size_t) override { ++key_frames_wanted; }
  std::vector<std::string> reasons() const {
    std::lock_guard lock(mutex_);
    return reasons_;
  }
  std::atomic<int> connected{0};
  std::atomic<int> key_frames_wanted{0};

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> reasons_;
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    EndpointConfig config;
    config.listen = "127.0.0.1:0";
    config.handshakes_per_second = 5000;
    config.shards = 1;
    endpoint = *Endpoint::acquire(config);
    track = stream->add_track();
    stream->set_codec(track, CodecKind::kH264, "42e01f");
  }
  ~StreamTest() override { stream->stop("shutdown"); }

  void push(bool key, size_t bytes) {
    UnitTime time;
    time.arrival = Clock::now();
    time.zero = start;
    time.running_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.arrival - start).count();
    time.capture_unix_ns = 1'700'000'000'000'000'000 + static_cast<int64_t>(frames) * 1'000'000;
    units.push_back(h264_unit(key, bytes, frames++));
    ASSERT_TRUE(stream->push(track, units.back(), time));
  }

  std::string join(TestPeer& peer, const OfferOptions& options = {}) {
    auto answer = stream->add_viewer(*endpoint, peer.offer(options), {});
    EXPECT_TRUE(answer) << answer.error().message;
    peer.accept(answer->sdp);
    EXPECT_TRUE(peer.run_until([&] { return peer.connected(); }));
    return answer->viewer;
  }

  static std::vector<TestPeer::Received> video_of(const TestPeer& peer) {
    std::vector<TestPeer::Received> video;
    std::ranges::copy_if(peer.packets, std::back_inserter(video),
                         [](const auto& packet) { return packet.header.payload_type == 102; });
    return video;
  }

  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::shared_ptr<Stream> stream = std::make_shared<Stream>(CacheLimits{}, recorder);
  std::shared_ptr<Endpoint> endpoint;
  size_t track = 0;
  unsigned frames = 0;
  TimePoint start = Clock::now();
  std::vector<Buffer> units;
};

TEST_F(StreamTest, DeliversEveryFrameByteForByte) {
  push(true, 20'000);
  push(false, 3000);
  TestPeer peer;
  join(peer);
  for (int index = 0; index < 20; ++index)
    push(index == 10, index == 10 ? 150'000 : 2000 + 100 * index);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() == units.size(); }));
  EXPECT_TRUE(h264_frames(peer.packets) == units);
  EXPECT_LT(peer.packets.front().header.sequence, 32768);
  for (size_t index = 1; index < peer.packets.size(); ++index) {
    EXPECT_EQ(peer.packets[index].index, peer.packets[index - 1].index + 1);
    EXPECT_LE(peer.packets[index].datagram_size, 1200u);
  }
}

TEST_F(StreamTest, MendsLossesByRtxAndNeverRepeatsANonce) {
  push(true, 60'000);
  TestPeer peer;
  unsigned count = 0;
  std::set<uint16_t> lost;
  peer.lose = [&](const TestPeer::Received& packet) {
    const bool media = packet.header.payload_type == 102;
    if (media && ++count % 7 == 0) lost.insert(packet.header.sequence);
    return media && lost.contains(packet.header.sequence);
  };
  join(peer);
  const uint32_t ssrc = peer.answer.media[0].ssrcs.at(0).ssrc;
  for (int index = 0; index < 30; ++index)
    push(false, 9000);
  ASSERT_TRUE(peer.run_until([&] { return lost.size() > 20; }));
  TimePoint next{};
  const auto mended = [&] {
    std::set<uint16_t> missing = lost;
    for (const auto& packet : peer.packets) {
      if (packet.header.payload_type == 103) missing.erase(read_u16(packet.payload.data()));
    }
    if (!missing.empty() && Clock::now() >= next) {
      Buffer nack;
      rtcp::write(nack, rtcp::Nack{1, ssrc, {missing.begin(), missing.end()}});
      peer.send_rtcp(nack);
      peer.send_rtcp(nack);  // an impatient viewer gets one repeat all the same
      next = Clock::now() + milliseconds(30);
    }
    return missing.empty() && h264_frames(with_repeats(peer.packets, 102, 103)).size() == units.size();
  };
  ASSERT_TRUE(peer.run_until(mended));
  // Each repeat is the original packet behind its number (RFC 4588 section 4).
  EXPECT_TRUE(h264_frames(with_repeats(peer.packets, 102, 103)) == units);
  EXPECT_EQ(peer.nonce_repeats, 0u);
  EXPECT_EQ(peer.identical_repeats, 0u) << "a repeat has a number of its own";
}

TEST_F(StreamTest, RepeatsByteForByteWithoutRtx) {
  push(true, 30'000);
  TestPeer peer;
  OfferOptions options;
  options.rtx = false;
  options.capture_time = true;
  join(peer, options);
  for (int index = 0; index < 10; ++index)
    push(false, 5000);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() == units.size(); }));
  std::vector<uint16_t> all;
  for (const auto& packet : peer.packets)
    all.push_back(packet.header.sequence);
  Buffer nack;
  rtcp::write(nack, rtcp::Nack{1, peer.answer.media[0].ssrcs.at(0).ssrc, all});
  peer.send_rtcp(nack);
  EXPECT_TRUE(peer.run_until([&] { return peer.identical_repeats == all.size(); }))
      << peer.identical_repeats << " of " << all.size();
  EXPECT_EQ(peer.nonce_repeats, 0u);
}

TEST_F(StreamTest, StampsCaptureTimeAndIntroducesItself) {
  push(true, 5000);
  TestPeer peer;
  OfferOptions options;
  options.capture_time = true;
  join(peer, options);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() == 1; }));
  for (const auto& packet : peer.packets) {
    ASSERT_EQ(packet.extensions.at(6).size(), 16u);
    EXPECT_EQ(read_u64(packet.extensions.at(6).data()), rtcp::ntp_from_unix(1'700'000'000'000'000'000));
    EXPECT_EQ(as_text(packet.extensions.at(4)), "0");
    EXPECT_EQ(packet.extensions.at(5), (Buffer{0, 0, 0}));
  }
}

TEST_F(StreamTest, ReportsAtOnceAndEverySecondAndAnswersReferenceTimes) {
  push(true, 5000);
  TestPeer peer;
  join(peer);
  ASSERT_TRUE(peer.run_until([&] { return !peer.reports.empty(); }, milliseconds(500)));
  const auto first = std::get<rtcp::SenderReport>(peer.reports[0]);
  Buffer reference;
  rtcp::write(reference, rtcp::ReceiverReport{77, {}});
  rtcp::write(reference, rtcp::ReceiverReferenceTime{77, 0x1234567890ABCDEF});
  peer.send_rtcp(reference);
  ASSERT_TRUE(peer.run_until([&] {
    return std::any_of(peer.reports.begin(), peer.reports.end(), [](const auto& record) {
      const auto* delay = std::get_if<rtcp::DelaySinceLastRr>(&record);
      return delay && delay->blocks.at(0).ssrc == 77 && delay->blocks.at(0).last_rr == 0x567890AB;
    });
  }));
  const rtcp::SenderReport* last = nullptr;
  for (const auto& record : peer.reports) {
    if (const auto* report = std::get_if<rtcp::SenderReport>(&record)) last = report;
  }
  const double seconds = static_cast<double>(last->ntp - first.ntp) / 4294967296.0;
  const double by_rtp = static_cast<uint32_t>(last->rtp_timestamp - first.rtp_timestamp) / 90000.0;
  EXPECT_NEAR(seconds, 1.0, 0.2);
  EXPECT_NEAR(by_rtp, seconds, 0.005);
}

TEST_F(StreamTest, AsksUpstreamForOneKeyFrameHoweverManyViewersWantOne) {
  push(true, 5000);
  TestPeer first;
  TestPeer second;
  join(first);
  join(second);
  const int before = recorder->key_frames_wanted;
  for (auto* peer : {&first, &second}) {
    Buffer loss;
    rtcp::write(loss, rtcp::PictureLoss{1, peer->answer.media[0].ssrcs.at(0).ssrc});
    peer->send_rtcp(loss);
    peer->send_rtcp(loss);
  }
  EXPECT_TRUE(first.run_until([&] { return recorder->key_frames_wanted == before + 1; }));
  EXPECT_EQ(recorder->key_frames_wanted, before + 1);
}

// The shard stands still while more comes than it may keep: what waits is still sent, then nothing that cannot be
// shown.
TEST_F(StreamTest, ShowsNothingBrokenAfterAnOverrun) {
  const size_t sound = stream->add_track();
  stream->set_codec(sound, CodecKind::kOpus, {});
  const auto push_sound = [&] {
    UnitTime time;
    time.arrival = Clock::now();
    time.zero = start;
    time.running_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time.arrival - start).count();
    ASSERT_TRUE(stream->push(sound, Buffer(40, 7), time));
  };
  push(true, 5000);
  TestPeer peer;
  OfferOptions options;
  options.audio = true;
  join(peer, options);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(video_of(peer)).size() == 1; }));
  const int asked = recorder->key_frames_wanted;

  const auto elsewhere = *endpoint->create_session(peer.transport());  // the way to the one shard that there is
  std::promise<void> release;
  elsewhere->shard().post([busy = release.get_future().share()] { busy.wait(); });
  push(false, 500);
  push(true, 500);  // a key frame among what waits does not mend what comes after
  for (int index = 0; index < 600; ++index)
    push(false, 500);
  EXPECT_TRUE(eventually([&] {
    push(false, 500);
    return recorder->key_frames_wanted > asked;  // at most every 500 ms
  }));
  release.set_value();
  elsewhere->shard().run([] {});
  EXPECT_GT(stream->stats().frames_lost, 0u);

  const size_t first_after = units.size();
  for (int index = 0; index < 5; ++index)
    push(false, 500);
  push_sound();
  const auto sounds = [&] {
    return std::ranges::count_if(peer.packets, [](const auto& packet) { return packet.header.payload_type == 111; });
  };
  EXPECT_TRUE(peer.run_until([&] { return sounds() >= 1; })) << "sound goes on";
  push(true, 5000);
  push(false, 500);
  ASSERT_TRUE(peer.run_until([&] {
    const auto shown = h264_frames(video_of(peer));
    return !shown.empty() && shown.back() == units.back();
  }));
  const auto shown = h264_frames(video_of(peer));
  for (size_t unit = first_after; unit < first_after + 5; ++unit)
    EXPECT_EQ(std::ranges::count(shown, units[unit]), 0) << "its reference was lost";
  EXPECT_EQ(std::ranges::count(shown, units[first_after + 5]), 1);
}

TEST_F(StreamTest, TellsItsFiguresWithoutWaitingForTheShard) {
  push(true, 20'000);
  TestPeer peer;
  const auto viewer = join(peer);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() == 1; }));
  ASSERT_TRUE(eventually([&] { return stream->stats().packets_sent == peer.packets.size(); }));

  const auto elsewhere = *endpoint->create_session(peer.transport());
  std::promise<void> release;
  elsewhere->shard().post([busy = release.get_future().share()] { busy.wait(); });
  auto asked = std::async(std::launch::async, [&] { return std::pair(stream->stats(), stream->viewer_stats(viewer)); });
  EXPECT_EQ(asked.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  release.set_value();
  const auto [totals, report] = asked.get();
  EXPECT_EQ(totals.packets_sent, peer.packets.size());
  EXPECT_GT(totals.bytes_sent, 20'000u);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->id, viewer);
  EXPECT_TRUE(report->session.connected);
  EXPECT_EQ(report->viewer.tracks.at(0).sender.key_frames, 1u);
}

TEST_F(StreamTest, TellsViewersWhenItEnds) {
  push(true, 5000);
  TestPeer peer;
  const auto viewer = join(peer);
  ASSERT_TRUE(eventually([&] { return recorder->connected == 1; }));
  EXPECT_TRUE(stream->viewer_stats(viewer)->session.connected);
  stream->stop("shutdown");
  EXPECT_EQ(recorder->reasons(), std::vector<std::string>{"shutdown"});
  EXPECT_TRUE(peer.run_until([&] { return peer.closed() == "closed"; }));
  EXPECT_TRUE(std::any_of(peer.reports.begin(), peer.reports.end(),
                          [](const auto& record) { return std::holds_alternative<rtcp::Bye>(record); }));
  EXPECT_FALSE(stream->viewer_stats(viewer));
  EXPECT_FALSE(stream->remove_viewer(viewer, "removed"));
}

TEST_F(StreamTest, EndsItsViewersWhenTheCodecChanges) {
  push(true, 5000);
  TestPeer peer;
  join(peer);
  stream->set_codec(track, CodecKind::kVp8, {});
  EXPECT_EQ(recorder->reasons(), std::vector<std::string>{"codec-changed"});
}

TEST_F(StreamTest, RefusesOffersThatItCannotAnswer) {
  TestPeer peer;
  OfferOptions vp8;
  vp8.video_codec = "VP8";
  EXPECT_EQ(stream->add_viewer(*endpoint, peer.offer(vp8), {}).error().code, "no-common-codec");
  EXPECT_EQ(stream->add_viewer(*endpoint, "v=nonsense", {}).error().code, "bad-offer");
  EXPECT_EQ(stream->add_viewer(*endpoint, std::string(70'000, 'a'), {}).error().code, "bad-offer");
  OfferOptions sending;
  sending.direction = sdp::Direction::kSendOnly;
  EXPECT_EQ(stream->add_viewer(*endpoint, peer.offer(sending), {}).error().code, "bad-offer");
  stream->add_track();
  EXPECT_EQ(stream->add_viewer(*endpoint, peer.offer(), {}).error().code, "not-ready");
}

TEST_F(StreamTest, TakesFragments) {
  push(true, 5000);
  TestPeer peer;
  const auto viewer = join(peer);
  EXPECT_TRUE(stream->add_candidates(*endpoint, viewer, "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"));
  EXPECT_FALSE(stream->add_candidates(*endpoint, "nobody", "a=ice-ufrag:abcd\r\n"));
  auto restarted = stream->restart_ice(*endpoint, viewer, "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n",
                                       {"203.0.113.9"});
  ASSERT_TRUE(restarted) << restarted.error().message;
  EXPECT_NE(restarted->sdp.find("a=ice-lite"), std::string::npos);
  EXPECT_NE(restarted->sdp.find("203.0.113.9"), std::string::npos);
  EXPECT_EQ(stream->restart_ice(*endpoint, "nobody", "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n", {})
                .error()
                .code,
            "failed");
}

TEST_F(StreamTest, ManyViewersComeAndGoWhileItSends) {
  push(true, 20'000);
  const auto context = *DtlsContext::make();
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<TestPeer>> peers;
    std::vector<std::string> viewers;
    for (int index = 0; index < 40; ++index) {
      peers.push_back(std::make_unique<TestPeer>(context));
      auto answer = *stream->add_viewer(*endpoint, peers.back()->offer(), {});
      peers.back()->accept(answer.sdp);
      viewers.push_back(answer.viewer);
    }
    ASSERT_TRUE(eventually([&] {
      push(false, 1500);
      for (auto& peer : peers)
        peer->step();
      return std::all_of(peers.begin(), peers.end(),
                         [](const auto& peer) { return h264_frames(peer->packets).size() > 2; });
    }));
    for (const auto& viewer : viewers)
      EXPECT_TRUE(stream->remove_viewer(viewer, "removed"));
    EXPECT_TRUE(eventually([&] { return stream->stats().viewers == 0; }));
  }
  EXPECT_EQ(recorder->reasons().size(), 120u);
  EXPECT_TRUE(eventually([&] { return endpoint->stats().sessions == 0; }));
}

}  // namespace
}  // namespace reallive::rtc
