#include "media/webrtcbin_viewer.h"

#define GST_USE_UNSTABLE_API
#include <cmath>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <gtest/gtest.h>

#include "support/wait.h"

namespace reallive::media::test {

namespace {

constexpr size_t kWindow = 9600;

/// Until it is done: a webrtcbin that ends with a description still to be set leaves its agent and sockets behind.
void set_description(GstElement* webrtc, const char* signal, GstWebRTCSessionDescription* description) {
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(webrtc, signal, description, promise);
  gst_promise_wait(promise);
  gst_promise_unref(promise);
  gst_webrtc_session_description_free(description);
}

}  // namespace

WebrtcbinViewer::WebrtcbinViewer(const std::string& video, bool sound) {
  pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  webrtc_ = gst_element_factory_make("webrtcbin", nullptr);
  g_object_set(webrtc_, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), webrtc_);
  GObject* agent = nullptr;
  g_object_get(webrtc_, "ice-agent", &agent, nullptr);
  gboolean added = FALSE;
  g_signal_emit_by_name(agent, "add-local-ip-address", "127.0.0.1", &added);
  // Nobody's router is asked to open ports: the search for one outlives the viewer.
  GObject* nice = nullptr;
  g_object_get(agent, "agent", &nice, nullptr);
  g_object_set(nice, "upnp", FALSE, nullptr);
  g_object_unref(nice);
  g_object_unref(agent);
  pads_ = Connection::make<void, GstPad*>(webrtc_, "pad-added", [this](GstPad* pad) { decode(pad); });
  const auto receive = [this](const std::string& caps) {
    const auto owned = Ref<GstCaps>::adopt(gst_caps_from_string(caps.c_str()));
    GstWebRTCRTPTransceiver* transceiver = nullptr;
    g_signal_emit_by_name(webrtc_, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, owned.get(),
                          &transceiver);
    gst_object_unref(transceiver);
  };
  const std::string feedback = ",clock-rate=90000,payload=96,rtcp-fb-nack=true,rtcp-fb-nack-pli=true";
  if (video == "H264") {
    receive(
        "application/x-rtp,media=video,encoding-name=H264,packetization-mode=(string)1,"
        "profile-level-id=(string)42e01f" +
        feedback);
  } else if (!video.empty()) {
    receive("application/x-rtp,media=video,encoding-name=" + video + feedback);
  }
  if (sound)
    receive("application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,encoding-params=(string)2");
}

WebrtcbinViewer::~WebrtcbinViewer() {
  // A webrtcbin that ends while it gathers candidates leaves its agent and its sockets behind.
  const auto gathered = [this] {
    GstWebRTCICEGatheringState state = GST_WEBRTC_ICE_GATHERING_STATE_NEW;
    g_object_get(webrtc_, "ice-gathering-state", &state, nullptr);
    return state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE;
  };
  EXPECT_TRUE(!offered_ || reallive::test::eventually(gathered));
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

std::string WebrtcbinViewer::offer() {
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(webrtc_, "create-offer", nullptr, promise);
  gst_promise_wait(promise);
  GstWebRTCSessionDescription* offer = nullptr;
  gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, nullptr);
  gst_promise_unref(promise);
  const CString text(gst_sdp_message_as_text(offer->sdp));
  set_description(webrtc_, "set-local-description", offer);
  offered_ = true;
  return text.get();
}

void WebrtcbinViewer::accept(const std::string& answer) {
  GstSDPMessage* message = nullptr;
  ASSERT_EQ(gst_sdp_message_new_from_text(answer.c_str(), &message), GST_SDP_OK);
  auto* description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
  set_description(webrtc_, "set-remote-description", description);
}

void WebrtcbinViewer::decode(GstPad* pad) {
  const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  const GstStructure* structure = gst_caps_get_structure(caps.get(), 0);
  const bool video = g_strcmp0(gst_structure_get_string(structure, "media"), "video") == 0;
  const bool h265 = g_strcmp0(gst_structure_get_string(structure, "encoding-name"), "H265") == 0;
  const char* line = !video ? "queue ! rtpopusdepay ! opusdec ! audioconvert ! "
                              "capsfilter caps=audio/x-raw,format=F32LE,channels=1,rate=48000 ! "
                     : h265 ? "queue ! rtph265depay ! h265parse ! avdec_h265 ! "
                            : "queue ! rtph264depay ! h264parse ! avdec_h264 ! ";
  GstElement* bin =
      gst_parse_bin_from_description((std::string(line) + "fakesink name=f sync=false").c_str(), TRUE, nullptr);
  const auto last = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin), "f"));
  const auto entry = Ref<GstPad>::adopt(gst_element_get_static_pad(last.get(), "sink"));
  gst_pad_add_probe(
      entry.get(), GST_PAD_PROBE_TYPE_BUFFER,
      video ? [](GstPad* pad, GstPadProbeInfo*, gpointer data) {
        auto* const self = static_cast<WebrtcbinViewer*>(data);
        const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
        int width = 0;
        if (caps) gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "width", &width);
        self->width_ = width;
        ++self->pictures_;
        return GST_PAD_PROBE_OK;
      } : [](GstPad*, GstPadProbeInfo* info, gpointer self) {
        static_cast<WebrtcbinViewer*>(self)->take_sound(GST_PAD_PROBE_INFO_BUFFER(info));
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), bin);
  gst_element_sync_state_with_parent(bin);
  const auto target = Ref<GstPad>::adopt(gst_element_get_static_pad(bin, "sink"));
  gst_pad_link(pad, target.get());
}

void WebrtcbinViewer::take_sound(GstBuffer* buffer) {
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
  const auto* const first = reinterpret_cast<const float*>(map.data);
  {
    const std::lock_guard lock(mutex_);
    samples_.insert(samples_.end(), first, first + map.size / sizeof(float));
    if (samples_.size() > kWindow) samples_.erase(samples_.begin(), samples_.end() - kWindow);
  }
  gst_buffer_unmap(buffer, &map);
}

// Goertzel's filter: the amplitude of one frequency.
double WebrtcbinViewer::level(double frequency) const {
  const double step = 2 * M_PI * frequency / 48000;
  double sine = 0;
  double cosine = 0;
  for (size_t i = 0; i < samples_.size(); ++i) {
    sine += samples_[i] * std::sin(step * static_cast<double>(i));
    cosine += samples_[i] * std::cos(step * static_cast<double>(i));
  }
  return 2 * std::hypot(sine, cosine) / static_cast<double>(kWindow);
}

bool WebrtcbinViewer::hears(double frequency) const {
  const std::lock_guard lock(mutex_);
  return samples_.size() == kWindow && level(frequency) > 0.1 && level(frequency) > 10 * level(frequency * 1.5);
}

}  // namespace reallive::media::test
