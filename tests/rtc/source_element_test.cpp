// reallivertcsrc with GStreamer's webrtcbin as its publisher.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>
#include <vector>

#include "common/ref.h"
#include "source_element_fixture.h"
#include "support/wait.h"
#include "webrtcbin_publisher.h"

namespace reallive::rtc {
namespace {

using reallive::test::eventually;
using std::chrono::seconds;
using test::Output;
using test::Seen;
using test::SourceElement;
using test::WebrtcbinPublisher;

void expect_in_order(const std::vector<int>& shades) {
  for (size_t n = 1; n < shades.size(); ++n) {
    const int step = (shades[n] - shades[n - 1] + 4 * WebrtcbinPublisher::kShades) % (4 * WebrtcbinPublisher::kShades);
    ASSERT_NEAR(step, 4, 2) << "picture " << n << " after " << shades[n - 1] << " is " << shades[n];
  }
}

int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TEST_F(SourceElement, TakesH264AndOpusInOrderWithOneCaptureTime) {
  play();
  WebrtcbinPublisher publisher({});
  const std::string id = connect(publisher);
  ASSERT_TRUE(
      eventually([this] { return output("video_0").shades.size() >= 90 && count("audio_0") >= 100; }, seconds(20)));
  const Output video = output("video_0");
  EXPECT_NE(video.caps.find("stream-format=(string)byte-stream"), std::string::npos) << video.caps;
  EXPECT_NE(video.caps.find("alignment=(string)au"), std::string::npos);
  EXPECT_NE(video.caps.find("width=(int)160"), std::string::npos);
  const Output audio = output("audio_0");
  EXPECT_EQ(audio.caps.rfind("audio/x-opus", 0), 0u) << audio.caps;
  expect_in_order(video.shades);
  EXPECT_TRUE(video.buffers.front().key);
  for (const Output* out : {&video, &audio}) {
    for (size_t n = 0; n < out->buffers.size(); ++n) {
      const Seen& seen = out->buffers[n];
      ASSERT_EQ(seen.metas, 1) << n;
      ASSERT_TRUE(GST_CLOCK_TIME_IS_VALID(seen.pts)) << n << (out == &video ? " video" : " audio");
      ASSERT_LT(std::llabs(unix_now() - static_cast<int64_t>(seen.capture)), 30'000'000'000) << n;
      ASSERT_TRUE(n == 0 || seen.pts > out->buffers[n - 1].pts) << n;
    }
    EXPECT_TRUE(out->buffers.back().from_sender) << "sender reports have come";
  }
  const auto now = static_cast<int64_t>(gst_element_get_current_running_time(pipeline_.get()));
  EXPECT_LT(std::llabs(now - static_cast<int64_t>(video.buffers.back().pts)), 500'000'000);
  EXPECT_EQ(connected_ids_, std::vector<std::string>{id});

  GstStructure* raw = nullptr;
  g_signal_emit_by_name(source_.get(), "publisher-stats", id.c_str(), &raw);
  const StructurePtr stats(raw);
  ASSERT_TRUE(stats);
  gboolean is_connected = FALSE;
  EXPECT_TRUE(gst_structure_get_boolean(stats.get(), "connected", &is_connected) && is_connected);
  EXPECT_STREQ(gst_structure_get_string(stats.get(), "srtp-profile"), "AES128_CM_HMAC_SHA1_80");
  guint64 packets = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats.get(), "packets-received", &packets));
  EXPECT_GT(packets, 190u);
}

TEST_F(SourceElement, TakesVp8) {
  play();
  WebrtcbinPublisher::Config config;
  config.video = "vp8";
  config.audio = false;
  WebrtcbinPublisher publisher(config);
  connect(publisher);
  ASSERT_TRUE(eventually([this] { return output("video_0").shades.size() >= 60; }, seconds(20)));
  const Output video = output("video_0");
  EXPECT_EQ(video.caps.rfind("video/x-vp8", 0), 0u) << video.caps;
  expect_in_order(video.shades);
  for (const Seen& seen : video.buffers)
    ASSERT_EQ(seen.metas, 1);
}

TEST_F(SourceElement, AsksForAKeyframeOnDemand) {
  play();
  WebrtcbinPublisher::Config config;
  config.audio = false;
  config.keyframe_interval = 3000;
  WebrtcbinPublisher publisher(config);
  connect(publisher);
  ASSERT_TRUE(eventually([this] { return count("video_0") >= 20; }, seconds(20)));
  const auto keys = [this] {
    const auto buffers = output("video_0").buffers;
    return std::count_if(buffers.begin(), buffers.end(), [](const Seen& seen) { return seen.key; });
  };
  const auto before = keys();
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(source_.get(), "video_0"));
  gst_pad_send_event(pad.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
  EXPECT_TRUE(eventually([&] { return keys() > before; }, seconds(5)));
}

TEST_F(SourceElement, SaysWhyItRefuses) {
  WebrtcbinPublisher::Config config;
  WebrtcbinPublisher publisher(config);
  const std::string offer = publisher.offer();
  EXPECT_EQ(error_of(offer), "not-ready");
  play();
  EXPECT_EQ(error_of("nonsense"), "bad-offer");
  EXPECT_EQ(error_of(""), "bad-offer");
  std::string other = offer;
  for (const char* name : {"H264/90000", "OPUS/48000"}) {
    const auto at = other.find(name);
    ASSERT_NE(at, std::string::npos);
    other[at] = 'X';
  }
  EXPECT_EQ(error_of(other), "no-common-codec");
  EXPECT_TRUE(gst_structure_has_name(publish(offer).get(), "answer"));
  EXPECT_EQ(error_of(offer), "already-published");
}

TEST_F(SourceElement, DropsAPublisherThatNeverConnects) {
  g_object_set(source_.get(), "connect-timeout-ms", 300, nullptr);
  play();
  WebrtcbinPublisher publisher({});
  const auto answer = publish(publisher.offer());
  const std::string id = gst_structure_get_string(answer.get(), "publisher");
  ASSERT_TRUE(eventually([&] { return gone(id).has_value(); }));
  EXPECT_EQ(gone(id), "connect-timeout");
  EXPECT_EQ(count("video_0"), 0u);
  WebrtcbinPublisher next({});
  EXPECT_FALSE(connect(next).empty());
}

TEST_F(SourceElement, PublishersComeAndGo) {
  play();
  int descriptors = 0;
  int threads = 0;
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    std::string id;
    {
      WebrtcbinPublisher::Config config;
      config.video = round % 2 ? "vp8" : "h264";
      WebrtcbinPublisher publisher(config);
      const size_t before = count("video_0");
      id = connect(publisher);
      ASSERT_TRUE(eventually([&] { return count("video_0") > before + 5; }, seconds(20))) << "round " << round;
      EXPECT_TRUE(round % 3 != 0 || remove(id));
    }
    // The others are removed after they went without a word.
    EXPECT_TRUE(round % 3 == 0 || remove(id));
    ASSERT_TRUE(eventually([&] { return gone(id).has_value(); }, seconds(5)));
    ASSERT_TRUE(eventually([this] { return pads() == 0; })) << "round " << round;
    EXPECT_TRUE(output("video_0").eos);
    EXPECT_FALSE(remove(id));
    // What this test itself built behind the pads goes as well.
    clear_sinks();
    if (round == 1) {
      descriptors = reallive::test::open_descriptors();
      threads = reallive::test::live_threads();
    }
  }
  EXPECT_TRUE(eventually([&] { return reallive::test::open_descriptors() <= descriptors + 2; }))
      << descriptors << " to " << reallive::test::open_descriptors();
  EXPECT_TRUE(eventually([&] { return reallive::test::live_threads() <= threads + 2; }, seconds(30)))
      << threads << " to " << reallive::test::live_threads();
}

