// A viewer under a clock of the test's own: first picture, pace, catching up, falling behind, lip sync. No sockets.
#include "rtc/send/viewer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>

#include "rtc/send/payloader.h"
#include "rtc/wire/rtp.h"
#include "test_media.h"

namespace reallive::rtc {
namespace {

using std::chrono::milliseconds;

constexpr size_t kVideo = 0;
constexpr size_t kAudio = 1;
constexpr auto kInterval = std::chrono::microseconds(33333);

struct Sent {
  rtp::Packet packet;  // header only
  TimePoint when;
  size_t size = 0;
};

class FakeTransport final : public ViewerTransport {
 public:
  explicit FakeTransport(const TimePoint& now) : now_(now), srtp_(std::move(*SrtpSender::make(SrtpKeys{}))) {}
  SrtpSender& srtp() override { return srtp_; }
  SendResult send(Bytes datagrams, size_t segment_size) override {
    SendResult result;
    for (size_t at = 0; at < datagrams.size() && room > 0; at += segment_size, --room) {
      const auto datagram = datagrams.subspan(at, std::min(segment_size, datagrams.size() - at));
      sent.push_back({*rtp::parse_header(datagram), now_, datagram.size()});
      ++result.datagrams;
    }
    result.blocked = room == 0;
    bursts.push_back(result.datagrams);
    return result;
  }
  void send_rtcp(Bytes plain) override {
    const auto records = rtcp::parse(plain);
    ASSERT_TRUE(records);
    for (const auto& record : *records)
      reports.push_back(record);
  }
  std::vector<Sent> of(uint32_t ssrc) const {
    std::vector<Sent> result;
    std::copy_if(sent.begin(), sent.end(), std::back_inserter(result),
                 [&](const Sent& one) { return one.packet.ssrc == ssrc; });
    return result;
  }
  size_t room = SIZE_MAX;  // datagrams that the socket takes before it is full
  std::vector<Sent> sent;
  std::vector<size_t> bursts;
  std::vector<rtcp::Record> reports;

 private:
  const TimePoint& now_;
  SrtpSender srtp_;
};

class ViewerTest : public testing::Test, public Viewer::Listener {
 protected:
  ViewerTest() {
    TrackPlan video;
    video.track = kVideo;
    video.payload_type = 96;
    video.ssrc = 0x1111;
    video.nack = true;
    video.rtx_payload_type = 97;
    video.rtx_ssrc = 0x2222;
    TrackPlan audio;
    audio.track = kAudio;
    audio.payload_type = 111;
    audio.ssrc = 0x3333;
    viewer.emplace(std::vector<TrackPlan>{video, audio}, "name",
                   std::vector<CodecKind>{CodecKind::kH264, CodecKind::kOpus}, view, *this);
    view.zero = start;
  }
  void on_key_frame_wanted(size_t) override { ++key_frames_wanted; }

  int64_t running() const { return std::chrono::nanoseconds(now - start).count(); }
  Instant instant() const { return {now, 1'700'000'000'000'000'000 + running()}; }

