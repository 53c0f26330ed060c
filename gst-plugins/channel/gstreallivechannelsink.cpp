// element-reallivechannelsink: writes encoded tracks into a named channel, from which any pipeline of this process
// reads.
//
//   gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 ! h264parse
//     ! reallivechannelsink channel=door   reallivechannelsrc channel=door ! h264parse ! avdec_h264 ! autovideosink
//
// It does not wait for the clock: buffers go on as they come. It blocks in PAUSED, like every sink.
#include "channel/gstreallivechannelsink.h"

#include <algorithm>
#include <condition_variable>
#include <gst/video/video.h>
#include <map>
#include <mutex>
#include <string>

#include "channel/capture_age.h"
#include "channel/channel.h"
#include "channel/clock_map.h"
#include "channel/gst_helpers.h"
#include "channel/reference_time.h"
#include "common/guard.h"
#include "common/ref.h"

#define GST_CAT_DEFAULT reallive::channel::debug_category

namespace reallive::channel {
namespace {

enum Property { prop_none, prop_channel, prop_cache_max_ms, prop_cache_max_bytes, prop_stats };

constexpr guint default_cache_ms = 12'000;
constexpr guint64 default_cache_bytes = 8u << 20;

// What one request pad knows; used under the pad's stream lock, but for `flushing`.
struct SinkTrack {
  TrackId id = {};
  GstSegment segment = {};
  Ref<GstCaps> caps = {};
  ReferenceTime capture = {};
  CaptureAge age = {};
  bool flushing = false;  // guarded by Sink::mutex
  bool eos = false;       // guarded by Sink::mutex
};

struct Sink {
  std::mutex mutex;  // guards all below; never held while pushing, posting or querying
  std::condition_variable wake;
  std::string channel;
  guint cache_ms = default_cache_ms;
  guint64 cache_bytes = default_cache_bytes;
  bool playing = false;
  bool stopping = true;  // below PAUSED
  std::shared_ptr<Writer> writer;
  ClockMap clock;
  std::map<TrackId, SinkTrack*> tracks;  // owned by their pads

  CacheLimits limits() const {
    return {static_cast<int64_t>(cache_ms) * millisecond, static_cast<size_t>(cache_bytes)};
  }
  bool all_ended() const {
    return !tracks.empty() && std::all_of(tracks.begin(), tracks.end(), [](const auto& t) { return t.second->eos; });
  }
};

}  // namespace
}  // namespace reallive::channel

using namespace reallive;           // NOLINT(google-build-using-namespace)
using namespace reallive::channel;  // NOLINT(google-build-using-namespace)

