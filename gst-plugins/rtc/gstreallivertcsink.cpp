// element-reallivertcsink: one encoded stream to any number of WebRTC viewers, all on one UDP port.
//
//   gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 !
//     video/x-h264,profile=baseline ! h264parse ! reallivertcsink listen=:8189
//
// Offers and answers pass through action signals (add-viewer, restart-ice, remove-viewer …), so that any program can
// carry them. It does not wait for the clock: what comes is sent.
#include "rtc/gstreallivertcsink.h"

#include <algorithm>
#include <gst/video/video.h>
#include <map>
#include <mutex>
#include <string>

#include "common/guard.h"
#include "common/ref.h"
#include "rtc/send/stream.h"
#include "rtc/sink_media.h"
#include "rtc/sink_notifier.h"
#include "rtc/sink_properties.h"
#include "rtc/sink_state.h"
#include "rtc/sink_structures.h"

GST_DEBUG_CATEGORY_STATIC(reallive_rtc_sink_debug);
#define GST_CAT_DEFAULT reallive_rtc_sink_debug

using namespace reallive;       // NOLINT(google-build-using-namespace)
using namespace reallive::rtc;  // NOLINT(google-build-using-namespace)

struct GstRealLiveRtcSink {
  GstElement parent;
  Sink* sink;
};
struct GstRealLiveRtcSinkClass {
  GstElementClass parent;
};
G_DEFINE_TYPE(GstRealLiveRtcSink, gst_reallive_rtc_sink, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(reallivertcsink, "reallivertcsink", GST_RANK_NONE, gst_reallive_rtc_sink_get_type())

namespace reallive::rtc {

Sink& sink_of(gpointer element) {
  return *reinterpret_cast<GstRealLiveRtcSink*>(element)->sink;
}

std::shared_ptr<Stream> stream_of(Sink& sink) {
  std::lock_guard lock(sink.mutex);
  return sink.stream;
}

SinkTrack* track_of(Sink& sink, GstPad* pad) {
  std::lock_guard lock(sink.mutex);
  const auto found = sink.tracks.find(pad);
  return found == sink.tracks.end() ? nullptr : found->second.get();
}

void update_ready(GstElement* element) {
  Sink& sink = sink_of(element);
  const bool ready = stream_of(sink)->ready();
  {
    std::lock_guard lock(sink.mutex);
    if (sink.ready == ready) return;
    sink.ready = ready;
  }
  g_object_notify(G_OBJECT(element), "ready");
}

}  // namespace reallive::rtc

namespace {

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au; "
                                            "video/x-h265, stream-format=(string)byte-stream, alignment=(string)au; "
                                            "video/x-vp8"));
GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("audio/x-opus"));

GstPad* request_new_pad(GstElement* element, GstPadTemplate* pad_template, const gchar* name, const GstCaps*) {
  return guard(static_cast<GstPad*>(nullptr), [&] {
    Sink& sink = sink_of(element);
    const std::string prefix =
        g_str_has_prefix(GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template), "video") ? "video_" : "audio_";
    std::string pad_name = name && !g_str_has_suffix(name, "%u") ? name : "";
    {
      std::lock_guard lock(sink.mutex);
      if (pad_name.empty()) pad_name = prefix + std::to_string(sink.next_pad++);
    }
    GstPad* pad = gst_pad_new_from_template(pad_template, pad_name.c_str());
    gst_pad_set_chain_function(pad, [](GstPad* self, GstObject* parent, GstBuffer* buffer) -> GstFlowReturn {
      const auto owned = Ref<GstBuffer>::adopt(buffer);
      return guard(GST_FLOW_ERROR, [&] { return sink_chain(GST_ELEMENT(parent), self, owned.get()); });
    });
    gst_pad_set_event_function(pad, [](GstPad* self, GstObject* parent, GstEvent* event) -> gboolean {
      const auto owned = Ref<GstEvent>::adopt(event);
      return guard(FALSE, [&]() -> gboolean { return sink_event(GST_ELEMENT(parent), self, owned.get()); });
    });
    auto track = std::make_unique<SinkTrack>();
    gst_segment_init(&track->segment, GST_FORMAT_UNDEFINED);
    track->number = stream_of(sink)->add_track();
    sink.notifier->set_pad(track->number, Ref<GstPad>::retain(pad));
    {
      std::lock_guard lock(sink.mutex);
      sink.tracks[pad] = std::move(track);
    }
    gst_pad_set_active(pad, TRUE);
    if (!gst_element_add_pad(element, pad)) return static_cast<GstPad*>(nullptr);
    update_ready(element);
    return pad;
  });
}

