// The element reallivertcsink: pads, properties and signals by GstHarness, and real peers: ours and webrtcbin.
#include <gst/check/gstharness.h>
#include <gst/sdp/sdp.h>
#include <gst/video/video.h>
#define GST_USE_UNSTABLE_API
#include <atomic>
#include <chrono>
#include <gst/webrtc/webrtc.h>
#include <gtest/gtest.h>
#include <mutex>

#include "common/connection.h"
#include "common/ref.h"
#include "support/wait.h"
#include "test_media.h"
#include "test_peer.h"

namespace reallive::rtc {
namespace {

using std::chrono::milliseconds;
using test::eventually;

struct HarnessDeleter {
  void operator()(GstHarness* harness) const { gst_harness_teardown(harness); }
};

StructurePtr add_viewer(GstElement* sink, const std::string& offer) {
  GstStructure* answer = nullptr;
  g_signal_emit_by_name(sink, "add-viewer", offer.c_str(), nullptr, &answer);
  return StructurePtr(answer);
}

std::string text(const StructurePtr& structure, const char* field) {
  const char* value = structure ? gst_structure_get_string(structure.get(), field) : nullptr;
  return value ? value : "";
}

template <typename T>
T property(gpointer object, const char* name) {
  T value{};
  g_object_get(object, name, &value, nullptr);
  return value;
}

class SinkTest : public testing::Test {
 protected:
  SinkTest() {
    sink = Ref<GstElement>::sink(gst_element_factory_make("reallivertcsink", nullptr));
    g_object_set(sink.get(), "listen", "127.0.0.1:0", nullptr);
    connected = Connection::make<void, const char*>(sink.get(), "viewer-connected", [this](const char*) { ++joined; });
    gone = Connection::make<void, const char*, const char*>(sink.get(), "viewer-gone",
                                                            [this](const char*, const char* reason) {
                                                              std::lock_guard lock(mutex);
                                                              reasons.emplace_back(reason);
                                                            });
  }

  void start() {
    harness.reset(gst_harness_new_with_element(sink.get(), "video_%u", nullptr));
    gst_harness_set_src_caps_str(harness.get(),
                                 "video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline");
  }

  void push(bool key, size_t bytes) {
    const Buffer unit = h264_unit(key, bytes, frames);
    GstBuffer* buffer = gst_buffer_new_memdup(unit.data(), unit.size());
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = frames++ * GST_SECOND / 30;
    if (!key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    ASSERT_EQ(gst_harness_push(harness.get(), buffer), GST_FLOW_OK);
    units.push_back(unit);
  }

  std::vector<std::string> gone_reasons() {
    std::lock_guard lock(mutex);
    return reasons;
  }

  Ref<GstElement> sink;
  std::unique_ptr<GstHarness, HarnessDeleter> harness;
  unsigned frames = 0;
  std::vector<Buffer> units;
  std::atomic<int> joined{0};
  std::mutex mutex;
  std::vector<std::string> reasons;
  Connection connected;
  Connection gone;
};

TEST_F(SinkTest, AnswersOffersOnlyWhenItHasMedia) {
  TestPeer peer;
  EXPECT_EQ(text(add_viewer(sink.get(), peer.offer()), "code"), "not-ready");
  EXPECT_EQ(property<guint>(sink.get(), "port"), 0u);
  harness.reset(gst_harness_new_with_element(sink.get(), "video_%u", nullptr));
  EXPECT_FALSE(property<gboolean>(sink.get(), "ready"));
  EXPECT_EQ(text(add_viewer(sink.get(), peer.offer()), "code"), "not-ready");
  EXPECT_NE(property<guint>(sink.get(), "port"), 0u);

  std::atomic<int> notified{0};
  const auto ready = Connection::make<void, GParamSpec*>(sink.get(), "notify::ready", [&](GParamSpec*) { ++notified; });
  gst_harness_set_src_caps_str(harness.get(), "video/x-h264,stream-format=byte-stream,alignment=au");
  EXPECT_TRUE(property<gboolean>(sink.get(), "ready"));
  EXPECT_EQ(notified, 1);
  const auto answer = add_viewer(sink.get(), peer.offer());
  EXPECT_STREQ(gst_structure_get_name(answer.get()), "answer");
  EXPECT_EQ(text(answer, "viewer").size(), 32u);
  const auto refused = add_viewer(sink.get(), "nonsense");
  EXPECT_STREQ(gst_structure_get_name(refused.get()), "error");
  EXPECT_EQ(text(refused, "code"), "bad-offer");
  EXPECT_FALSE(text(refused, "reason").empty());
}

TEST_F(SinkTest, SendsWhatItIsGivenAndSaysGoodbye) {
  start();
  push(true, 20'000);
  TestPeer peer;
  const auto answer = add_viewer(sink.get(), peer.offer());
  peer.accept(text(answer, "sdp"));
  ASSERT_TRUE(peer.run_until([&] { return joined == 1; }));
  for (int index = 0; index < 10; ++index)
    push(false, 4000);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() == units.size(); }));
  EXPECT_TRUE(h264_frames(peer.packets) == units);

