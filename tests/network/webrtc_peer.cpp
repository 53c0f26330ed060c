#include "webrtc_peer.h"

#include <atomic>
#include <gst/sdp/sdp.h>
#include <stdexcept>

#include "common/guard.h"
#include "rtc/wire/sdp.h"
#include "support/wait.h"

namespace reallive::test {

namespace {

constexpr const char* kCaps =
    "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,packetization-mode=(string)1,"
    "profile-level-id=(string)42e01f";

// Ask for retransmissions on every transceiver.
void enable_repair(GstElement* webrtc) {
  GArray* transceivers = nullptr;
  g_signal_emit_by_name(webrtc, "get-transceivers", &transceivers);
  for (guint i = 0; i < transceivers->len; ++i)
    g_object_set(g_array_index(transceivers, GstWebRTCRTPTransceiver*, i), "do-nack", TRUE, nullptr);
  g_array_unref(transceivers);
}

}  // namespace

std::unique_ptr<WebrtcPeer> WebrtcPeer::viewer(unsigned latency_ms) {
  std::unique_ptr<WebrtcPeer> peer(
      new WebrtcPeer("webrtcbin name=webrtc bundle-policy=max-bundle latency=" + std::to_string(latency_ms)));
  GstCaps* const caps = gst_caps_from_string(kCaps);
  GstWebRTCRTPTransceiver* transceiver = nullptr;
  g_signal_emit_by_name(peer->webrtc_, "add-transceiver", GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps,
                        &transceiver);
  gst_caps_unref(caps);
  if (transceiver) gst_object_unref(transceiver);
  enable_repair(peer->webrtc_);
  return peer;
}

std::unique_ptr<WebrtcPeer> WebrtcPeer::publisher(const std::string& source, unsigned bitrate_kbps) {
  std::unique_ptr<WebrtcPeer> peer(new WebrtcPeer(
      source + " ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=60 bitrate=" +
      std::to_string(bitrate_kbps) +
      " ! video/x-h264,profile=constrained-baseline ! tee name=t "
      "t. ! queue ! rtph264pay aggregate-mode=zero-latency config-interval=-1 ! "
      "application/x-rtp,media=video,encoding-name=H264,payload=96 ! webrtcbin name=webrtc bundle-policy=max-bundle "
      "t. ! queue ! " +
      FrameHashes::kDecoder + "name=hashes"));
  enable_repair(peer->webrtc_);
  GstElement* const sink = gst_bin_get_by_name(GST_BIN(peer->pipeline_), "hashes");
  peer->sent_.attach(sink);
  gst_object_unref(sink);
  return peer;
}

WebrtcPeer::WebrtcPeer(const std::string& launch) {
  GError* error = nullptr;
  pipeline_ = gst_parse_launch(launch.c_str(), &error);
  if (error) throw std::runtime_error(error->message);
  if (!GST_IS_PIPELINE(pipeline_)) {  // a line of one element gives that element alone
    GstElement* const alone = pipeline_;
    pipeline_ = gst_pipeline_new(nullptr);
    gst_bin_add(GST_BIN(pipeline_), alone);
  }
  webrtc_ = gst_bin_get_by_name(GST_BIN(pipeline_), "webrtc");
  GObject* ice = nullptr;
  g_object_get(webrtc_, "ice-agent", &ice, nullptr);
  for (const char* const address : {"127.0.0.1", "::1"}) {  // left alone it offers every address but these
    gboolean added = FALSE;
    g_signal_emit_by_name(ice, "add-local-ip-address", address, &added);
    if (!added) throw std::runtime_error(std::string("webrtcbin does not take ") + address);
  }
  g_object_unref(ice);
  g_signal_connect(webrtc_, "pad-added", G_CALLBACK(+[](GstElement*, GstPad* pad, gpointer data) {
                     guard([&] { static_cast<WebrtcPeer*>(data)->on_pad_added(pad); });
                   }),
                   this);
}

WebrtcPeer::~WebrtcPeer() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(webrtc_);
  gst_object_unref(pipeline_);
}