struct GstRealLiveChannelSink {
  GstElement parent;
  Sink* sink;
};
struct GstRealLiveChannelSinkClass {
  GstElementClass parent;
};
G_DEFINE_TYPE(GstRealLiveChannelSink, gst_reallive_channel_sink, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(reallivechannelsink, "reallivechannelsink", GST_RANK_NONE,
                            gst_reallive_channel_sink_get_type())

namespace {

Sink& sink_of(gpointer element) {
  return *reinterpret_cast<GstRealLiveChannelSink*>(element)->sink;
}
SinkTrack& track_of(GstPad* pad) {
  return *static_cast<SinkTrack*>(g_object_get_data(G_OBJECT(pad), "reallive-track"));
}
GstElementClass* parent_class() {
  return GST_ELEMENT_CLASS(gst_reallive_channel_sink_parent_class);
}

// Waits for PLAYING: before that there is no base time, and so no way to say when a buffer was.
GstFlowReturn wait_playing(Sink& sink, SinkTrack& track) {
  std::unique_lock lock(sink.mutex);
  sink.wake.wait(lock, [&] { return sink.playing || sink.stopping || track.flushing; });
  if (sink.stopping || track.flushing) return GST_FLOW_FLUSHING;
  return track.eos ? GST_FLOW_EOS : GST_FLOW_OK;
}

int64_t channel_time(const GstSegment& segment, GstClockTime timestamp, int64_t offset) {
  if (!GST_CLOCK_TIME_IS_VALID(timestamp)) return no_time;
  guint64 running = 0;
  const int sign = gst_segment_to_running_time_full(&segment, GST_FORMAT_TIME, timestamp, &running);
  if (sign == 0) return no_time;
  return offset + sign * static_cast<int64_t>(running);
}

GstFlowReturn chain(GstElement* element, SinkTrack& track, Ref<GstBuffer> buffer) {
  Sink& sink = sink_of(element);
  if (const GstFlowReturn flow = wait_playing(sink, track); flow != GST_FLOW_OK) return flow;
  if (track.segment.format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("A channel needs buffers with times; put a parser before it."),
                      ("the segment's format is %s", gst_format_get_name(track.segment.format)));
    return GST_FLOW_ERROR;
  }
  const int64_t now = monotonic_now();
  std::shared_ptr<Writer> writer;
  int64_t offset = 0;
  bool has_clock = false;
  {
    const std::lock_guard lock(sink.mutex);
    writer = sink.writer;
    const auto measured = sink.clock.update(element);
    has_clock = measured.has_value();
    offset = measured.value_or(0);
  }
  if (!writer) return GST_FLOW_FLUSHING;
  buffer = Ref<GstBuffer>::adopt(gst_buffer_make_writable(buffer.release()));
  const int64_t arrival = g_get_real_time() * 1000;
  const auto origin_before = track.capture.origin();
  const int64_t captured = track.capture.settle(buffer.get(), arrival);
  if (track.capture.origin() != origin_before) track.age.forget();
  track.age.add(now, captured, arrival);
  Unit unit;
  if (has_clock) {
    unit.pts = channel_time(track.segment, GST_BUFFER_PTS(buffer.get()), offset);
    unit.dts = channel_time(track.segment, GST_BUFFER_DTS(buffer.get()), offset);
  }
  unit.bytes = gst_buffer_get_size(buffer.get());
  unit.key = track.id.kind != Kind::video || !GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  unit.payload = hold(std::move(buffer));
  writer->push(track.id, std::move(unit), now);
  return GST_FLOW_OK;
}

void post_eos(GstElement* element, guint32 seqnum) {
  GstMessage* const message = gst_message_new_eos(GST_OBJECT(element));
  gst_message_set_seqnum(message, seqnum);
  gst_element_post_message(element, message);
}

gboolean end_track(GstElement* element, SinkTrack& track, guint32 seqnum) {
  Sink& sink = sink_of(element);
  if (wait_playing(sink, track) == GST_FLOW_FLUSHING) return FALSE;
  bool all = false;
  {
    const std::lock_guard lock(sink.mutex);
    track.eos = true;
    all = sink.all_ended();
  }
  if (all) post_eos(element, seqnum);
  return TRUE;
}

void set_caps(Sink& sink, SinkTrack& track, GstCaps* caps) {
  if (track.caps && gst_caps_is_equal(track.caps.get(), caps)) return;
  track.caps = Ref<GstCaps>::retain(caps);
  std::shared_ptr<Writer> writer;
  {
    const std::lock_guard lock(sink.mutex);
    writer = sink.writer;
  }
  if (writer) writer->set_format(track.id, hold(track.caps));
}

void set_flushing(Sink& sink, SinkTrack& track, bool flushing) {
  const std::lock_guard lock(sink.mutex);
  track.flushing = flushing;
  track.eos = false;
  sink.wake.notify_all();
}

gboolean handle_event(GstElement* element, GstPad* pad, Ref<GstEvent> event) {
  Sink& sink = sink_of(element);
  SinkTrack& track = track_of(pad);
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event.get(), &caps);
      set_caps(sink, track, caps);
      return TRUE;
    }
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event.get(), &track.segment);
      return TRUE;
    case GST_EVENT_STREAM_START: {
      const std::lock_guard lock(sink.mutex);
      track.eos = false;
      return TRUE;
    }
    case GST_EVENT_EOS:
      return end_track(element, track, gst_event_get_seqnum(event.get()));
    case GST_EVENT_FLUSH_START:
      set_flushing(sink, track, true);
      return TRUE;
    case GST_EVENT_FLUSH_STOP:
      set_flushing(sink, track, false);
      gst_segment_init(&track.segment, GST_FORMAT_TIME);
      return TRUE;
    default:
      return gst_pad_event_default(pad, GST_OBJECT(element), event.release());
  }
}

