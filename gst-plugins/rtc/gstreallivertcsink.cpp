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
#include "rtc/sink_notifier.h"
#include "rtc/sink_structures.h"

GST_DEBUG_CATEGORY_STATIC(reallive_rtc_sink_debug);
#define GST_CAT_DEFAULT reallive_rtc_sink_debug

using namespace reallive;       // NOLINT(google-build-using-namespace)
using namespace reallive::rtc;  // NOLINT(google-build-using-namespace)

namespace {

enum Property {
  kPropNone,
  kPropListen,
  kPropEndpointName,
  kPropAnnouncedAddresses,
  kPropPort,
  kPropReady,
  kPropStats,
  kPropMaxSessions,
  kPropHandshakes,
  kPropConnectTimeout,
  kPropConsentTimeout,
  kPropCacheMs,
  kPropCacheBytes,
};

// One request pad. The segment belongs to the pad's streaming thread, `eos` to Sink::mutex.
struct SinkTrack {
  size_t number = 0;
  GstSegment segment{};
  bool eos = false;
};

struct Sink {
  std::mutex mutex;  // guards what follows; never held while pushing, emitting, or calling the stream or the endpoint
  EndpointConfig config;
  std::vector<std::string> announced;
  CacheLimits cache;
  std::shared_ptr<Endpoint> endpoint;  // from READY up
  std::shared_ptr<SinkNotifier> notifier;
  std::shared_ptr<Stream> stream;
  std::map<GstPad*, std::unique_ptr<SinkTrack>> tracks;
  guint next_pad = 0;
  TimePoint zero{};  // for pipelines without a clock
  bool ready = false;
};

}  // namespace

struct GstRealLiveRtcSink {
  GstElement parent;
  Sink* sink;
};
struct GstRealLiveRtcSinkClass {
  GstElementClass parent;
};
G_DEFINE_TYPE(GstRealLiveRtcSink, gst_reallive_rtc_sink, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(reallivertcsink, "reallivertcsink", GST_RANK_NONE, gst_reallive_rtc_sink_get_type())

namespace {

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au; "
                                            "video/x-vp8"));
GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("audio/x-opus"));

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

std::vector<std::string> split_list(const char* text) {
  std::vector<std::string> parts;
  g_auto(GStrv) pieces = g_strsplit(text ? text : "", ",", -1);
  for (char** piece = pieces; *piece; ++piece) {
    const char* trimmed = g_strstrip(*piece);
    if (*trimmed) parts.emplace_back(trimmed);
  }
  return parts;
}

std::string join_list(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts)
    text += (text.empty() ? "" : ",") + part;
  return text;
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

// RFC 6184 section 8.1: what the caps say, until the stream's own parameter sets do.
std::string profile_level_id(const GstStructure* caps) {
  static const std::map<std::string, std::string> kProfiles = {
      {"constrained-baseline", "42e0"}, {"baseline", "4200"}, {"main", "4d00"}, {"high", "6400"}};
  const char* profile = gst_structure_get_string(caps, "profile");
  const char* level = gst_structure_get_string(caps, "level");
  const auto found = kProfiles.find(profile ? profile : "constrained-baseline");
  const double number = level ? g_ascii_strtod(level, nullptr) : 3.1;
  char text[8];
  g_snprintf(text, sizeof text, "%s%02x", found == kProfiles.end() ? "42e0" : found->second.c_str(),
             static_cast<unsigned>(number * 10 + 0.5) & 0xFF);
  return text;
}

bool set_caps(GstElement* element, SinkTrack& track, GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const auto stream = stream_of(sink_of(element));
  if (gst_structure_has_name(structure, "video/x-h264")) {
    stream->set_codec(track.number, CodecKind::kH264, profile_level_id(structure));
  } else if (gst_structure_has_name(structure, "video/x-vp8")) {
    stream->set_codec(track.number, CodecKind::kVp8, {});
  } else if (gst_structure_has_name(structure, "audio/x-opus")) {
    stream->set_codec(track.number, CodecKind::kOpus, {});
  } else {
    return false;
  }
  update_ready(element);
  return true;
}

std::optional<int64_t> capture_time(GstBuffer* buffer) {
  static GstCaps* const kUnix = gst_caps_new_empty_simple("timestamp/x-unix");
  const auto* meta = gst_buffer_get_reference_timestamp_meta(buffer, kUnix);
  if (!meta) return std::nullopt;
  return static_cast<int64_t>(meta->timestamp);
}

