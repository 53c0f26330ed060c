// reallivertcsrc with GStreamer's webrtcbin as its publisher.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <gst/app/app.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "common/connection.h"
#include "common/ref.h"
#include "support/wait.h"
#include "test_peer.h"
#include "webrtcbin_publisher.h"

namespace reallive::rtc {
namespace {

using reallive::test::eventually;
using std::chrono::seconds;
using test::WebrtcbinPublisher;

struct Seen {
  GstClockTime pts = 0;
  bool key = false;
  int metas = 0;
  GstClockTime capture = 0;
  bool from_sender = false;
};

// What came out of one pad.
struct Output {
  std::string caps;
  std::vector<Seen> buffers;
  std::vector<int> shades;  // of the decoded pictures
  bool eos = false;
};

Seen look_at(GstBuffer* buffer) {
  Seen seen;
  seen.pts = GST_BUFFER_PTS(buffer);
  seen.key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_REFERENCE_TIMESTAMP_META_API_TYPE)) {
    const auto* reference = reinterpret_cast<GstReferenceTimestampMeta*>(meta);
    const GstStructure* caps = gst_caps_get_structure(reference->reference, 0);
    if (gst_structure_has_name(caps, "timestamp/x-unix")) ++seen.metas;
    seen.capture = reference->timestamp;
    seen.from_sender = g_strcmp0(gst_structure_get_string(caps, "origin"), "sender") == 0;
  }
  return seen;
}