void push_key_frame_request(GstElement* element, TrackId track) {
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(element, to_string(track).c_str()));
  if (!pad) return;
  GST_DEBUG_OBJECT(pad.get(), "a reader asks for a key frame");
  gst_pad_push_event(pad.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

GstPad* add_pad(GstElement* element, GstPadTemplate* pad_template, const char* wanted) {
  Sink& sink = sink_of(element);
  const std::string_view prefix(GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template));
  std::optional<TrackId> id = parse_track(wanted ? wanted : "");
  if (wanted && !id) return nullptr;
  std::shared_ptr<Writer> writer;
  {
    const std::lock_guard lock(sink.mutex);
    if (!id) {
      id = parse_track(std::string(prefix.substr(0, prefix.find('%'))) + "0");
      while (sink.tracks.count(*id) != 0)
        ++id->index;
    }
    if (sink.tracks.count(*id) != 0) return nullptr;
    writer = sink.writer;
  }
  auto* const track = new SinkTrack{*id};
  gst_segment_init(&track->segment, GST_FORMAT_UNDEFINED);
  GstPad* const pad = gst_pad_new_from_template(pad_template, to_string(*id).c_str());
  g_object_set_data_full(G_OBJECT(pad), "reallive-track", track,
                         [](gpointer data) { delete static_cast<SinkTrack*>(data); });
  gst_pad_set_chain_function(pad, [](GstPad* self, GstObject* parent, GstBuffer* data) {
    return guard(GST_FLOW_ERROR,
                 [&] { return chain(GST_ELEMENT(parent), track_of(self), Ref<GstBuffer>::adopt(data)); });
  });
  gst_pad_set_event_function(pad, [](GstPad* self, GstObject* parent, GstEvent* data) {
    return guard(FALSE, [&] { return handle_event(GST_ELEMENT(parent), self, Ref<GstEvent>::adopt(data)); });
  });
  {
    const std::lock_guard lock(sink.mutex);
    sink.tracks[*id] = track;
  }
  if (writer) writer->add_track(*id);
  gst_element_add_pad(element, pad);
  return pad;
}

void remove_pad(GstElement* element, GstPad* pad) {
  Sink& sink = sink_of(element);
  const TrackId id = track_of(pad).id;
  gst_pad_set_active(pad, FALSE);
  std::shared_ptr<Writer> writer;
  bool all = false;
  {
    const std::lock_guard lock(sink.mutex);
    sink.tracks.erase(id);
    writer = sink.writer;
    all = sink.playing && sink.all_ended();
  }
  if (writer) writer->remove_track(id);
  gst_element_remove_pad(element, pad);
  if (all) post_eos(element, gst_util_seqnum_next());
}

bool open_channel(GstElement* element) {
  Sink& sink = sink_of(element);
  std::string name;
  CacheLimits limits;
  {
    const std::lock_guard lock(sink.mutex);
    name = sink.channel;
    limits = sink.limits();
  }
  if (name.empty()) {
    GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("Set the property \"channel\" to the name of a channel."),
                      (nullptr));
    return false;
  }
  auto request = [element = Ref<GstElement>::retain(element)](TrackId track) {
    push_key_frame_request(element.get(), track);
  };
  std::shared_ptr<Writer> writer = Channel::open(name)->attach_writer(std::move(request), limits);
  if (!writer) {
    GST_ELEMENT_ERROR(element, RESOURCE, BUSY, ("Something else writes to the channel \"%s\" already.", name.c_str()),
                      (nullptr));
    return false;
  }
  const std::lock_guard lock(sink.mutex);
  for (auto& [id, track] : sink.tracks) {
    track->eos = track->flushing = false;
    track->caps.reset();
    gst_segment_init(&track->segment, GST_FORMAT_UNDEFINED);
    writer->add_track(id);
  }
  sink.writer = std::move(writer);
  sink.clock = ClockMap();
  sink.stopping = false;
  return true;
}

