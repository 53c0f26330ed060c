// element-reallivechannelsrc: reads a named channel of this process, whether its writer is there already or comes
// later.
//
//   gst-launch-1.0 reallivechannelsrc channel=door name=c   c.video_0 ! h264parse ! mp4mux name=m ! filesink
//   location=a.mp4
//     c.audio_0 ! opusparse ! m.   (in the process that also has a reallivechannelsink channel=door)
//
// A live source: it gives nothing in PAUSED. Each track has a pad and a thread of its own.
#include "channel/gstreallivechannelsrc.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

#include "channel/channel.h"
#include "channel/gst_helpers.h"
#include "channel/source_pad.h"
#include "common/guard.h"
#include "common/ref.h"

#define GST_CAT_DEFAULT reallive::channel::debug_category

namespace reallive::channel {
namespace {

enum Property { prop_none, prop_channel, prop_start, prop_queue_max_ms, prop_queue_max_bytes, prop_stats };

constexpr guint default_queue_ms = 3'000;
constexpr guint64 default_queue_bytes = 8u << 20;

struct Source {
  std::mutex mutex;  // guards all below but `pads`; never held while pushing, posting or joining
  std::string channel;
  Start start = Start::cached;
  guint queue_ms = default_queue_ms;
  guint64 queue_bytes = default_queue_bytes;
  std::shared_ptr<Reader> reader;
  bool started_before = false;
  uint64_t serial = 0;  // of the tracks that the control task saw last
  int64_t latency = 0;  // posted last

  // The control task's, and the state change's once that task is joined.
  std::map<TrackId, std::unique_ptr<SourcePad>> pads;
  std::shared_ptr<Timeline> timeline;
  bool told_complete = false;
  Ref<GstTask> control;
  GRecMutex control_lock;  // the task's own
};

GType start_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(Start::cached), "The last key frame kept, or else the next", "cached"},
        {static_cast<gint>(Start::next_key_frame), "The next key frame", "next-keyframe"},
        {static_cast<gint>(Start::now), "Whatever comes next", "now"},
        {0, nullptr, nullptr}};
    return g_enum_register_static("GstRealLiveChannelStart", values);
  }();
  return type;
}

}  // namespace
}  // namespace reallive::channel

using namespace reallive;           // NOLINT(google-build-using-namespace)
using namespace reallive::channel;  // NOLINT(google-build-using-namespace)

struct GstRealLiveChannelSrc {
  GstElement parent;
  Source* source;
};
struct GstRealLiveChannelSrcClass {
  GstElementClass parent;
};
G_DEFINE_TYPE(GstRealLiveChannelSrc, gst_reallive_channel_src, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(reallivechannelsrc, "reallivechannelsrc", GST_RANK_NONE,
                            gst_reallive_channel_src_get_type())

namespace {

Source& source_of(gpointer element) {
  return *reinterpret_cast<GstRealLiveChannelSrc*>(element)->source;
}
GstElementClass* parent_class() {
  return GST_ELEMENT_CLASS(gst_reallive_channel_src_parent_class);
}
std::shared_ptr<Reader> reader_of(Source& source) {
  const std::lock_guard lock(source.mutex);
  return source.reader;
}

GstStreamType stream_type(Kind kind) {
  if (kind == Kind::video) return GST_STREAM_TYPE_VIDEO;
  return kind == Kind::audio ? GST_STREAM_TYPE_AUDIO : GST_STREAM_TYPE_UNKNOWN;
}

Ref<GstStreamCollection> make_collection(const std::string& channel, const std::vector<TrackInfo>& tracks) {
  auto collection = Ref<GstStreamCollection>::adopt(gst_stream_collection_new(channel.c_str()));
  for (const TrackInfo& track : tracks) {
    const std::string stream_id = channel + "/" + to_string(track.id);
    gst_stream_collection_add_stream(collection.get(),
                                     gst_stream_new(stream_id.c_str(), held<GstCaps>(track.format).get(),
                                                    stream_type(track.id.kind), GST_STREAM_FLAG_NONE));
  }
  return collection;
}

void add_pads(GstElement* element, const std::shared_ptr<Reader>& reader, const std::vector<TrackInfo>& tracks,
              GstStreamCollection* collection) {
  Source& source = source_of(element);
  for (size_t i = 0; i < tracks.size(); ++i) {
    const TrackInfo& track = tracks[i];
    if (source.pads.count(track.id) != 0) continue;
    const std::string template_name = std::string(kind_prefix(track.id.kind)) + "%u";
    GstPadTemplate* const pad_template =
        gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(element), template_name.c_str());
    auto pad = std::make_unique<SourcePad>(element, pad_template, track.id, reader, source.timeline);
    SourcePad& shown = *pad;
    source.pads.emplace(track.id, std::move(pad));
    shown.show(collection, gst_stream_collection_get_stream(collection, static_cast<guint>(i)), track.format);
  }
}

// Tracks that this writer does not have any more end; while no writer is complete, all stay.
bool remove_pads(Source& source, Reader& reader, const Tracks& tracks) {
  if (!tracks.complete) return false;
  bool removed = false;
  for (auto it = source.pads.begin(); it != source.pads.end();) {
    const bool known = std::any_of(tracks.known.begin(), tracks.known.end(),
                                   [&](const TrackInfo& track) { return track.id == it->first; });
    if (known) {
      ++it;
      continue;
    }
    reader.close_track(it->first);
    it->second->finish_and_hide();
    it = source.pads.erase(it);
    removed = true;
  }
  return removed;
}

void apply(GstElement* element, const std::shared_ptr<Reader>& reader, const Tracks& tracks) {
  Source& source = source_of(element);
  const int64_t latency = reader->latency();
  bool latency_changed = false;
  std::string channel;
  {
    const std::lock_guard lock(source.mutex);
    source.serial = tracks.serial;
    channel = source.channel;
    latency_changed = std::exchange(source.latency, latency) != latency;
  }
  if (latency_changed) gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));

  const bool added = std::any_of(tracks.known.begin(), tracks.known.end(),
                                 [&](const TrackInfo& track) { return source.pads.count(track.id) == 0; });
  const bool removed = remove_pads(source, *reader, tracks);
  if (added || removed) {
    const auto collection = make_collection(channel, tracks.known);
    for (auto& [id, pad] : source.pads)
      pad->set_collection(collection.get());
    gst_element_post_message(element, gst_message_new_stream_collection(GST_OBJECT(element), collection.get()));
    add_pads(element, reader, tracks.known, collection.get());
    source.told_complete = false;
  }
  if (tracks.complete && !std::exchange(source.told_complete, true)) gst_element_no_more_pads(element);
}