// When running time was 0 on the steady clock: by the pipeline's clock, else by the first buffer.
TimePoint running_zero(GstElement* element, TimePoint now, int64_t running_ns) {
  Sink& sink = sink_of(element);
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  const GstClockTime base = gst_element_get_base_time(element);
  if (clock && GST_CLOCK_TIME_IS_VALID(base) && GST_STATE(element) == GST_STATE_PLAYING) {
    const auto running = static_cast<int64_t>(gst_clock_get_time(clock.get())) - static_cast<int64_t>(base);
    return now - std::chrono::nanoseconds(running);
  }
  std::lock_guard lock(sink.mutex);
  if (sink.zero == TimePoint{}) sink.zero = now - std::chrono::nanoseconds(running_ns);
  return sink.zero;
}

GstFlowReturn chain(GstElement* element, GstPad* pad, GstBuffer* buffer) {
  Sink& sink = sink_of(element);
  SinkTrack* track = track_of(sink, pad);
  if (!track) return GST_FLOW_FLUSHING;
  if (track->eos) return GST_FLOW_EOS;
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  if (track->segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(pts)) {
    GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("Viewers need buffers with times; put a parser before the sink."),
                      ("no timestamp, or the segment's format is not TIME"));
    return GST_FLOW_ERROR;
  }
  guint64 absolute = 0;
  const int sign = gst_segment_to_running_time_full(&track->segment, GST_FORMAT_TIME, pts, &absolute);
  if (sign == 0) return GST_FLOW_OK;

  UnitTime time;
  time.running_ns = sign * static_cast<int64_t>(absolute);
  time.arrival = Clock::now();
  time.zero = running_zero(element, time.arrival, time.running_ns);
  time.capture_unix_ns = capture_time(buffer);
  // Frames before the segment come out of a cache all at once: they count as come when they were made.
  if (pts < track->segment.start) time.arrival -= std::chrono::nanoseconds(track->segment.start - pts);

  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_ERROR;
  const auto pushed = stream_of(sink)->push(track->number, {map.data, map.size}, time);
  gst_buffer_unmap(buffer, &map);
  if (!pushed) GST_WARNING_OBJECT(pad, "left out: %s", pushed.error().message.c_str());
  return GST_FLOW_OK;
}

void end_track(GstElement* element, SinkTrack& track, guint32 seqnum) {
  Sink& sink = sink_of(element);
  {
    std::lock_guard lock(sink.mutex);
    track.eos = true;
    if (!std::all_of(sink.tracks.begin(), sink.tracks.end(), [](const auto& entry) { return entry.second->eos; })) {
      return;
    }
  }
  GstMessage* message = gst_message_new_eos(GST_OBJECT(element));
  gst_message_set_seqnum(message, seqnum);
  gst_element_post_message(element, message);
}