void set_playing(Sink& sink, bool playing) {
  const std::lock_guard lock(sink.mutex);
  sink.playing = playing;
  sink.wake.notify_all();
}

void begin_stop(Sink& sink) {
  const std::lock_guard lock(sink.mutex);
  sink.stopping = true;
  sink.wake.notify_all();
}

void close_channel(Sink& sink) {
  std::shared_ptr<Writer> writer;
  const std::lock_guard lock(sink.mutex);
  writer.swap(sink.writer);
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  Sink& sink = sink_of(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_channel(element)) return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) set_playing(sink, true);
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) set_playing(sink, false);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) begin_stop(sink);
  const GstStateChangeReturn result = parent_class()->change_state(element, transition);
  const bool opened_in_vain = transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || opened_in_vain) close_channel(sink);
  return result;
}

struct Latency {
  bool live = false;
  GstClockTime least = 0;
};

Latency upstream_latency(GstElement* element) {
  Latency latency;
  gst_element_foreach_sink_pad(
      element,
      [](GstElement*, GstPad* pad, gpointer data) -> gboolean {
        auto& sum = *static_cast<Latency*>(data);
        const auto upstream = Ref<GstQuery>::adopt(gst_query_new_latency());
        if (!gst_pad_peer_query(pad, upstream.get())) return TRUE;
        gboolean live = FALSE;
        GstClockTime least = 0;
        gst_query_parse_latency(upstream.get(), &live, &least, nullptr);
        sum.live = sum.live || live;
        if (live) sum.least = std::max(sum.least, least);
        return TRUE;
      },
      &latency);
  return latency;
}

// The pipeline tells its sinks what latency it configured. Readers are told that of our own branch alone: with the
// pipeline's, a reader in the same pipeline would raise it each time it is asked.
gboolean send_event(GstElement* element, Ref<GstEvent> event) {
  if (GST_EVENT_TYPE(event.get()) != GST_EVENT_LATENCY) return parent_class()->send_event(element, event.release());
  std::shared_ptr<Writer> writer;
  {
    const std::lock_guard lock(sink_of(element).mutex);
    writer = sink_of(element).writer;
  }
  if (writer) writer->set_latency(static_cast<int64_t>(upstream_latency(element).least));
  gst_element_foreach_sink_pad(
      element,
      [](GstElement*, GstPad* pad, gpointer data) -> gboolean {
        return gst_pad_push_event(pad, gst_event_ref(static_cast<GstEvent*>(data))), TRUE;
      },
      event.get());
  return TRUE;
}

gboolean query(GstElement* element, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return parent_class()->query(element, query);
  const Latency latency = upstream_latency(element);
  gst_query_set_latency(query, latency.live, latency.least, GST_CLOCK_TIME_NONE);
  return TRUE;
}

void set_property(GstRealLiveChannelSink* self, guint id, const GValue* value) {
  Sink& sink = *self->sink;
  const std::lock_guard lock(sink.mutex);
  if (id == prop_channel) {
    const char* name = g_value_get_string(value);
    sink.channel = name ? name : "";
    return;
  }
  if (id == prop_cache_max_ms) sink.cache_ms = g_value_get_uint(value);
  if (id == prop_cache_max_bytes) sink.cache_bytes = g_value_get_uint64(value);
  if (sink.writer) sink.writer->set_cache_limits(sink.limits());
}

// Of the first track that has had anything (pictures come before sound): whose clock tells when it was made
// (`capture-time`), when the newest was (`newest-capture`, UNIX ns), and, by a sender's clock, how old it is when it
// comes
// (`capture-latency`, ns, the median of the last second).
void add_capture(const Sink& sink, GstStructure* to) {
  for (const auto& [id, track] : sink.tracks) {
    const auto origin = track->capture.origin();
    const auto newest = track->age.newest();
    if (origin == ReferenceTime::Origin::none || !newest) continue;
    const bool sender = origin == ReferenceTime::Origin::sender;
    gst_structure_set(to, "capture-time", G_TYPE_STRING, sender ? "sender" : "arrival", "newest-capture", G_TYPE_INT64,
                      *newest, nullptr);
    if (const auto median = track->age.median(); sender && median)
      gst_structure_set(to, "capture-latency", G_TYPE_INT64, *median, nullptr);
    return;
  }
}