class SourceElement : public testing::Test {
 protected:
  SourceElement() {
    pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
    GstElement* source = gst_element_factory_make("reallivertcsrc", "in");
    if (!source) throw std::runtime_error("reallivertcsrc is not there");
    source_ = Ref<GstElement>::sink(source);
    g_object_set(source, "listen", ":0", nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), GST_ELEMENT(gst_object_ref(source)));
    added_ = Connection::make<void, GstPad*>(source, "pad-added",
                                             std::function<void(GstPad*)>([this](GstPad* pad) { take(pad); }));
    gone_ = Connection::make<void, const char*, const char*>(
        source, "publisher-gone",
        std::function<void(const char*, const char*)>([this](const char* id, const char* reason) {
          const std::lock_guard lock(mutex_);
          gone_reasons_[id] = reason;
        }));
    connected_ = Connection::make<void, const char*>(source, "publisher-connected",
                                                     std::function<void(const char*)>([this](const char* id) {
                                                       const std::lock_guard lock(mutex_);
                                                       connected_ids_.push_back(id);
                                                     }));
  }
  ~SourceElement() override { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  void play() {
    EXPECT_EQ(gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
    EXPECT_EQ(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  }

  // Each pad: what comes is written down; video is decoded as well.
  void take(GstPad* pad) {
    const std::string name = GST_PAD_NAME(pad);
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
    const CString text(caps ? gst_caps_to_string(caps.get()) : nullptr);
    {
      const std::lock_guard lock(mutex_);
      outputs_[name].caps = text ? text.get() : "";
      outputs_[name].eos = false;
    }
    const bool h264 = text && g_str_has_prefix(text.get(), "video/x-h264");
    const bool vp8 = text && g_str_has_prefix(text.get(), "video/x-vp8");
    const std::string line = h264  ? "queue ! avdec_h264 output-corrupt=false ! fakesink name=end sync=false"
                             : vp8 ? "queue ! vp8dec ! fakesink name=end sync=false"
                                   : "queue ! fakesink name=end sync=false";
    GstElement* bin = gst_parse_bin_from_description(line.c_str(), TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), bin);
    const auto end = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin), "end"));
    const auto end_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(end.get(), "sink"));
    watch(pad, name, false);
    if (h264 || vp8) watch(end_pad.get(), name, true);
    const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(bin, "sink"));
    EXPECT_EQ(gst_pad_link(pad, sink.get()), GST_PAD_LINK_OK);
    gst_element_sync_state_with_parent(bin);
  }

  struct Watch {
    SourceElement* test;
    std::string name;
    bool decoded;
  };
  void watch(GstPad* pad, const std::string& name, bool decoded) {
    gst_pad_add_probe(
        pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          const auto& watch = *static_cast<Watch*>(data);
          watch.test->write_down(watch, info);
          return GST_PAD_PROBE_OK;
        },
        new Watch{this, name, decoded}, [](gpointer data) { delete static_cast<Watch*>(data); });
  }
  void write_down(const Watch& watch, GstPadProbeInfo* info) {
    const std::lock_guard lock(mutex_);
    Output& output = outputs_[watch.name];
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
      if (!watch.decoded && GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) output.eos = true;
      return;
    }
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (!watch.decoded) {
      output.buffers.push_back(look_at(buffer));
      return;
    }
    guint8 luma = 0;
    const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
    gst_buffer_extract(buffer, (meta ? meta->offset[0] : 0) + 80, &luma, 1);
    output.shades.push_back(luma);
  }

  StructurePtr publish(const std::string& offer) {
    GstStructure* answer = nullptr;
    g_signal_emit_by_name(source_.get(), "publish", offer.c_str(), nullptr, &answer);
    return StructurePtr(answer);
  }
  std::string error_of(const std::string& offer) {
    const auto answer = publish(offer);
    EXPECT_TRUE(gst_structure_has_name(answer.get(), "error"));
    const char* code = gst_structure_get_string(answer.get(), "code");
    return code ? code : "";
  }
  // The publisher's id.
  std::string connect(WebrtcbinPublisher& publisher) {
    const auto answer = publish(publisher.offer());
    if (!gst_structure_has_name(answer.get(), "answer")) {
      ADD_FAILURE() << gst_structure_get_string(answer.get(), "reason");
      return {};
    }
    publisher.accept(gst_structure_get_string(answer.get(), "sdp"));
    return gst_structure_get_string(answer.get(), "publisher");
  }

  Output output(const std::string& pad) {
    const std::lock_guard lock(mutex_);
    return outputs_[pad];
  }
  size_t count(const std::string& pad) { return output(pad).buffers.size(); }
  std::optional<std::string> gone(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = gone_reasons_.find(id);
    return found == gone_reasons_.end() ? std::nullopt : std::optional(found->second);
  }
  bool remove(const std::string& id) {
    gboolean removed = FALSE;
    g_signal_emit_by_name(source_.get(), "remove-publisher", id.c_str(), &removed);
    return removed != FALSE;
  }
  guint pads() {
    GST_OBJECT_LOCK(source_.get());
    const guint number = source_->numpads;
    GST_OBJECT_UNLOCK(source_.get());
    return number;
  }
  // Takes away what take() has built.
  void clear_sinks() {
    std::vector<GstElement*> others;
    GST_OBJECT_LOCK(pipeline_.get());
    for (GList* item = GST_BIN_CHILDREN(pipeline_.get()); item; item = item->next) {
      if (item->data != source_.get()) others.push_back(GST_ELEMENT(item->data));
    }
    GST_OBJECT_UNLOCK(pipeline_.get());
    for (GstElement* element : others) {
      gst_element_set_state(element, GST_STATE_NULL);
      gst_bin_remove(GST_BIN(pipeline_.get()), element);
    }
  }

  Ref<GstElement> pipeline_;
  Ref<GstElement> source_;
  Connection added_, gone_, connected_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Output> outputs_;
  std::map<std::string, std::string> gone_reasons_;
  std::vector<std::string> connected_ids_;
};

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

