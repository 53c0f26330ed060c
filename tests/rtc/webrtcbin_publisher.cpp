#include "webrtcbin_publisher.h"

#define GST_USE_UNSTABLE_API
#include <cstring>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <stdexcept>

#include "support/wait.h"

namespace reallive::rtc::test {

namespace {

std::string launch_line(const WebrtcbinPublisher::Config& config) {
  std::string line = "webrtcbin name=peer bundle-policy=max-bundle ";
  const std::string frames =
      "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 ! identity name=frames "
      "! ";
  const std::string interval = std::to_string(config.keyframe_interval);
  if (config.video == "h264") {
    line += frames +
            "x264enc tune=zerolatency sliced-threads=true threads=2 speed-preset=ultrafast qp-max=20 key-int-max=" +
            interval +
            " ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency "
            "! application/x-rtp,media=video,encoding-name=H264,payload=96 ! peer. ";
  } else if (config.video == "vp8") {
    line += frames + "vp8enc deadline=1 cpu-used=8 max-quantizer=20 keyframe-max-dist=" + interval +
            " ! rtpvp8pay ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer. ";
  }
  if (config.audio) {
    line +=
        "audiotestsrc is-live=true ! opusenc ! rtpopuspay ! "
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer. ";
  }
  return line;
}

}  // namespace

WebrtcbinPublisher::WebrtcbinPublisher(const Config& config) {
  GError* raw = nullptr;
  pipeline_ = Ref<GstElement>::sink(gst_parse_launch(launch_line(config).c_str(), &raw));
  const GErrorPtr error(raw);
  if (!pipeline_ || error) throw std::runtime_error(error ? error->message : "no pipeline");
  peer_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "peer"));
  const auto frames = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "frames"));
  if (frames) {
    const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(frames.get(), "src"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, number_frame, this, nullptr);
  }
  GArray* transceivers = nullptr;
  g_signal_emit_by_name(peer_.get(), "get-transceivers", &transceivers);
  for (guint n = 0; n < transceivers->len; ++n) {
    auto* transceiver = g_array_index(transceivers, GstWebRTCRTPTransceiver*, n);
    g_object_set(transceiver, "direction", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, "do-nack",
                 static_cast<gboolean>(config.nack), nullptr);
  }
  g_array_unref(transceivers);
}

WebrtcbinPublisher::~WebrtcbinPublisher() {
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

GstPadProbeReturn WebrtcbinPublisher::number_frame(GstPad*, GstPadProbeInfo* info, gpointer data) {
  auto* self = static_cast<WebrtcbinPublisher*>(data);
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
    constexpr size_t kLuma = 160 * 120;
    std::memset(map.data, shade(self->frames_++), kLuma);
    std::memset(map.data + kLuma, 128, map.size - kLuma);
    gst_buffer_unmap(buffer, &map);
  }
  return GST_PAD_PROBE_OK;
}

std::string WebrtcbinPublisher::offer() {
  std::atomic<bool> needed{false};
  const gulong handler = g_signal_connect(
      peer_.get(), "on-negotiation-needed",
      G_CALLBACK(+[](GstElement*, gpointer flag) { *static_cast<std::atomic<bool>*>(flag) = true; }), &needed);
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  const bool asked = reallive::test::eventually([&needed] { return needed.load(); });
  g_signal_handler_disconnect(peer_.get(), handler);
  if (!asked) throw std::runtime_error("webrtcbin wants no negotiation");
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(peer_.get(), "create-offer", nullptr, promise);
  gst_promise_wait(promise);
  GstWebRTCSessionDescription* description = nullptr;
  gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description,
                    nullptr);
  gst_promise_unref(promise);
  promise = gst_promise_new();
  g_signal_emit_by_name(peer_.get(), "set-local-description", description, promise);
  gst_promise_wait(promise);
  gst_promise_unref(promise);
  const CString text(gst_sdp_message_as_text(description->sdp));
  gst_webrtc_session_description_free(description);
  return text.get();
}

void WebrtcbinPublisher::accept(const std::string& answer) {
  GstSDPMessage* message = nullptr;
  if (gst_sdp_message_new_from_text(answer.c_str(), &message) != GST_SDP_OK) throw std::runtime_error("bad answer");
  auto* description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(peer_.get(), "set-remote-description", description, promise);
  gst_promise_wait(promise);
  gst_promise_unref(promise);
  gst_webrtc_session_description_free(description);
}

bool WebrtcbinPublisher::connected() const {
  gint state = 0;
  g_object_get(peer_.get(), "connection-state", &state, nullptr);
  return state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED;
}

}  // namespace reallive::rtc::test