  const std::string viewer = text(answer, "viewer");
  EXPECT_TRUE(eventually([&] {  // figures are as of at most half a second ago
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(sink.get(), "viewer-stats", viewer.c_str(), &stats);
    const StructurePtr owned(stats);
    guint64 packets = 0;
    return gst_structure_get_uint64(stats, "packets-sent", &packets) && packets == peer.packets.size() &&
           text(owned, "srtp-profile") == "AEAD_AES_128_GCM";
  }));
  const StructurePtr totals(property<GstStructure*>(sink.get(), "stats"));
  guint viewers = 0;
  gst_structure_get_uint(totals.get(), "viewers-connected", &viewers);
  EXPECT_EQ(viewers, 1u);

  gst_element_set_state(sink.get(), GST_STATE_NULL);
  EXPECT_TRUE(eventually([&] { return gone_reasons() == std::vector<std::string>{"shutdown"}; }));
  EXPECT_TRUE(peer.run_until([&] { return peer.closed() == "closed"; }));
  EXPECT_TRUE(std::any_of(peer.reports.begin(), peer.reports.end(),
                          [](const auto& record) { return std::holds_alternative<rtcp::Bye>(record); }));
}

TEST_F(SinkTest, RemovesViewersAndTakesFragments) {
  start();
  push(true, 5000);
  TestPeer peer;
  const std::string viewer = text(add_viewer(sink.get(), peer.offer()), "viewer");
  const char* fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n";
  gboolean known = FALSE;
  g_signal_emit_by_name(sink.get(), "add-candidates", viewer.c_str(), fragment, &known);
  EXPECT_TRUE(known);
  GstStructure* restarted = nullptr;
  g_signal_emit_by_name(sink.get(), "restart-ice", viewer.c_str(), fragment, &restarted);
  EXPECT_NE(text(StructurePtr(restarted), "sdp").find("a=ice-ufrag:"), std::string::npos);
  g_signal_emit_by_name(sink.get(), "remove-viewer", viewer.c_str(), &known);
  EXPECT_TRUE(known);
  EXPECT_TRUE(eventually([&] { return gone_reasons() == std::vector<std::string>{"removed"}; }));
  g_signal_emit_by_name(sink.get(), "remove-viewer", viewer.c_str(), &known);
  EXPECT_FALSE(known);
}

TEST_F(SinkTest, TakesNoLongerDescriptionsAndPacketsThanItMay) {
  g_object_set(sink.get(), "max-sdp-bytes", 4096, "max-packet-bytes", 1280, nullptr);
  start();
  push(true, 5000);
  TestPeer peer;
  std::string offer = peer.offer();
  offer.resize(4097, '\n');
  const auto refused = add_viewer(sink.get(), offer);
  EXPECT_EQ(text(refused, "code"), "bad-offer");
  EXPECT_EQ(text(refused, "reason"), "larger than 4096 bytes");
  const auto answered = add_viewer(sink.get(), peer.offer());
  const std::string viewer = text(answered, "viewer");
  gboolean known = TRUE;
  std::string fragment = "a=end-of-candidates\r\n";
  fragment.resize(4097, '\n');
  g_signal_emit_by_name(sink.get(), "add-candidates", viewer.c_str(), fragment.c_str(), &known);
  EXPECT_FALSE(known);
  fragment.pop_back();
  g_signal_emit_by_name(sink.get(), "add-candidates", viewer.c_str(), fragment.c_str(), &known);
  EXPECT_TRUE(known);

  peer.accept(text(answered, "sdp"));
  ASSERT_TRUE(peer.run_until([&] { return joined == 1; }));
  peer.send_padded_check(1284);
  // Datagrams keep their order here: once this one is answered the other would have been.
  const auto theirs = sdp::transport_of(peer.answer, peer.answer.media[0]);
  peer.send_check(theirs.ufrag + ":" + peer.credentials().ufrag, theirs.pwd, false, false);
  ASSERT_TRUE(peer.run_until([&] { return !peer.stun_errors.empty(); }));
  EXPECT_EQ(peer.stun_errors.front(), 487);
}

TEST_F(SinkTest, AsksUpstreamForAKeyFrame) {
  start();
  push(true, 5000);
  TestPeer peer;
  peer.accept(text(add_viewer(sink.get(), peer.offer()), "sdp"));
  ASSERT_TRUE(peer.run_until([&] { return joined == 1 && !peer.packets.empty(); }));
  Buffer loss;
  rtcp::write(loss, rtcp::PictureLoss{1, peer.answer.media[0].ssrcs.at(0).ssrc});
  peer.send_rtcp(loss);
  bool asked = false;
  EXPECT_TRUE(eventually([&] {
    while (auto event = Ref<GstEvent>::adopt(gst_harness_try_pull_upstream_event(harness.get()))) {
      asked = asked || gst_video_event_is_force_key_unit(event.get());
    }
    return asked;
  }));
}

TEST_F(SinkTest, AFullIntraRequestIsOneUpstream) {
  start();
  push(true, 5000);
  TestPeer peer;
  const auto answered = add_viewer(sink.get(), peer.offer());
  const std::string viewer = text(answered, "viewer");
  peer.accept(text(answered, "sdp"));
  ASSERT_TRUE(peer.run_until([&] { return joined == 1 && !peer.packets.empty(); }));
  const auto asked = [&] {
    int count = 0;
    while (auto event = Ref<GstEvent>::adopt(gst_harness_try_pull_upstream_event(harness.get())))
      count += gst_video_event_is_force_key_unit(event.get()) ? 1 : 0;
    return count;
  };
  const auto stat = [&](const char* name) {
    GstStructure* raw = nullptr;
    g_signal_emit_by_name(sink.get(), "viewer-stats", viewer.c_str(), &raw);
    const StructurePtr stats(raw);
    guint64 value = 0;
    if (stats) gst_structure_get_uint64(stats.get(), name, &value);
    return value;
  };
  // A machine that is slow to connect leaves the picture to age, and the viewer asks by itself.
  int count = 0;
  asked();
  const auto send = [&](uint8_t number) {
    Buffer request;
    rtcp::write(request, rtcp::FullIntraRequest{1, {{peer.answer.media[0].ssrcs.at(0).ssrc, number}}});
    peer.send_rtcp(request);
  };
  ASSERT_TRUE(peer.run_until([&] {
    send(1);  // again and again, as RFC 5104 has it, until a key frame comes
    return (count += asked()) > 0;
  }));
  const size_t shown = h264_frames(peer.packets).size();
  push(true, 5000);
  ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() > shown; }));
  (void)asked();
  const auto late = std::chrono::steady_clock::now() + milliseconds(600);  // longer than requests are kept apart
  ASSERT_TRUE(peer.run_until([&] {
    send(1);
    return std::chrono::steady_clock::now() > late;
  }));
  Buffer marker;
  rtcp::write(marker, rtcp::Remb{1, 1'000'000, {}});
  peer.send_rtcp(marker);
  ASSERT_TRUE(peer.run_until([&] { return stat("remb-bps") > 0; }));
  EXPECT_EQ(asked(), 0) << "the request is answered already";
  ASSERT_TRUE(peer.run_until([&] {
    send(2);
    return asked() > 0;
  }));
}

