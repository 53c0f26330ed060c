// load-webrtcbin: one stream to many viewers the way GStreamer offers it, a webrtcbin for each behind a tee.
//
//   load-webrtcbin [--kbps 2500]
//
// What `./dev bench fanout` compares with. Answers POSTed offers (setup:active, profile 42c01f) on a loopback port,
// which it prints, until it is killed. One request at a time, no authentication: a comparator, not a server.
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#define GST_USE_UNSTABLE_API
#include <gst/webrtc/webrtc.h>
#include <thread>

#include "common/ref.h"
#include "load/arguments.h"
#include "load/clip.h"
#include "load/clock.h"
#include "load/figures.h"
#include "load/offer_server.h"

using namespace reallive;
using namespace reallive::load;

namespace {

class Fanout {
 public:
  explicit Fanout(const Clip& clip) : clip_(clip) {
    pipeline_ = Ref<GstElement>::sink(
        gst_parse_launch("appsrc name=source is-live=true format=time do-timestamp=true "
                         "caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate=30/1 "
                         "! h264parse config-interval=-1 ! rtph264pay pt=102 mtu=1200 aggregate-mode=zero-latency "
                         "! tee name=tee allow-not-linked=true",
                         nullptr));
    tee_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "tee"));
    source_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "source"));
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    pacer_ = std::jthread([this](std::stop_token stop) { pace(stop); });
  }
  ~Fanout() {
    pacer_.request_stop();
    pacer_.join();
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }

  std::string answer(const std::string& offer_text) {
    GstSDPMessage* message = nullptr;
    if (gst_sdp_message_new_from_text(offer_text.c_str(), &message) != GST_SDP_OK) return {};
    GstElement* queue = gst_element_factory_make("queue", nullptr);
    GstElement* peer = gst_element_factory_make("webrtcbin", nullptr);
    g_object_set(peer, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
    gst_bin_add_many(GST_BIN(pipeline_.get()), queue, peer, nullptr);
    gst_element_link_many(tee_.get(), queue, peer, nullptr);
    gst_element_sync_state_with_parent(queue);
    gst_element_sync_state_with_parent(peer);

    auto* offer = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message);
    call(peer, "set-remote-description", offer);
    gst_webrtc_session_description_free(offer);
    GstPromise* promise = gst_promise_new();
    g_signal_emit_by_name(peer, "create-answer", nullptr, promise);
    gst_promise_wait(promise);
    GstWebRTCSessionDescription* answer = nullptr;
    if (auto* reply = gst_promise_get_reply(promise)) {
      gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &answer, nullptr);
    }
    gst_promise_unref(promise);
    if (!answer) return {};
    call(peer, "set-local-description", answer);
    gst_webrtc_session_description_free(answer);
    return gathered(peer);
  }

 private:
  static void call(GstElement* peer, const char* signal, GstWebRTCSessionDescription* description) {
    GstPromise* promise = gst_promise_new();
    g_signal_emit_by_name(peer, signal, description, promise);
    gst_promise_wait(promise);
    gst_promise_unref(promise);
  }

  /// The local description once all candidates are in it.
  static std::string gathered(GstElement* peer) {
    GstWebRTCICEGatheringState state = GST_WEBRTC_ICE_GATHERING_STATE_NEW;
    for (int64_t limit = now_ns() + 10 * kSecond; now_ns() < limit;) {
      g_object_get(peer, "ice-gathering-state", &state, nullptr);
      if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) break;
      g_usleep(5000);
    }
    GstWebRTCSessionDescription* local = nullptr;
    g_object_get(peer, "local-description", &local, nullptr);
    if (!local) return {};
    gchar* text = gst_sdp_message_as_text(local->sdp);
    std::string result = text;
    g_free(text);
    gst_webrtc_session_description_free(local);
    return result;
  }

  void pace(const std::stop_token& stop) {
    int64_t next = now_ns();
    for (size_t at = 0; !stop.stop_requested(); at = (at + 1) % clip_.frames.size()) {
      const auto& bytes = clip_.frames[at].annex_b;
      GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
      if (!clip_.frames[at].key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
      gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer);
      next += kSecond / clip_.fps;
      timespec until{next / kSecond, next % kSecond};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
  }

  const Clip& clip_;
  Ref<GstElement> pipeline_, tee_, source_;
  std::jthread pacer_;
};

}  // namespace

int main(int count, char** values) {
  gst_init(nullptr, nullptr);
  Arguments arguments(count, values);
  auto clip = Clip::make(2, static_cast<int>(arguments.number("--kbps", 2500)));
  if (!clip) {
    Line().add("failure", clip.error().message).print();
    return 1;
  }
  Fanout fanout(*clip);
  serve_offers([&](const std::string& offer) { return fanout.answer(offer); });
}