void release_pad(GstElement* element, GstPad* pad) {
  guard([&] {
    Sink& sink = sink_of(element);
    gst_pad_set_active(pad, FALSE);
    std::unique_ptr<SinkTrack> track;
    {
      std::lock_guard lock(sink.mutex);
      if (auto found = sink.tracks.find(pad); found != sink.tracks.end()) {
        track = std::move(found->second);
        sink.tracks.erase(found);
      }
    }
    if (track) {
      sink.notifier->set_pad(track->number, {});
      stream_of(sink)->remove_track(track->number);
    }
    gst_element_remove_pad(element, pad);
    update_ready(element);
  });
}

bool open_endpoint(GstElement* element) {
  Sink& sink = sink_of(element);
  EndpointConfig config;
  {
    std::lock_guard lock(sink.mutex);
    config = sink.settings.config;
  }
  auto endpoint = Endpoint::acquire(config);
  if (!endpoint) {
    GST_ELEMENT_ERROR(element, RESOURCE, OPEN_READ_WRITE, ("%s", endpoint.error().message.c_str()),
                      ("listen=%s", config.listen.c_str()));
    return false;
  }
  {
    std::lock_guard lock(sink.mutex);
    sink.endpoint = std::move(*endpoint);
  }
  g_object_notify(G_OBJECT(element), "port");
  return true;
}

void close_endpoint(GstElement* element) {
  Sink& sink = sink_of(element);
  std::shared_ptr<Endpoint> endpoint;
  {
    std::lock_guard lock(sink.mutex);
    endpoint = std::move(sink.endpoint);
  }
}

// Below PAUSED there is no media: viewers are told, and what was cached does not continue.
void end_stream(GstElement* element) {
  Sink& sink = sink_of(element);
  const auto stream = stream_of(sink);
  stream->reset();  // first, so that no offer is answered any more
  stream->stop("shutdown");
  {
    std::lock_guard lock(sink.mutex);
    sink.zero = {};
    for (auto& entry : sink.tracks)
      entry.second->eos = false;
  }
  update_ready(element);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  return guard(GST_STATE_CHANGE_FAILURE, [&] {
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_endpoint(element)) return GST_STATE_CHANGE_FAILURE;
    const auto result = GST_ELEMENT_CLASS(gst_reallive_rtc_sink_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) end_stream(element);
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) close_endpoint(element);
    return result;
  });
}

// Action signals: any thread.

struct Serving {
  std::shared_ptr<Stream> stream;
  std::shared_ptr<Endpoint> endpoint;
  std::vector<std::string> announced;
};

Result<Serving> serving(GstElement* element) {
  Sink& sink = sink_of(element);
  std::lock_guard lock(sink.mutex);
  if (!sink.endpoint) return fail("not-ready", "the element is not running");
  return Serving{sink.stream, sink.endpoint, sink.settings.announced};
}

GstStructure* failed() {
  return gst_structure_new("error", "code", G_TYPE_STRING, "failed", "reason", G_TYPE_STRING, "an internal error",
                           nullptr);
}

GstStructure* add_viewer(GstElement* element, const gchar* offer, const GstStructure*) {
  GstStructure* answer = guard(static_cast<GstStructure*>(nullptr), [&] {
    const auto answered = serving(element).and_then([&](const Serving& here) {
      return here.stream->add_viewer(*here.endpoint, offer ? offer : "", here.announced);
    });
    return to_structure(answered, "viewer").release();
  });
  return answer ? answer : failed();
}