void WebrtcPeer::on_pad_added(GstPad* pad) {
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  GstElement* const bin = gst_parse_bin_from_description(
      (std::string("rtph264depay ! h264parse ! ") + FrameHashes::kDecoder + "name=hashes").c_str(), TRUE, nullptr);
  GstElement* const sink = gst_bin_get_by_name(GST_BIN(bin), "hashes");
  received_.attach(sink);
  gst_object_unref(sink);
  gst_bin_add(GST_BIN(pipeline_), bin);
  gst_element_sync_state_with_parent(bin);
  GstPad* const target = gst_element_get_static_pad(bin, "sink");
  gst_pad_link(pad, target);
  gst_object_unref(target);
}

std::string WebrtcPeer::offer() {
  std::atomic<bool> needed{false};  // a publisher's pads have caps once its encoder has run
  const gulong handler = g_signal_connect(
      webrtc_, "on-negotiation-needed",
      G_CALLBACK(+[](GstElement*, gpointer flag) { *static_cast<std::atomic<bool>*>(flag) = true; }), &needed);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  const bool asked = eventually([&needed] { return needed.load(); });
  g_signal_handler_disconnect(webrtc_, handler);
  if (!asked) return {};
  GstPromise* promise = gst_promise_new();
  g_signal_emit_by_name(webrtc_, "create-offer", nullptr, promise);
  gst_promise_wait(promise);
  const GstStructure* const reply = gst_promise_get_reply(promise);
  GstWebRTCSessionDescription* description = nullptr;
  if (!reply || !gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, nullptr)) {
    gst_promise_unref(promise);
    return {};
  }
  gst_promise_unref(promise);
  promise = gst_promise_new();
  g_signal_emit_by_name(webrtc_, "set-local-description", description, promise);
  gst_promise_wait(promise);
  gst_promise_unref(promise);
  char* const text = gst_sdp_message_as_text(description->sdp);
  std::string result(text);
  g_free(text);
  gst_webrtc_session_description_free(description);
  return result;
}

bool WebrtcPeer::accept(const std::string& answer) {
  GstSDPMessage* message = nullptr;
  if (gst_sdp_message_new_from_text(answer.c_str(), &message) != GST_SDP_OK) return false;
  GstWebRTCSessionDescription* const description =
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
  GstPromise* const promise = gst_promise_new();
  g_signal_emit_by_name(webrtc_, "set-remote-description", description, promise);
  const bool done = gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED;
  gst_promise_unref(promise);
  gst_webrtc_session_description_free(description);
  return done;
}

GstWebRTCPeerConnectionState WebrtcPeer::state() const {
  GstWebRTCPeerConnectionState state = GST_WEBRTC_PEER_CONNECTION_STATE_NEW;
  g_object_get(webrtc_, "connection-state", &state, nullptr);
  return state;
}

std::string with_candidate(const std::string& answer, const rtc::SocketAddress& address) {
  rtc::sdp::Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = 2130706431;
  candidate.address = address.ip();
  candidate.port = address.port();
  auto session = rtc::sdp::parse(answer);
  if (!session) throw std::runtime_error(session.error().message);
  session->candidates.clear();
  for (auto& media : session->media) {
    media.candidates = {candidate};
    media.end_of_candidates = true;
  }
  return rtc::sdp::write(*session);
}

rtc::SocketAddress candidate_of(const std::string& answer) {
  const auto session = rtc::sdp::parse(answer);
  if (!session) throw std::runtime_error(session.error().message);
  auto all = session->candidates;
  for (const auto& media : session->media)
    all.insert(all.end(), media.candidates.begin(), media.candidates.end());
  for (const auto& candidate : all) {
    const auto address = rtc::SocketAddress::from_ip(candidate.address, candidate.port);
    if (address && candidate.protocol == "udp") return *address;
  }
  throw std::runtime_error("no candidate in the answer");
}

}  // namespace reallive::test