void get_property(GstRealLiveChannelSink* self, guint id, GValue* value) {
  Sink& sink = *self->sink;
  const std::lock_guard lock(sink.mutex);
  if (id == prop_channel) g_value_set_string(value, sink.channel.c_str());
  if (id == prop_cache_max_ms) g_value_set_uint(value, sink.cache_ms);
  if (id == prop_cache_max_bytes) g_value_set_uint64(value, sink.cache_bytes);
  if (id != prop_stats) return;
  const ChannelStats stats = sink.writer ? sink.writer->stats(monotonic_now()) : ChannelStats{};
  const StructurePtr structure = to_structure(stats);
  add_capture(sink, structure.get());
  gst_value_set_structure(value, structure.get());
}

void install_properties(GObjectClass* object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(object_class, prop_channel,
                                  g_param_spec_string("channel", "Channel", "Name of the channel to write to", "",
                                                      static_cast<GParamFlags>(flags | GST_PARAM_MUTABLE_READY)));
  g_object_class_install_property(
      object_class, prop_cache_max_ms,
      g_param_spec_uint("cache-max-ms", "Longest cache",
                        "Longest span of time kept since the last key frame; 0 keeps none", 0, 600'000,
                        default_cache_ms, static_cast<GParamFlags>(flags | GST_PARAM_MUTABLE_PLAYING)));
  g_object_class_install_property(
      object_class, prop_cache_max_bytes,
      g_param_spec_uint64("cache-max-bytes", "Largest cache", "Most bytes kept since the last key frame", 0, G_MAXINT64,
                          default_cache_bytes, static_cast<GParamFlags>(flags | GST_PARAM_MUTABLE_PLAYING)));
  g_object_class_install_property(
      object_class, prop_stats,
      g_param_spec_boxed("stats", "Statistics", "Readers, bytes, dropped GOPs, cached span and rates of the channel",
                         GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace

static void gst_reallive_channel_sink_init(GstRealLiveChannelSink* self) {
  self->sink = new Sink;
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
}

static void gst_reallive_channel_sink_class_init(GstRealLiveChannelSinkClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->finalize = [](GObject* object) {
    delete reinterpret_cast<GstRealLiveChannelSink*>(object)->sink;
    G_OBJECT_CLASS(gst_reallive_channel_sink_parent_class)->finalize(object);
  };
  object_class->set_property = [](GObject* object, guint id, const GValue* value, GParamSpec*) {
    guard([&] { set_property(reinterpret_cast<GstRealLiveChannelSink*>(object), id, value); });
  };
  object_class->get_property = [](GObject* object, guint id, GValue* value, GParamSpec*) {
    guard([&] { get_property(reinterpret_cast<GstRealLiveChannelSink*>(object), id, value); });
  };
  install_properties(object_class);

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "RealLive channel sink", "Sink",
                                        "Writes encoded tracks into a named channel of this process", "RealLive");
  add_pad_templates(element_class, GST_PAD_SINK, GST_PAD_REQUEST);
  element_class->request_new_pad = [](GstElement* element, GstPadTemplate* pad_template, const char* name,
                                      const GstCaps*) {
    return guard(static_cast<GstPad*>(nullptr), [&] { return add_pad(element, pad_template, name); });
  };
  element_class->release_pad = [](GstElement* element, GstPad* pad) { guard([&] { remove_pad(element, pad); }); };
  element_class->change_state = [](GstElement* element, GstStateChange transition) {
    return guard(GST_STATE_CHANGE_FAILURE, [&] { return change_state(element, transition); });
  };
  element_class->send_event = [](GstElement* element, GstEvent* event) {
    return guard(FALSE, [&] { return send_event(element, Ref<GstEvent>::adopt(event)); });
  };
  element_class->query = [](GstElement* element, GstQuery* q) {
    return guard(FALSE, [&] { return query(element, q); });
  };
}
