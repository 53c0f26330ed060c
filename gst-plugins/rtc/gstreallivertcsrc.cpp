// element-reallivertcsrc: one WebRTC publisher (a browser, OBS, webrtcbin) in, encoded access units out.
//
//   gst-launch-1.0 reallivertcsrc listen=:8189 name=in in.video_0 ! decodebin ! autovideosink
//
// Offers come and answers go through action signals (publish, restart-ice, remove-publisher …), so that any program
// can carry them. Pads appear when a track has caps, end with EOS when the publisher goes, and the next may come.
#include "rtc/gstreallivertcsrc.h"

#include <mutex>
#include <string>

#include "common/guard.h"
#include "common/ref.h"
#include "rtc/endpoint_properties.h"
#include "rtc/rtc_source.h"
#include "rtc/source_structures.h"

GST_DEBUG_CATEGORY(reallive_rtc_src_debug);
#define GST_CAT_DEFAULT reallive_rtc_src_debug

using namespace reallive;       // NOLINT(google-build-using-namespace)
using namespace reallive::rtc;  // NOLINT(google-build-using-namespace)

namespace {

enum Property : guint {
  kPropPort = kPropOwn,
  kPropStats,
  kPropLatency,
};

struct Source {
  std::mutex mutex;  // guards what follows up to `latency_ms`; never held while calling the endpoint or emitting
  EndpointSettings settings;
  std::shared_ptr<Endpoint> endpoint;  // from READY up
  guint latency_ms = 200;
  std::shared_ptr<RtcSource> source;  // set once
};

}  // namespace

struct GstRealLiveRtcSrc {
  GstBin parent;
  Source* source;
};
struct GstRealLiveRtcSrcClass {
  GstBinClass parent;
};
G_DEFINE_TYPE(GstRealLiveRtcSrc, gst_reallive_rtc_src, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(reallivertcsrc, "reallivertcsrc", GST_RANK_NONE, gst_reallive_rtc_src_get_type())

namespace {

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
                            GST_STATIC_CAPS("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au; "
                                            "video/x-vp8"));
GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE("audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS("audio/x-opus"));

Source& source_of(gpointer element) {
  return *reinterpret_cast<GstRealLiveRtcSrc*>(element)->source;
}

bool open_endpoint(GstElement* element) {
  Source& self = source_of(element);
  EndpointConfig config;
  {
    const std::lock_guard lock(self.mutex);
    config = self.settings.config;
  }
  auto endpoint = Endpoint::acquire(config);
  if (!endpoint) {
    GST_ELEMENT_ERROR(element, RESOURCE, OPEN_READ_WRITE, ("%s", endpoint.error().message.c_str()),
                      ("listen=%s", config.listen.c_str()));
    return false;
  }
  {
    const std::lock_guard lock(self.mutex);
    self.endpoint = std::move(*endpoint);
  }
  g_object_notify(G_OBJECT(element), "port");
  return true;
}

void close_endpoint(GstElement* element) {
  Source& self = source_of(element);
  std::shared_ptr<Endpoint> endpoint;  // goes without the lock: it joins threads
  const std::lock_guard lock(self.mutex);
  endpoint.swap(self.endpoint);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  return guard(GST_STATE_CHANGE_FAILURE, [&] {
    RtcSource& source = *source_of(element).source;
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_endpoint(element)) return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) source.open();
    auto result = GST_ELEMENT_CLASS(gst_reallive_rtc_src_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) source.close("shutdown");
    if (transition == GST_STATE_CHANGE_READY_TO_NULL) close_endpoint(element);
    // Live: with or without children, nothing comes before PLAYING.
    const bool to_paused =
        transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
    if (to_paused && result == GST_STATE_CHANGE_SUCCESS) result = GST_STATE_CHANGE_NO_PREROLL;
    return result;
  });
}