  void push_video(bool key, size_t bytes) {
    const FrameMeta meta{running() * 9 / 100'000, {}};
    view.history.push({*video_payloader->packetize(h264_unit(key, bytes, ++units), meta), kVideo, now});
    live_times.push_back(static_cast<uint32_t>(meta.rtp_time));
  }
  void push_audio() {
    const FrameMeta meta{running() * 48 / 1'000'000, {}};
    view.history.push({*audio_payloader->packetize(Buffer(80, 7), meta), kAudio, now});
  }
  /// A second of the stream is 30 frames of 10 KB, as 2.5 Mbit/s have.
  void cache(unsigned frames, size_t key_bytes) {
    for (unsigned index = 0; index < frames; ++index) {
      push_video(index == 0, index == 0 ? key_bytes : 10'000);
      now += kInterval;
    }
  }
  void settle(TimePoint wake) { next = wake; }
  /// Lets time pass, frames come every 33 ms when `live`, until `condition` or `limit`.
  bool run(const std::function<bool()>& condition, milliseconds limit, bool live = true) {
    const TimePoint end = now + limit;
    TimePoint next_frame = now + kInterval;
    while (!condition()) {
      now = std::min(next, live ? next_frame : end);
      if (now >= end) return condition();
      if (live && now == next_frame) {
        push_video(false, 10'000);
        next_frame += kInterval;
      }
      settle(viewer->advance(instant()));
    }
    return true;
  }
  bool catching_up() const { return viewer->stats().tracks[0].catching_up; }

  const TimePoint start = TimePoint(std::chrono::hours(5));
  TimePoint now = start;
  TimePoint next = start;
  std::unique_ptr<Payloader> video_payloader = make_h264_payloader();
  std::unique_ptr<Payloader> audio_payloader = make_opus_payloader();
  StreamView view{FrameHistory{CacheLimits{}}};
  FakeTransport transport{now};
  std::optional<Viewer> viewer;
  unsigned units = 0;
  int key_frames_wanted = 0;
  std::vector<uint32_t> live_times;
};

TEST_F(ViewerTest, PacesTheFirstPictureAndIsLiveSoonAfter) {
  cache(300, 100'000);  // a key frame every ten seconds
  const TimePoint joined = now;
  settle(viewer->connect(transport, instant()));
  EXPECT_LE(transport.sent.size(), 16u);
  EXPECT_EQ(key_frames_wanted, 1) << "the cached key frame is ten seconds old";

  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(3000)));
  const auto sent = transport.of(0x1111);
  const auto marker = std::find_if(sent.begin(), sent.end(), [](const Sent& one) { return one.packet.marker; });
  EXPECT_LE(marker->when - joined, milliseconds(60)) << "100 KB at 20 Mbit/s are 40 ms";
  EXPECT_GE(marker->when - joined, milliseconds(30)) << "and not all at once";
  EXPECT_LE(now - joined, milliseconds(1500)) << "ten seconds at ten times the rate, and what came meanwhile";
  EXPECT_LE(*std::max_element(transport.bursts.begin(), transport.bursts.end()), 16u);
  EXPECT_EQ(view.history.end(), units);
  for (size_t index = 1; index < sent.size(); ++index) {
    EXPECT_EQ(sent[index].packet.sequence, static_cast<uint16_t>(sent[index - 1].packet.sequence + 1));
  }
}

TEST_F(ViewerTest, SaysHowOldThePictureIsThatWentLast) {
  cache(300, 100'000);
  EXPECT_EQ(viewer->stats().tracks[0].behind, milliseconds(0));
  settle(viewer->connect(transport, instant()));
  const auto behind = [&] { return viewer->stats().tracks[0].behind; };
  EXPECT_NEAR(static_cast<double>(behind().count()), 10'000, 100) << "the key frame of ten seconds ago";
  milliseconds last = behind();
  bool rising = false;
  ASSERT_TRUE(run(
      [&] {
        rising = rising || behind() > last + milliseconds(100);
        last = behind();
        return last < milliseconds(1000);
      },
      milliseconds(3000)));
  EXPECT_FALSE(rising);
  EXPECT_TRUE(catching_up());
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(1000)));
  EXPECT_EQ(behind(), milliseconds(0));
}

TEST_F(ViewerTest, ClosesUpTimestampsSoThatTheReplayEndsLive) {
  cache(150, 60'000);
  settle(viewer->connect(transport, instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(3000)));
  for (int index = 0; index < 20; ++index) {
    now += kInterval;
    push_video(false, 10'000);
    settle(viewer->advance(instant()));
  }
  std::vector<std::pair<uint32_t, TimePoint>> frames;  // stamp, first sent
  for (const auto& one : transport.of(0x1111)) {
    if (frames.empty() || frames.back().first != one.packet.timestamp)
      frames.emplace_back(one.packet.timestamp, one.when);
  }
  ASSERT_EQ(frames.size(), units);
  const uint32_t offset = frames.back().first - live_times.back();
  for (size_t index = 1; index < frames.size(); ++index) {
    EXPECT_GT(static_cast<int32_t>(frames[index].first - frames[index - 1].first), 0) << index;
  }
  // Stamps say when a frame was sent, to 40 ms: a viewer that goes by them shows each at once.
  for (const auto& [stamp, when] : frames) {
    const double seconds = std::chrono::duration<double>(when - start).count();
    EXPECT_NEAR((stamp - offset) / 90000.0, seconds, 0.04);
  }
  for (size_t back = 1; back <= 15; ++back) {
    EXPECT_EQ(frames[frames.size() - back].first - offset, live_times[live_times.size() - back]);
  }
}

TEST_F(ViewerTest, JumpsToTheKeyFrameThatComesWhileItCatchesUp) {
  cache(300, 100'000);
  settle(viewer->connect(transport, instant()));
  run([] { return false; }, milliseconds(100));
  push_video(true, 50'000);
  const uint64_t key = view.history.end() - 1;
  settle(viewer->advance(instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(200)));
  EXPECT_GT(viewer->stats().tracks[0].frames_skipped, 200u);
  EXPECT_EQ(viewer->stats().tracks[0].sender.key_frames, 2u);
  EXPECT_EQ(*view.history.newest_key(kVideo), key);
}

TEST_F(ViewerTest, WaitsForAKeyFrameAndAsksForOneWhenNoneIsCached) {
  push_video(false, 5000);
  settle(viewer->connect(transport, instant()));
  EXPECT_EQ(key_frames_wanted, 1);
  run([] { return false; }, milliseconds(1200));
  EXPECT_TRUE(transport.sent.empty());
  EXPECT_EQ(key_frames_wanted, 2) << "once a second as long as there is no picture";
  push_video(true, 20'000);
  settle(viewer->advance(instant()));
  EXPECT_TRUE(run([&] { return viewer->stats().tracks[0].sender.key_frames == 1; }, milliseconds(100)));
}

TEST_F(ViewerTest, SkipsToTheNextKeyFrameWhenItFallsBehind) {
  cache(2, 20'000);
  settle(viewer->connect(transport, instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(500)));
  transport.room = 3;  // in the middle of a frame
  run([] { return false; }, milliseconds(800));
  const uint64_t frames_before = viewer->stats().tracks[0].sender.frames;
  push_video(true, 20'000);
  transport.room = SIZE_MAX;
  settle(viewer->advance(instant()));
  ASSERT_TRUE(
      run([&] { return !catching_up() && viewer->stats().tracks[0].sender.key_frames == 2; }, milliseconds(500)));
  EXPECT_GT(viewer->stats().tracks[0].frames_skipped, 15u);
  EXPECT_LE(viewer->stats().tracks[0].sender.frames, frames_before + 20);
  // What was sent has no holes: the receiver sees no loss, only a jump in time.
  const auto sent = transport.of(0x1111);
  for (size_t index = 1; index < sent.size(); ++index) {
    ASSERT_EQ(sent[index].packet.sequence, static_cast<uint16_t>(sent[index - 1].packet.sequence + 1)) << index;
  }
  EXPECT_EQ(transport.srtp().refused(), 0u);
}

TEST_F(ViewerTest, GivesTheCachedPictureAgainWhenTheSourceDoesNotAnswer) {
  cache(30, 20'000);
  settle(viewer->connect(transport, instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(1500)));
  Buffer loss;
  rtcp::write(loss, rtcp::PictureLoss{1, 0x1111});
  settle(viewer->on_rtcp(loss, instant()));
  EXPECT_EQ(key_frames_wanted, 1);
  run([] { return false; }, milliseconds(300));
  settle(viewer->on_rtcp(loss, instant()));
  EXPECT_FALSE(catching_up()) << "the source may still answer";
  run([] { return false; }, milliseconds(500));
  settle(viewer->on_rtcp(loss, instant()));
  EXPECT_TRUE(catching_up());
  EXPECT_TRUE(run([&] { return !catching_up(); }, milliseconds(2000)));
  EXPECT_EQ(viewer->stats().tracks[0].sender.key_frames, 2u);
  EXPECT_EQ(viewer->stats().picture_losses, 3u);
  EXPECT_EQ(transport.srtp().refused(), 0u);
}

TEST_F(ViewerTest, TakesARepeatedFullIntraRequestForOne) {
  cache(30, 20'000);
  settle(viewer->connect(transport, instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(1500)));
  const auto request = [&](uint8_t number, uint32_t sender = 1, uint32_t media = 0x1111) {
    Buffer packet;
    rtcp::write(packet, rtcp::FullIntraRequest{sender, {{media, number}}});
    settle(viewer->on_rtcp(packet, instant()));
    return viewer->stats().picture_losses;
  };
  const auto answer = [&] {
    const uint64_t before = viewer->stats().tracks[0].sender.key_frames;
    push_video(true, 20'000);
    settle(viewer->advance(instant()));
    return run([&] { return viewer->stats().tracks[0].sender.key_frames > before; }, milliseconds(500));
  };
  EXPECT_EQ(request(255), 1u);
  EXPECT_EQ(key_frames_wanted, 1);
  EXPECT_EQ(request(255), 2u) << "nothing has come yet: it still holds";
  ASSERT_TRUE(answer());
  const TimePoint answered = now;
  EXPECT_EQ(request(255), 2u) << "it crossed the answer";
  run([&] { return now - answered > milliseconds(900); }, milliseconds(1000));
  EXPECT_EQ(request(255), 2u) << "on a slow way";
  EXPECT_EQ(key_frames_wanted, 2);
  run([&] { return now - answered > milliseconds(1000); }, milliseconds(1000));
  EXPECT_EQ(request(255), 3u) << "the answer was lost";
  EXPECT_EQ(key_frames_wanted, 3);
  ASSERT_TRUE(answer());
  EXPECT_EQ(request(255), 3u);
  EXPECT_EQ(request(0), 4u);
  ASSERT_TRUE(answer());
  EXPECT_EQ(request(0, 2), 5u) << "somebody else's number";
  ASSERT_TRUE(answer());
  EXPECT_EQ(request(1, 1, 0x3333), 5u) << "sound has no key frames";
  EXPECT_EQ(request(1, 1, 0x4444), 5u);
}

TEST_F(ViewerTest, StartsSoundLiveAndKeepsItInStepWithThePicture) {
  for (int index = 0; index < 50; ++index) {
    push_video(index == 0, 5000);
    push_audio();
    now += milliseconds(20);
  }
  settle(viewer->connect(transport, instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(1000), false));
  EXPECT_TRUE(transport.of(0x3333).empty()) << "sound of the past is of no use";
  now += milliseconds(20);
  push_video(false, 1000);
  push_audio();
  settle(viewer->advance(instant()));
  const auto video = transport.of(0x1111).back();
  const auto audio = transport.of(0x3333);
  ASSERT_EQ(audio.size(), 1u);

  const auto when = [&](uint32_t ssrc, uint32_t stamp, double clock_rate) {
    for (const auto& record : transport.reports) {
      const auto* report = std::get_if<rtcp::SenderReport>(&record);
      if (report && report->ssrc == ssrc) {
        return static_cast<double>(rtcp::unix_from_ntp(report->ntp)) / 1e9 - 1.7e9 +
               static_cast<int32_t>(stamp - report->rtp_timestamp) / clock_rate;
      }
    }
    return -1.0;
  };
  const double picture = when(0x1111, video.packet.timestamp, 90000);
  EXPECT_NEAR(picture, when(0x3333, audio[0].packet.timestamp, 48000), 0.001);
  EXPECT_NEAR(picture, std::chrono::duration<double>(now - start).count(), 0.002);
}

TEST_F(ViewerTest, BoundsRepeats) {
  cache(30, 20'000);
  settle(viewer->connect(transport, instant()));
  ASSERT_TRUE(run([&] { return !catching_up(); }, milliseconds(1500)));
  const auto sent = transport.of(0x1111);
  std::vector<uint16_t> all;
  for (const auto& one : sent)
    all.push_back(one.packet.sequence);
  for (int round = 0; round < 50; ++round) {
    Buffer nack;
    rtcp::write(nack, rtcp::Nack{1, 0x1111, all});
    settle(viewer->on_rtcp(nack, instant()));
    now += milliseconds(20);
  }
  size_t bytes = 0;
  for (const auto& one : transport.of(0x2222))
    bytes += one.size;
  EXPECT_GT(bytes, 100'000u);
  EXPECT_LT(bytes, 700'000u) << "one and a half seconds at the stream's rate";
  EXPECT_GT(viewer->stats().tracks[0].sender.repeats_refused, 0u);
  EXPECT_EQ(transport.srtp().refused(), 0u);
}

TEST(FrameHistory, KeepsTwoSecondsOrAGroupOfPicturesWithinItsBounds) {
  CacheLimits limits;
  limits.gop_bytes = 100'000;
  FrameHistory history(limits);
  auto payloader = make_h264_payloader();
  TimePoint now(std::chrono::hours(1));
  const auto push = [&](bool key, size_t bytes) {
    now += milliseconds(100);
    return history.push({*payloader->packetize(h264_unit(key, bytes, 1), {}), 0, now});
  };
  EXPECT_FALSE(push(true, 1000));
  for (int index = 0; index < 50; ++index)
    EXPECT_FALSE(push(false, 1000));
  EXPECT_EQ(history.first(), 0u) << "the key frame is five seconds old and still of use";
  EXPECT_FALSE(push(true, 1000));
  EXPECT_EQ(*history.newest_key(0), history.end() - 1);
  EXPECT_LE(history.span(), milliseconds(2000));
  EXPECT_NEAR(static_cast<double>(history.bitrate(0)), 84'000, 8'000);

  bool dropped = false;
  for (int index = 0; index < 20 && !dropped; ++index)
    dropped = push(false, 10'000);
  EXPECT_TRUE(dropped) << "beyond 100 KB a group of pictures is not worth its memory";
  EXPECT_FALSE(history.newest_key(0));
  for (int index = 0; index < 300; ++index)
    push(false, 1000);
  EXPECT_LE(history.span(), milliseconds(2000));
  history.clear();
  EXPECT_EQ(history.bytes(), 0u);
  EXPECT_EQ(history.at(history.first()), nullptr);
}

}  // namespace
}  // namespace reallive::rtc