TEST_F(SinkTest, TellsTheAddressesThatAreAnnounced) {
  g_object_set(sink.get(), "announced-addresses", "203.0.113.5, 2001:db8::5, 198.51.100.7:4000", nullptr);
  start();
  TestPeer peer;
  const auto answered = add_viewer(sink.get(), peer.offer());
  const auto answer = sdp::parse(text(answered, "sdp"));
  ASSERT_TRUE(answer);
  std::vector<std::string> told;
  for (const auto& candidate : answer->media.at(0).candidates)
    told.push_back(candidate.type + " " + candidate.address + " " + std::to_string(candidate.port));
  const std::string port = std::to_string(property<guint>(sink.get(), "port"));
  EXPECT_EQ(told, (std::vector<std::string>{"host 203.0.113.5 " + port, "host 2001:db8::5 " + port,
                                            "host 198.51.100.7 4000"}));
}

TEST_F(SinkTest, MeasuresWhatItSends) {
  start();
  const auto begin = std::chrono::steady_clock::now();
  const auto stat = [&](const char* name) {
    const StructurePtr stats(property<GstStructure*>(sink.get(), "stats"));
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats.get(), name, &value)) << name;
    return static_cast<double>(value);
  };
  EXPECT_EQ(stat("bitrate-bps"), 0);
  size_t pushed = 0;
  ASSERT_TRUE(eventually([&] {
    push(pushed == 0, 5000);
    pushed += units.back().size();
    return stat("cached-ms") >= 600;
  }));
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LE(stat("cached-ms"), elapsed * 1000);
  EXPECT_EQ(stat("bytes-in"), static_cast<double>(pushed));
  EXPECT_EQ(stat("frames-in"), static_cast<double>(frames));
  EXPECT_NEAR(stat("cached-bytes") / static_cast<double>(pushed), 1, 0.02);
  EXPECT_NEAR(stat("bitrate-bps") / (stat("cached-bytes") * 8000 / stat("cached-ms")), 1, 0.01);
  EXPECT_EQ(stat("frames-lost"), 0);
  EXPECT_EQ(stat("packets-refused"), 0);
}