// What a publisher sends must never end the pipeline: errors of its tracks end the publisher.
void handle_message(GstBin* bin, GstMessage* message) {
  const bool swallowed = guard(false, [&] {
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR && GST_MESSAGE_TYPE(message) != GST_MESSAGE_WARNING) {
      return false;
    }
    const bool error = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
    GError* raw = nullptr;
    gchar* debug = nullptr;
    (error ? gst_message_parse_error : gst_message_parse_warning)(message, &raw, &debug);
    const GErrorPtr reason(raw);
    const CString details(debug);
    const std::string what = std::string(reason->message) + " (" + (debug ? debug : "") + ")";
    return source_of(bin).source->child_complained(GST_MESSAGE_SRC(message), what, error);
  });
  if (swallowed) {
    Ref<GstMessage>::adopt(message).reset();
    return;
  }
  GST_BIN_CLASS(gst_reallive_rtc_src_parent_class)->handle_message(bin, message);
}

// Action signals: any thread.

struct Serving {
  std::shared_ptr<Endpoint> endpoint;
  std::vector<std::string> announced;
  guint latency_ms = 0;
};

Result<Serving> serving(GstElement* element) {
  Source& self = source_of(element);
  const std::lock_guard lock(self.mutex);
  if (!self.endpoint) return fail("not-ready", "the element is not running");
  return Serving{self.endpoint, self.settings.announced, self.latency_ms};
}

GstStructure* failed() {
  return gst_structure_new("error", "code", G_TYPE_STRING, "failed", "reason", G_TYPE_STRING, "an internal error",
                           nullptr);
}

GstStructure* publish(GstElement* element, const gchar* offer, const GstStructure*) {
  GstStructure* answer = guard(static_cast<GstStructure*>(nullptr), [&] {
    const auto answered = serving(element).and_then([&](const Serving& here) {
      return source_of(element).source->publish(*here.endpoint, offer ? offer : "", here.announced, here.latency_ms);
    });
    return to_structure(answered).release();
  });
  return answer ? answer : failed();
}

GstStructure* restart_ice(GstElement* element, const gchar* publisher, const gchar* fragment) {
  GstStructure* answer = guard(static_cast<GstStructure*>(nullptr), [&] {
    const auto answered = serving(element).and_then([&](const Serving& here) {
      return source_of(element).source->restart_ice(*here.endpoint, publisher ? publisher : "",
                                                    fragment ? fragment : "", here.announced);
    });
    return to_structure(answered).release();
  });
  return answer ? answer : failed();
}

gboolean add_candidates(GstElement* element, const gchar* publisher, const gchar* fragment) {
  return guard(FALSE, [&]() -> gboolean {
    const auto here = serving(element);
    return here && publisher && fragment &&
           source_of(element).source->add_candidates(*here->endpoint, publisher, fragment);
  });
}

gboolean remove_publisher(GstElement* element, const gchar* publisher) {
  return guard(FALSE,
               [&]() -> gboolean { return publisher && source_of(element).source->remove(publisher, "removed"); });
}