// One round of the control task: waits for other tracks than those seen last, then shows them as pads.
void control(GstElement* element) {
  Source& source = source_of(element);
  const std::shared_ptr<Reader> reader = reader_of(source);
  uint64_t serial = 0;
  {
    const std::lock_guard lock(source.mutex);
    serial = source.serial;
  }
  if (const auto tracks = reader->wait_tracks(serial)) {
    apply(element, reader, *tracks);
  } else {
    // Interrupted: begin_close() waits to join this task. Pausing it here could undo the stop that came before.
    gst_task_stop(source.control.get());
  }
}

bool open_channel(GstElement* element) {
  Source& source = source_of(element);
  {
    const std::lock_guard lock(source.mutex);
    if (!source.channel.empty()) {
      source.reader = Channel::open(source.channel)
                          ->attach_reader({static_cast<int64_t>(source.queue_ms) * millisecond,
                                           static_cast<size_t>(source.queue_bytes)});
      source.serial = 0;
      source.started_before = false;
    }
  }
  if (!reader_of(source)) {
    GST_ELEMENT_ERROR(element, RESOURCE, SETTINGS, ("Set the property \"channel\" to the name of a channel."),
                      (nullptr));
    return false;
  }
  source.timeline = std::make_shared<Timeline>(element);
  source.told_complete = false;
  source.control = Ref<GstTask>::sink(
      gst_task_new([](gpointer data) { guard([&] { control(GST_ELEMENT(data)); }); }, element, nullptr));
  gst_task_set_lock(source.control.get(), &source.control_lock);
  gst_task_start(source.control.get());
  return true;
}

void begin_close(Source& source) {
  if (const auto reader = reader_of(source)) reader->interrupt(true);
  gst_task_stop(source.control.get());
  gst_task_join(source.control.get());
}

void close_channel(Source& source) {
  source.pads.clear();
  source.control.reset();
  std::shared_ptr<Reader> reader;
  const std::lock_guard lock(source.mutex);
  reader.swap(source.reader);
}

void start_reading(Source& source) {
  Start start = Start::cached;
  {
    const std::lock_guard lock(source.mutex);
    start = source.start;
    // After a pause the cache holds what was sent already.
    if (std::exchange(source.started_before, true) && start == Start::cached) start = Start::next_key_frame;
  }
  reader_of(source)->start(start, monotonic_now());
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  Source& source = source_of(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !open_channel(element)) return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) reader_of(source)->stop();
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) begin_close(source);
  const GstStateChangeReturn result = parent_class()->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE) {
    begin_close(source);
    close_channel(source);
  }
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) close_channel(source);
  if (result == GST_STATE_CHANGE_FAILURE) return result;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) start_reading(source);
  const bool to_paused =
      transition == GST_STATE_CHANGE_READY_TO_PAUSED || transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
  return to_paused ? GST_STATE_CHANGE_NO_PREROLL : result;
}

gboolean send_event(GstElement* element, Ref<GstEvent> event) {
  const auto reader = reader_of(source_of(element));
  if (GST_EVENT_TYPE(event.get()) != GST_EVENT_EOS || !reader) {
    return parent_class()->send_event(element, event.release());
  }
  reader->end();
  return TRUE;
}