GstStructure* restart_ice(GstElement* element, const gchar* viewer, const gchar* fragment) {
  GstStructure* answer = guard(static_cast<GstStructure*>(nullptr), [&] {
    const auto answered = serving(element).and_then([&](const Serving& here) {
      return here.stream->restart_ice(*here.endpoint, viewer ? viewer : "", fragment ? fragment : "", here.announced);
    });
    return to_structure(answered, "viewer").release();
  });
  return answer ? answer : failed();
}

gboolean add_candidates(GstElement* element, const gchar* viewer, const gchar* fragment) {
  return guard(FALSE, [&]() -> gboolean {
    const auto here = serving(element);
    return here && viewer && fragment && here->stream->add_candidates(*here->endpoint, viewer, fragment);
  });
}

gboolean remove_viewer(GstElement* element, const gchar* viewer) {
  return guard(FALSE,
               [&]() -> gboolean { return viewer && stream_of(sink_of(element))->remove_viewer(viewer, "removed"); });
}

GstStructure* viewer_stats(GstElement* element, const gchar* viewer) {
  return guard(static_cast<GstStructure*>(nullptr), [&]() -> GstStructure* {
    const auto report = stream_of(sink_of(element))->viewer_stats(viewer ? viewer : "");
    return report ? to_structure(*report).release() : nullptr;
  });
}

void finalize(GObject* object) {
  delete reinterpret_cast<GstRealLiveRtcSink*>(object)->sink;
  G_OBJECT_CLASS(gst_reallive_rtc_sink_parent_class)->finalize(object);
}

void install_signals(GType type) {
  const auto action = [type](const char* name, GCallback handler, GType result, std::initializer_list<GType> types) {
    std::vector<GType> parameters(types);
    g_signal_newv(name, type, static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                  g_cclosure_new(handler, nullptr, nullptr), nullptr, nullptr, nullptr, result,
                  static_cast<guint>(parameters.size()), parameters.data());
  };
  action("add-viewer", G_CALLBACK(add_viewer), GST_TYPE_STRUCTURE, {G_TYPE_STRING, GST_TYPE_STRUCTURE});
  action("add-candidates", G_CALLBACK(add_candidates), G_TYPE_BOOLEAN, {G_TYPE_STRING, G_TYPE_STRING});
  action("restart-ice", G_CALLBACK(restart_ice), GST_TYPE_STRUCTURE, {G_TYPE_STRING, G_TYPE_STRING});
  action("remove-viewer", G_CALLBACK(remove_viewer), G_TYPE_BOOLEAN, {G_TYPE_STRING});
  action("viewer-stats", G_CALLBACK(viewer_stats), GST_TYPE_STRUCTURE, {G_TYPE_STRING});
  g_signal_new("viewer-connected", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 1,
               G_TYPE_STRING);
  g_signal_new("viewer-gone", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING,
               G_TYPE_STRING);
}

}  // namespace

static void gst_reallive_rtc_sink_init(GstRealLiveRtcSink* self) {
  self->sink = new Sink;
  self->sink->notifier = std::make_shared<SinkNotifier>(GST_ELEMENT(self));
  self->sink->stream = std::make_shared<Stream>(self->sink->cache, self->sink->notifier);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
}

static void gst_reallive_rtc_sink_class_init(GstRealLiveRtcSinkClass* klass) {
  GST_DEBUG_CATEGORY_INIT(reallive_rtc_sink_debug, "reallivertcsink", 0, "RealLive WebRTC viewers");
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_sink_property;
  object_class->get_property = get_sink_property;
  object_class->finalize = finalize;
  install_sink_properties(object_class);
  install_signals(G_TYPE_FROM_CLASS(klass));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  element_class->change_state = change_state;
  gst_element_class_add_static_pad_template(element_class, &video_template);
  gst_element_class_add_static_pad_template(element_class, &audio_template);
  gst_element_class_set_static_metadata(element_class, "RealLive WebRTC sink", "Sink/Network/WebRTC",
                                        "Sends one encoded stream to any number of WebRTC viewers on one UDP port",
                                        "RealLive");
}