TEST_F(SinkTest, ComesBackAfterEveryStateCycle) {
  const int threads = test::live_threads();
  for (int round = 0; round < 5; ++round) {
    frames = 0;
    units.clear();
    start();
    push(true, 5000);
    TestPeer peer;
    peer.accept(text(add_viewer(sink.get(), peer.offer()), "sdp"));
    ASSERT_TRUE(peer.run_until([&] { return h264_frames(peer.packets).size() == 1; }));
    harness.reset();
    gst_element_set_state(sink.get(), GST_STATE_NULL);
    EXPECT_FALSE(property<gboolean>(sink.get(), "ready"));
  }
  EXPECT_TRUE(eventually([&] { return gone_reasons().size() == 5; }));
  // GLib's pool keeps threads of its own; ours are gone.
  EXPECT_TRUE(eventually([&] { return test::live_threads() <= threads + 2; }));
}

TEST_F(SinkTest, PostsTheEndAfterAllItsPads) {
  auto pipeline = Ref<GstElement>::sink(gst_parse_launch(
      "appsrc name=v caps=video/x-vp8 format=time ! s.video_0 appsrc name=a caps=audio/x-opus format=time ! s.audio_0 "
      "reallivertcsink name=s listen=127.0.0.1:0",
      nullptr));
  ASSERT_TRUE(pipeline);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  const auto source = [&](const char* name) {
    return Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), name));
  };
  GstFlowReturn flow = GST_FLOW_ERROR;
  g_signal_emit_by_name(source("v").get(), "end-of-stream", &flow);
  EXPECT_FALSE(Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 100 * GST_MSECOND, GST_MESSAGE_EOS)));
  g_signal_emit_by_name(source("a").get(), "end-of-stream", &flow);
  EXPECT_TRUE(Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 5 * GST_SECOND, GST_MESSAGE_EOS)));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