gboolean query(GstElement* element, GstQuery* query) {
  const auto reader = reader_of(source_of(element));
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY || !reader) return parent_class()->query(element, query);
  gst_query_set_latency(query, TRUE, static_cast<GstClockTime>(reader->latency()), GST_CLOCK_TIME_NONE);
  return TRUE;
}

StructurePtr stats(Source& source) {
  const auto reader = reader_of(source);
  StructurePtr structure = to_structure(reader ? reader->channel_stats(monotonic_now()) : ChannelStats{});
  const ReaderStats own = reader ? reader->stats() : ReaderStats{};
  const StructurePtr one(gst_structure_new("reader-stats", "units", G_TYPE_UINT64, own.units, "bytes", G_TYPE_UINT64,
                                           own.bytes, "dropped-gops", G_TYPE_UINT64, own.dropped_gops, "dropped-units",
                                           G_TYPE_UINT64, own.dropped_units, "queued-units", G_TYPE_UINT64,
                                           static_cast<guint64>(own.queued_units), "queued-span", G_TYPE_UINT64,
                                           static_cast<guint64>(own.queued_span), nullptr));
  gst_structure_set(structure.get(), "reader", GST_TYPE_STRUCTURE, one.get(), nullptr);
  return structure;
}

void set_property(Source& source, guint id, const GValue* value) {
  const std::lock_guard lock(source.mutex);
  if (id == prop_channel) {
    const char* name = g_value_get_string(value);
    source.channel = name ? name : "";
  }
  if (id == prop_start) source.start = static_cast<Start>(g_value_get_enum(value));
  if (id == prop_queue_max_ms) source.queue_ms = g_value_get_uint(value);
  if (id == prop_queue_max_bytes) source.queue_bytes = g_value_get_uint64(value);
}

void get_property(Source& source, guint id, GValue* value) {
  if (id == prop_stats) {
    gst_value_set_structure(value, stats(source).get());
    return;
  }
  const std::lock_guard lock(source.mutex);
  if (id == prop_channel) g_value_set_string(value, source.channel.c_str());
  if (id == prop_start) g_value_set_enum(value, static_cast<gint>(source.start));
  if (id == prop_queue_max_ms) g_value_set_uint(value, source.queue_ms);
  if (id == prop_queue_max_bytes) g_value_set_uint64(value, source.queue_bytes);
}

void install_properties(GObjectClass* object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(object_class, prop_channel,
                                  g_param_spec_string("channel", "Channel", "Name of the channel to read", "", flags));
  g_object_class_install_property(
      object_class, prop_start,
      g_param_spec_enum("start", "Start", "Where to begin", start_type(), static_cast<gint>(Start::cached), flags));
  g_object_class_install_property(
      object_class, prop_queue_max_ms,
      g_param_spec_uint("queue-max-ms", "Longest queue",
                        "How far a track may fall behind before it loses whole GOPs, beside what was cached", 1,
                        600'000, default_queue_ms, flags));
  g_object_class_install_property(
      object_class, prop_queue_max_bytes,
      g_param_spec_uint64("queue-max-bytes", "Largest queue",
                          "Most bytes that wait on a track before it loses whole GOPs, beside what was cached", 1,
                          G_MAXINT64, default_queue_bytes, flags));
  g_object_class_install_property(
      object_class, prop_stats,
      g_param_spec_boxed("stats", "Statistics", "Of the channel, and of this reader in the field \"reader\"",
                         GST_TYPE_STRUCTURE, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

}  // namespace

static void gst_reallive_channel_src_init(GstRealLiveChannelSrc* self) {
  self->source = new Source;
  g_rec_mutex_init(&self->source->control_lock);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SOURCE);
}

static void gst_reallive_channel_src_class_init(GstRealLiveChannelSrcClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->finalize = [](GObject* object) {
    auto* const self = reinterpret_cast<GstRealLiveChannelSrc*>(object);
    g_rec_mutex_clear(&self->source->control_lock);
    delete self->source;
    G_OBJECT_CLASS(gst_reallive_channel_src_parent_class)->finalize(object);
  };
  object_class->set_property = [](GObject* object, guint id, const GValue* value, GParamSpec*) {
    guard([&] { set_property(source_of(object), id, value); });
  };
  object_class->get_property = [](GObject* object, guint id, GValue* value, GParamSpec*) {
    guard([&] { get_property(source_of(object), id, value); });
  };
  install_properties(object_class);
  gst_type_mark_as_plugin_api(start_type(), static_cast<GstPluginAPIFlags>(0));

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "RealLive channel source", "Source",
                                        "Reads a named channel of this process", "RealLive");
  add_pad_templates(element_class, GST_PAD_SRC, GST_PAD_SOMETIMES);
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