bool handle_event(GstElement* element, GstPad* pad, GstEvent* event) {
  Sink& sink = sink_of(element);
  SinkTrack* track = track_of(sink, pad);
  if (!track) return false;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      return set_caps(element, *track, caps);
    }
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &track->segment);
      return true;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP: {
      std::lock_guard lock(sink.mutex);
      track->eos = false;
      return true;
    }
    case GST_EVENT_EOS:
      end_track(element, *track, gst_event_get_seqnum(event));
      return true;
    default:
      return true;
  }
}

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
      return guard(GST_FLOW_ERROR, [&] { return chain(GST_ELEMENT(parent), self, owned.get()); });
    });
    gst_pad_set_event_function(pad, [](GstPad* self, GstObject* parent, GstEvent* event) -> gboolean {
      const auto owned = Ref<GstEvent>::adopt(event);
      return guard(FALSE, [&]() -> gboolean { return handle_event(GST_ELEMENT(parent), self, owned.get()); });
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
    config = sink.config;
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
  stream->stop("shutdown");
  stream->reset();
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
  return Serving{sink.stream, sink.endpoint, sink.announced};
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
    return viewer && fragment && stream_of(sink_of(element))->add_candidates(viewer, fragment);
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

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guard([&] {
    Sink& sink = sink_of(object);
    std::lock_guard lock(sink.mutex);
    const auto text = [&] {
      const char* string = g_value_get_string(value);
      return std::string(string ? string : "");
    };
    const auto milliseconds = [&] { return std::chrono::milliseconds(g_value_get_uint(value)); };
    switch (id) {
      case kPropListen:
        sink.config.listen = text();
        break;
      case kPropEndpointName:
        sink.config.name = text();
        break;
      case kPropAnnouncedAddresses:
        sink.announced = split_list(g_value_get_string(value));
        break;
      case kPropMaxSessions:
        sink.config.max_sessions = g_value_get_uint(value);
        break;
      case kPropHandshakes:
        sink.config.handshakes_per_second = g_value_get_uint(value);
        break;
      case kPropConnectTimeout:
        sink.config.connect_timeout = milliseconds();
        break;
      case kPropConsentTimeout:
        sink.config.consent_timeout = milliseconds();
        break;
      case kPropCacheMs:
        sink.cache.gop = milliseconds();
        sink.stream->set_limits(sink.cache);
        break;
      case kPropCacheBytes:
        sink.cache.gop_bytes = g_value_get_uint64(value);
        sink.stream->set_limits(sink.cache);
        break;
      default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guard([&] {
    Sink& sink = sink_of(object);
    std::unique_lock lock(sink.mutex);
    const auto milliseconds = [&](std::chrono::milliseconds span) {
      g_value_set_uint(value, static_cast<guint>(span.count()));
    };
    switch (id) {
      case kPropListen:
        g_value_set_string(value, sink.config.listen.c_str());
        break;
      case kPropEndpointName:
        g_value_set_string(value, sink.config.name.c_str());
        break;
      case kPropAnnouncedAddresses:
        g_value_set_string(value, join_list(sink.announced).c_str());
        break;
      case kPropPort:
        g_value_set_uint(value, sink.endpoint ? sink.endpoint->port() : 0);
        break;
      case kPropReady:
        g_value_set_boolean(value, sink.ready);
        break;
      case kPropStats: {
        const auto stream = sink.stream;
        const auto endpoint = sink.endpoint;
        lock.unlock();
        g_value_take_boxed(value,
                           to_structure(stream->stats(), endpoint ? endpoint->stats() : EndpointStats{}).release());
        break;
      }
      case kPropMaxSessions:
        g_value_set_uint(value, sink.config.max_sessions);
        break;
      case kPropHandshakes:
        g_value_set_uint(value, sink.config.handshakes_per_second);
        break;
      case kPropConnectTimeout:
        milliseconds(sink.config.connect_timeout);
        break;
      case kPropConsentTimeout:
        milliseconds(sink.config.consent_timeout);
        break;
      case kPropCacheMs:
        milliseconds(sink.cache.gop);
        break;
      case kPropCacheBytes:
        g_value_set_uint64(value, sink.cache.gop_bytes);
        break;
      default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

void finalize(GObject* object) {
  delete reinterpret_cast<GstRealLiveRtcSink*>(object)->sink;
  G_OBJECT_CLASS(gst_reallive_rtc_sink_parent_class)->finalize(object);
}

void install_properties(GObjectClass* klass) {
  constexpr auto kStatic = G_PARAM_STATIC_STRINGS;
  const auto kBefore = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_READY);
  const auto kAlways = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_PLAYING);
  const auto kRead = static_cast<GParamFlags>(G_PARAM_READABLE | kStatic);
  const EndpointConfig config;
  const CacheLimits cache;
  const auto add = [&](Property id, GParamSpec* spec) { g_object_class_install_property(klass, id, spec); };
  add(kPropListen, g_param_spec_string("listen", "Listen", "UDP address HOST:PORT, or :PORT for IPv4 and IPv6",
                                       config.listen.c_str(), kBefore));
  add(kPropEndpointName, g_param_spec_string("endpoint-name", "Endpoint name",
                                             "Elements of one name share an endpoint whose port is 0", "", kBefore));
  add(kPropAnnouncedAddresses,
      g_param_spec_string("announced-addresses", "Announced addresses",
                          "Comma-separated addresses that viewers are told instead of this machine's own (NAT)", "",
                          kAlways));
  add(kPropPort, g_param_spec_uint("port", "Port", "What was bound; 0 below READY", 0, 65535, 0, kRead));
  add(kPropReady, g_param_spec_boolean("ready", "Ready", "Every pad has caps: offers can be answered", FALSE, kRead));
  add(kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Totals of stream and endpoint", GST_TYPE_STRUCTURE, kRead));
  add(kPropMaxSessions, g_param_spec_uint("max-sessions", "Maximum sessions", "Viewers and publishers of one address",
                                          1, 1'000'000, config.max_sessions, kBefore));
  add(kPropHandshakes, g_param_spec_uint("handshakes-per-second", "Handshakes per second",
                                         "DTLS handshakes that one address begins in a second", 1, 100'000,
                                         config.handshakes_per_second, kBefore));
  add(kPropConnectTimeout, g_param_spec_uint("connect-timeout-ms", "Connect timeout",
                                             "A viewer that is not connected by then is dropped, ms", 100, 600'000,
                                             static_cast<guint>(config.connect_timeout.count()), kBefore));
  add(kPropConsentTimeout,
      g_param_spec_uint("consent-timeout-ms", "Consent timeout", "A viewer without ICE checks for so long is gone, ms",
                        1000, 600'000, static_cast<guint>(config.consent_timeout.count()), kBefore));
  add(kPropCacheMs, g_param_spec_uint("cache-max-ms", "Cache duration", "Longest group of pictures that is cached, ms",
                                      0, 600'000, static_cast<guint>(cache.gop.count()), kBefore));
  add(kPropCacheBytes,
      g_param_spec_uint64("cache-max-bytes", "Cache size", "Largest group of pictures that is cached, bytes", 0,
                          G_MAXUINT64, cache.gop_bytes, kBefore));
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
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties(object_class);
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