TEST_F(SinkTest, SaysInASentenceWhatIsWrongWithItsAddress) {
  g_object_set(sink.get(), "listen", "192.0.2.77:9", nullptr);
  const auto bus = Ref<GstBus>::adopt(gst_bus_new());
  gst_element_set_bus(sink.get(), bus.get());
  EXPECT_EQ(gst_element_set_state(sink.get(), GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  const auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  ASSERT_TRUE(message);
  GError* error = nullptr;
  gst_message_parse_error(message.get(), &error, nullptr);
  const GErrorPtr owned(error);
  EXPECT_NE(std::string(error->message).find("192.0.2.77"), std::string::npos);
  gst_element_set_bus(sink.get(), nullptr);
  gst_element_set_state(sink.get(), GST_STATE_NULL);
}

// webrtcbin as a browser would be: offers to receive, gets our answer, decodes.
class WebrtcbinViewer {
 public:
  explicit WebrtcbinViewer(GstElement* sink) : sink_(sink) {
    pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
    webrtc_ = gst_element_factory_make("webrtcbin", nullptr);
    g_object_set(webrtc_, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), webrtc_);
    GObject* agent = nullptr;
    g_object_get(webrtc_, "ice-agent", &agent, nullptr);
    gboolean added = FALSE;
    g_signal_emit_by_name(agent, "add-local-ip-address", "127.0.0.1", &added);
    g_object_unref(agent);
    pads_ = Connection::make<void, GstPad*>(webrtc_, "pad-added", [this](GstPad* pad) { decode(pad); });
  }
  ~WebrtcbinViewer() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  void receive(const char* caps) {
    const auto owned = Ref<GstCaps>::adopt(gst_caps_from_string(caps));
    GstWebRTCRTPTransceiver* transceiver = nullptr;
    g_signal_emit_by_name(webrtc_, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, owned.get(),
                          &transceiver);
    gst_object_unref(transceiver);
  }

  void join() {
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    GstPromise* promise = gst_promise_new();
    g_signal_emit_by_name(webrtc_, "create-offer", nullptr, promise);
    gst_promise_wait(promise);
    GstWebRTCSessionDescription* offer = nullptr;
    gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, nullptr);
    gst_promise_unref(promise);
    const CString offer_text(gst_sdp_message_as_text(offer->sdp));
    g_signal_emit_by_name(webrtc_, "set-local-description", offer, nullptr);
    gst_webrtc_session_description_free(offer);

    const auto answer = add_viewer(sink_, offer_text.get());
    ASSERT_STREQ(gst_structure_get_name(answer.get()), "answer") << text(answer, "reason");
    GstSDPMessage* message = nullptr;
    ASSERT_EQ(gst_sdp_message_new_from_text(text(answer, "sdp").c_str(), &message), GST_SDP_OK);
    auto* description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
    g_signal_emit_by_name(webrtc_, "set-remote-description", description, nullptr);
    gst_webrtc_session_description_free(description);
  }

  std::atomic<int> pictures{0};
  std::atomic<int> sounds{0};

 private:
  void decode(GstPad* pad) {
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
    const char* media = gst_structure_get_string(gst_caps_get_structure(caps.get(), 0), "media");
    const bool video = g_strcmp0(media, "video") == 0;
    const char* encoding = gst_structure_get_string(gst_caps_get_structure(caps.get(), 0), "encoding-name");
    const char* line = !video ? "queue ! rtpopusdepay ! opusdec ! fakesink name=f "
                       : g_strcmp0(encoding, "VP8") == 0
                           ? "queue ! rtpvp8depay ! vp8dec ! fakesink name=f "
                           : "queue ! rtph264depay ! h264parse ! avdec_h264 ! fakesink name=f ";
    GstElement* bin = gst_parse_bin_from_description((std::string(line) + "sync=false").c_str(), TRUE, nullptr);
    const auto last = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin), "f"));
    const auto entry = Ref<GstPad>::adopt(gst_element_get_static_pad(last.get(), "sink"));
    gst_pad_add_probe(
        entry.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer counter) {
          ++*static_cast<std::atomic<int>*>(counter);
          return GST_PAD_PROBE_OK;
        },
        video ? &pictures : &sounds, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), bin);
    gst_element_sync_state_with_parent(bin);
    const auto target = Ref<GstPad>::adopt(gst_element_get_static_pad(bin, "sink"));
    gst_pad_link(pad, target.get());
  }

  GstElement* sink_;
  Ref<GstElement> pipeline_;
  GstElement* webrtc_ = nullptr;  // the pipeline's
  Connection pads_;
};

class Served {
 public:
  explicit Served(const std::string& sources) {
    pipeline = Ref<GstElement>::sink(
        gst_parse_launch((sources + " reallivertcsink name=s listen=127.0.0.1:0").c_str(), nullptr));
    sink = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "s"));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  }
  ~Served() { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }
  Ref<GstElement> pipeline;
  Ref<GstElement> sink;
};

TEST(SinkWithWebrtcbin, ShowsPictureAndSound) {
  Served served(
      "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc tune=zerolatency "
      "speed-preset=ultrafast key-int-max=600 ! video/x-h264,profile=constrained-baseline ! h264parse ! s.video_0 "
      "audiotestsrc is-live=true ! opusenc ! s.audio_0 ");
  ASSERT_TRUE(eventually([&] { return property<gboolean>(served.sink.get(), "ready") == TRUE; }));
  WebrtcbinViewer viewer(served.sink.get());
  viewer.receive(
      "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,packetization-mode=(string)1,"
      "profile-level-id=(string)42e01f,rtcp-fb-nack=true,rtcp-fb-nack-pli=true");
  viewer.receive(
      "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,encoding-params=(string)2");
  viewer.join();
  EXPECT_TRUE(eventually([&] { return viewer.pictures > 20 && viewer.sounds > 20; })) << viewer.pictures;
}

TEST(SinkWithWebrtcbin, ShowsVp8) {
  Served served(
      "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! vp8enc deadline=1 cpu-used=8 "
      "keyframe-max-dist=600 ! s.video_0 ");
  ASSERT_TRUE(eventually([&] { return property<gboolean>(served.sink.get(), "ready") == TRUE; }));
  WebrtcbinViewer viewer(served.sink.get());
  viewer.receive(
      "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,rtcp-fb-nack=true,"
      "rtcp-fb-nack-pli=true");
  viewer.join();
  EXPECT_TRUE(eventually([&] { return viewer.pictures > 20; })) << viewer.pictures;
}

}  // namespace
}  // namespace reallive::rtc