// RTP packets of real pictures, in order, each picture by itself.
std::vector<std::vector<Buffer>> packets_of(int pictures) {
  const std::string line =
      "videotestsrc pattern=snow num-buffers=" + std::to_string(pictures) +
      " ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc tune=zerolatency threads=1 aud=false bitrate=2000 "
      "! rtph264pay mtu=400 config-interval=-1 pt=102 ! appsink name=out sync=false";
  const auto pipeline = Ref<GstElement>::sink(gst_parse_launch(line.c_str(), nullptr));
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::vector<std::vector<Buffer>> all(1);
  while (const auto sample = Ref<GstSample>::adopt(gst_app_sink_pull_sample(GST_APP_SINK(out.get())))) {
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    Buffer packet(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, packet.data(), packet.size());
    const bool marker = (packet[1] & 0x80) != 0;
    all.back().push_back(std::move(packet));
    if (marker) all.emplace_back();
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  all.pop_back();
  return all;
}

class PacketByPacket : public SourceElement {
 protected:
  void begin() {
    pictures_ = packets_of(3);
    ASSERT_EQ(pictures_.size(), 3u);
    for (const auto& picture : pictures_)
      ASSERT_NE(picture.size() % 16, 0u) << "some of each have to wait for its end";
    play();
    OfferOptions options;
    options.direction = sdp::Direction::kSendOnly;
    const auto answer = publish(peer_.offer(options));
    ASSERT_TRUE(gst_structure_has_name(answer.get(), "answer"));
    peer_.accept(gst_structure_get_string(answer.get(), "sdp"));
    ASSERT_TRUE(peer_.run_until([&] {
      const std::lock_guard lock(mutex_);
      return peer_.connected() && !connected_ids_.empty();
    }));
  }
  void send(size_t picture, size_t first, size_t count, bool marked = true) {
    for (size_t index = first; index < std::min(first + count, pictures_[picture].size()); ++index) {
      Buffer packet = pictures_[picture][index];
      if (!marked) packet[1] &= 0x7F;
      peer_.send_rtp(packet);
    }
  }
  // Packets that have gone through the session, as of at most a second ago.
  guint64 taken() {
    GstStructure* raw = nullptr;
    g_object_get(source_.get(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    guint64 packets = 0;
    gst_structure_get_uint64(stats.get(), "packets", &packets);
    return packets;
  }
  bool shown(size_t pictures) {
    return peer_.run_until([&] { return count("video_0") == pictures; });
  }

  std::vector<std::vector<Buffer>> pictures_;
  TestPeer peer_;
};

TEST_F(PacketByPacket, GivesAPictureAsSoonAsItsLastPacketIsThere) {
  begin();
  ASSERT_GT(pictures_[0].size(), 40u) << "more than may wait for each other";
  for (size_t picture = 0; picture < 3; ++picture) {
    const size_t last = pictures_[picture].size() - 1;
    send(picture, 0, last);
    peer_.run_until([] { return false; }, std::chrono::milliseconds(50));
    EXPECT_EQ(count("video_0"), picture);
    send(picture, last, 1);
    EXPECT_TRUE(shown(picture + 1));
  }
}

// RFC 6184 section 5.1: the marker may be missing, and its packet may be lost.
TEST_F(PacketByPacket, GivesAPictureWithoutItsMarkerWhenTheNextIsThere) {
  begin();
  send(0, 0, SIZE_MAX, false);
  send(1, 0, SIZE_MAX, false);
  EXPECT_TRUE(shown(1));
  send(2, 0, SIZE_MAX, false);
  EXPECT_TRUE(shown(2));
}

TEST_F(PacketByPacket, GivesThePictureThatItsPublishersEndInterrupts) {
  begin();
  send(0, 0, SIZE_MAX);
  send(1, 0, SIZE_MAX);
  ASSERT_TRUE(shown(2));
  send(2, 0, SIZE_MAX, false);
  size_t sent = 0;
  for (const auto& picture : pictures_)
    sent += picture.size();
  ASSERT_TRUE(peer_.run_until([&] { return taken() == sent; }))
      << taken() << " of " << sent;  // goodbye overtakes media
  peer_.say_goodbye();
  EXPECT_TRUE(shown(3));
  EXPECT_TRUE(eventually([&] { return output("video_0").eos; }));
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