GstStructure* publisher_stats(GstElement* element, const gchar* publisher) {
  return guard(static_cast<GstStructure*>(nullptr), [&]() -> GstStructure* {
    const auto report = source_of(element).source->stats(publisher ? publisher : "");
    return report ? to_structure(*report).release() : nullptr;
  });
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guard([&] {
    Source& self = source_of(object);
    std::unique_lock lock(self.mutex);
    if (id == kPropLatency) {
      self.latency_ms = g_value_get_uint(value);
    } else if (!set_endpoint_property(self.settings, id, value)) {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    const auto endpoint = self.endpoint;
    const EndpointConfig config = self.settings.config;
    lock.unlock();
    if (endpoint && is_endpoint_limit(id)) endpoint->set_limits(config);
  });
}

GstStructure* stats(Source& self) {
  std::shared_ptr<Endpoint> endpoint;
  {
    const std::lock_guard lock(self.mutex);
    endpoint = self.endpoint;
  }
  const auto totals = endpoint ? endpoint->stats() : EndpointStats{};
  return to_structure(self.source->totals(), self.source->current_stats(), totals).release();
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guard([&] {
    Source& self = source_of(object);
    if (id == kPropStats) {
      g_value_take_boxed(value, stats(self));
      return;
    }
    const std::lock_guard lock(self.mutex);
    switch (id) {
      case kPropPort:
        g_value_set_uint(value, self.endpoint ? self.endpoint->port() : 0);
        break;
      case kPropLatency:
        g_value_set_uint(value, self.latency_ms);
        break;
      default:
        if (!get_endpoint_property(self.settings, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

void finalize(GObject* object) {
  delete reinterpret_cast<GstRealLiveRtcSrc*>(object)->source;
  G_OBJECT_CLASS(gst_reallive_rtc_src_parent_class)->finalize(object);
}

void install_properties(GObjectClass* klass) {
  install_endpoint_properties(klass, "publisher");
  constexpr auto kStatic = G_PARAM_STATIC_STRINGS;
  const auto kAlways = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_PLAYING);
  const auto kRead = static_cast<GParamFlags>(G_PARAM_READABLE | kStatic);
  const auto add = [&](Property id, GParamSpec* spec) { g_object_class_install_property(klass, id, spec); };
  add(kPropPort, g_param_spec_uint("port", "Port", "What was bound; 0 below READY", 0, 65535, 0, kRead));
  add(kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Totals of publisher and endpoint", GST_TYPE_STRUCTURE, kRead));
  add(kPropLatency, g_param_spec_uint("latency", "Latency",
                                      "Longest wait for a packet that is missing, ms; what comes in order never waits. "
                                      "Holds from the next publisher on",
                                      0, 5000, 200, kAlways));
}

void install_signals(GType type) {
  const auto action = [type](const char* name, GCallback handler, GType result, std::initializer_list<GType> types) {
    std::vector<GType> parameters(types);
    g_signal_newv(name, type, static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                  g_cclosure_new(handler, nullptr, nullptr), nullptr, nullptr, nullptr, result,
                  static_cast<guint>(parameters.size()), parameters.data());
  };
  action("publish", G_CALLBACK(publish), GST_TYPE_STRUCTURE, {G_TYPE_STRING, GST_TYPE_STRUCTURE});
  action("add-candidates", G_CALLBACK(add_candidates), G_TYPE_BOOLEAN, {G_TYPE_STRING, G_TYPE_STRING});
  action("restart-ice", G_CALLBACK(restart_ice), GST_TYPE_STRUCTURE, {G_TYPE_STRING, G_TYPE_STRING});
  action("remove-publisher", G_CALLBACK(remove_publisher), G_TYPE_BOOLEAN, {G_TYPE_STRING});
  action("publisher-stats", G_CALLBACK(publisher_stats), GST_TYPE_STRUCTURE, {G_TYPE_STRING});
  g_signal_new("publisher-connected", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 1,
               G_TYPE_STRING);
  g_signal_new("publisher-gone", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING,
               G_TYPE_STRING);
}

}  // namespace

static void gst_reallive_rtc_src_init(GstRealLiveRtcSrc* self) {
  self->source = new Source;
  self->source->source = std::make_shared<RtcSource>(GST_ELEMENT(self));
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SOURCE);
  gst_bin_set_suppressed_flags(GST_BIN(self),
                               static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK));
}

static void gst_reallive_rtc_src_class_init(GstRealLiveRtcSrcClass* klass) {
  GST_DEBUG_CATEGORY_INIT(reallive_rtc_src_debug, "reallivertcsrc", 0, "RealLive WebRTC publisher");
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties(object_class);
  install_signals(G_TYPE_FROM_CLASS(klass));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  gst_element_class_add_static_pad_template(element_class, &video_template);
  gst_element_class_add_static_pad_template(element_class, &audio_template);
  gst_element_class_set_static_metadata(element_class, "RealLive WebRTC source", "Source/Network/WebRTC",
                                        "Takes one WebRTC publisher: ICE-lite, DTLS, SRTP, repair and feedback",
                                        "RealLive");
}