TEST_F(SourceElement, ASilentPublisherGivesItsPlaceToTheNext) {
  play();
  WebrtcbinPublisher next({});
  const std::string offer = next.offer();
  std::string first;
  {
    WebrtcbinPublisher publisher({});
    first = connect(publisher);
    ASSERT_TRUE(eventually([this] { return count("video_0") > 5; }, seconds(20)));
    EXPECT_EQ(error_of(offer), "already-published");
  }
  StructurePtr answer;
  ASSERT_TRUE(eventually(
      [&] {
        answer = publish(offer);
        return gst_structure_has_name(answer.get(), "answer") != FALSE;
      },
      seconds(9)))
      << "not within nine seconds";
  next.accept(gst_structure_get_string(answer.get(), "sdp"));
  EXPECT_TRUE(eventually([&] { return gone(first) == "replaced"; }));
  const size_t before = count("video_0") + count("video_1");
  EXPECT_TRUE(eventually([&] { return count("video_0") + count("video_1") > before + 5; }, seconds(20)));
}

TEST_F(SourceElement, CyclesThroughItsStatesWithAPublisherInside) {
  for (int round = 0; round < 3; ++round) {
    play();
    guint port = 0;
    g_object_get(source_.get(), "port", &port, nullptr);
    EXPECT_NE(port, 0u);
    WebrtcbinPublisher publisher({});
    const size_t before = count("video_0");
    const std::string id = connect(publisher);
    ASSERT_TRUE(eventually([&] { return count("video_0") > before; }, seconds(20)));
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    EXPECT_EQ(pads(), 0u);
    ASSERT_TRUE(eventually([&] { return gone(id).has_value(); }));
    EXPECT_EQ(gone(id), "shutdown");
    g_object_get(source_.get(), "port", &port, nullptr);
    EXPECT_EQ(port, 0u);
    clear_sinks();
  }
}

TEST_F(SourceElement, AnswersLatencyAsALiveSource) {
  g_object_set(source_.get(), "latency", 120, nullptr);
  play();
  WebrtcbinPublisher publisher({});
  connect(publisher);
  ASSERT_TRUE(eventually([this] { return count("video_0") > 0; }, seconds(20)));
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(source_.get(), "video_0"));
  const auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  ASSERT_TRUE(gst_pad_query(pad.get(), query.get()));
  gboolean live = FALSE;
  GstClockTime least = 0;
  gst_query_parse_latency(query.get(), &live, &least, nullptr);
  EXPECT_TRUE(live);
  EXPECT_GE(least, 120 * GST_MSECOND);
  EXPECT_LT(least, 200 * GST_MSECOND) << "the parser must not wait for the next picture";
}

}  // namespace
}  // namespace reallive::rtc
