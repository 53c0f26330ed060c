#include "rtc/track_bin.h"

#include <gst/app/app.h>
#include <gst/video/video.h>

#include "common/guard.h"
#include "rtc/wire/bytes.h"

namespace reallive::rtc {

namespace {

// alignment=au before the parser: else it would wait for the next picture to know that this one has ended.
constexpr const char* kH264 =
    "appsrc name=source ! rtph264depay wait-for-keyframe=true ! video/x-h264,stream-format=byte-stream,alignment=au "
    "! h264parse config-interval=-1 ! capsfilter name=end caps=video/x-h264,stream-format=byte-stream,alignment=au";
constexpr const char* kVp8 = "appsrc name=source ! rtpvp8depay name=end wait-for-keyframe=true";
constexpr const char* kOpus = "appsrc name=source ! rtpopusdepay name=end";

const char* launch_line(ReceiveCodec codec) {
  switch (codec) {
    case ReceiveCodec::kH264:
      return kH264;
    case ReceiveCodec::kVp8:
      return kVp8;
    case ReceiveCodec::kOpus:
      return kOpus;
  }
  return kOpus;
}

Ref<GstCaps> rtp_caps(const ReceiveTrack& track) {
  auto caps = Ref<GstCaps>::adopt(gst_caps_new_simple(
      "application/x-rtp", "media", G_TYPE_STRING, track.video() ? "video" : "audio", "clock-rate", G_TYPE_INT,
      static_cast<gint>(track.clock_rate), "encoding-name", G_TYPE_STRING, std::string(to_string(track.codec)).c_str(),
      "payload", G_TYPE_INT, static_cast<gint>(track.payload_type), nullptr));
  if (track.codec == ReceiveCodec::kOpus) {
    gst_caps_set_simple(caps.get(), "encoding-params", G_TYPE_STRING, "2", "sprop-stereo", G_TYPE_STRING, "1", nullptr);
  }
  return caps;
}

GstCaps* reference_caps(bool sender) {
  static GstCaps* const kSender = gst_caps_from_string("timestamp/x-unix, origin=(string)sender");
  static GstCaps* const kArrival = gst_caps_from_string("timestamp/x-unix, origin=(string)arrival");
  return sender ? kSender : kArrival;
}

Ref<GstBuffer> wrap(Buffer bytes) {
  auto* owner = new Buffer(std::move(bytes));
  return Ref<GstBuffer>::adopt(gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, owner->data(), owner->size(), 0,
                                                           owner->size(), owner,
                                                           [](gpointer data) { delete static_cast<Buffer*>(data); }));
}

struct Captured {
  GstClockTime time = GST_CLOCK_TIME_NONE;
  Ref<GstCaps> reference;
  guint count = 0;
};

// The newest wins: parameter sets that went before may have brought an older one along.
Captured captured_of(GstBuffer* buffer) {
  Captured captured;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_REFERENCE_TIMESTAMP_META_API_TYPE)) {
    const auto* reference = reinterpret_cast<GstReferenceTimestampMeta*>(meta);
    ++captured.count;
    if (captured.reference && reference->timestamp <= captured.time) continue;
    captured.time = reference->timestamp;
    captured.reference = Ref<GstCaps>::retain(reference->reference);
  }
  return captured;
}

void remove_reference_times(GstBuffer* buffer) {
  gst_buffer_foreach_meta(
      buffer,
      [](GstBuffer*, GstMeta** meta, gpointer) -> gboolean {
        if ((*meta)->info->api == GST_REFERENCE_TIMESTAMP_META_API_TYPE) *meta = nullptr;
        return TRUE;
      },
      nullptr);
}

}  // namespace

TrackBin::TrackBin(const ReceiveTrack& track, size_t index, GstElement* parent, std::shared_ptr<Listener> listener)
    : track_(track), index_(index), parent_(parent), listener_(std::move(listener)) {}

Result<std::shared_ptr<TrackBin>> TrackBin::create(const ReceiveTrack& track, size_t index, GstElement* parent,
                                                   GstClockTime latency, std::shared_ptr<Listener> listener) {
  std::shared_ptr<TrackBin> self(new TrackBin(track, index, parent, std::move(listener)));
  GError* raw = nullptr;
  self->bin_ = Ref<GstElement>::sink(
      gst_parse_bin_from_description_full(launch_line(track.codec), FALSE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw));
  const GErrorPtr error(raw);
  if (!self->bin_) {
    return fail("failed", std::string("an element that takes the track apart is missing: ") +
                              (error ? error->message : "unknown"));
  }
  GstBin* bin = GST_BIN(self->bin_.get());
  self->source_ = Ref<GstElement>::adopt(gst_bin_get_by_name(bin, "source"));
  g_object_set(self->source_.get(), "format", GST_FORMAT_TIME, "is-live", TRUE, "emit-signals", FALSE, "block", FALSE,
               "max-bytes", guint64{0}, "caps", rtp_caps(track).get(), "min-latency", static_cast<gint64>(latency),
               nullptr);
  const auto end = Ref<GstElement>::adopt(gst_bin_get_by_name(bin, "end"));
  const auto end_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(end.get(), "src"));
  self->inner_pad_ = Ref<GstPad>::retain(gst_ghost_pad_new("src", end_pad.get()));
  gst_element_add_pad(self->bin_.get(), self->inner_pad_.get());
  const auto source_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(self->source_.get(), "src"));
  self->watch(source_pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream);
  self->watch(end_pad.get(),
              static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
              on_downstream);
  return self;
}

void TrackBin::watch(GstPad* pad, GstPadProbeType type, GstPadProbeCallback callback) {
  using Self = std::weak_ptr<TrackBin>;
  gst_pad_add_probe(pad, type, callback, new Self(weak_from_this()),
                    [](gpointer data) { delete static_cast<Self*>(data); });
}

void TrackBin::start() {
  gst_bin_add(GST_BIN(parent_), bin_.get());
  gst_element_sync_state_with_parent(bin_.get());
}

// The depayloader gives a picture out at its marker. Where a sender sets none or it was lost, it does when the next one
// has come so far that its first NAL unit is whole: then no packet of that may wait.
void TrackBin::push(MediaPacket packet, GstClockTime pts) {
  const uint32_t timestamp = read_u32(packet.data.data() + 4);
  if (timestamp != timestamp_) waits_ = marked_;
  timestamp_ = timestamp;
  marked_ = (packet.data[1] & 0x80) != 0;
  held_.push_back({std::move(packet), pts});
  if (!track_.video() || marked_ || !waits_ || held_.size() >= kMostHeld) flush();
}

void TrackBin::flush() {
  for (Held& held : held_)
    hand_on(std::move(held.packet), held.pts);
  held_.clear();
}

void TrackBin::hand_on(MediaPacket packet, GstClockTime pts) {
  GstAppSrc* source = GST_APP_SRC(source_.get());
  const guint64 waiting = gst_app_src_get_current_level_bytes(source);
  if (overrun_ && waiting > kMaxWaiting / 2) return;
  if (waiting > kMaxWaiting) {
    overrun_ = true;  // the gap in the sequence numbers makes the depayloader wait for a key frame
    return;
  }
  if (overrun_) listener_->on_keyframe_wanted(index_);
  overrun_ = false;
  const bool sender = packet.sender_time;
  const auto capture = static_cast<GstClockTime>(std::max<int64_t>(0, packet.capture_ns));
  auto buffer = wrap(std::move(packet.data));
  GST_BUFFER_PTS(buffer.get()) = pts;
  gst_buffer_add_reference_timestamp_meta(buffer.get(), reference_caps(sender), capture, GST_CLOCK_TIME_NONE);
  gst_app_src_push_buffer(source, buffer.release());
}

void TrackBin::finish() {
  gst_app_src_end_of_stream(GST_APP_SRC(source_.get()));
}

void TrackBin::remove() {
  Ref<GstPad> pad;
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    pad = std::move(pad_);
  }
  gst_element_set_locked_state(bin_.get(), TRUE);
  gst_element_set_state(bin_.get(), GST_STATE_NULL);
  if (pad) {
    gst_pad_set_active(pad.get(), FALSE);
    gst_element_remove_pad(parent_, pad.get());
  }
  gst_bin_remove(GST_BIN(parent_), bin_.get());
}

GstPadProbeReturn TrackBin::on_upstream(GstPad*, GstPadProbeInfo* info, gpointer data) {
  return guard(GST_PAD_PROBE_OK, [&] {
    const auto self = static_cast<std::weak_ptr<TrackBin>*>(data)->lock();
    if (!self || !gst_video_event_is_force_key_unit(GST_PAD_PROBE_INFO_EVENT(info))) return GST_PAD_PROBE_OK;
    self->listener_->on_keyframe_wanted(self->index_);
    return GST_PAD_PROBE_DROP;
  });
}

GstPadProbeReturn TrackBin::on_downstream(GstPad* end, GstPadProbeInfo* info, gpointer data) {
  return guard(GST_PAD_PROBE_OK, [&] {
    const auto self = static_cast<std::weak_ptr<TrackBin>*>(data)->lock();
    if (!self) return GST_PAD_PROBE_DROP;
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) return self->handle_buffer(end, info);
    return GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS ? self->handle_eos() : GST_PAD_PROBE_OK;
  });
}

GstPadProbeReturn TrackBin::handle_buffer(GstPad* end, GstPadProbeInfo* info) {
  const Ref<GstPad> pad = expose(end);
  // Nobody took the pad: that is no error of the stream.
  if (!pad || !gst_pad_is_linked(pad.get())) return GST_PAD_PROBE_DROP;
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  Captured captured = captured_of(buffer);
  const GstClockTime pts = GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : last_pts_;
  if (captured.count != 1) {
    buffer = gst_buffer_make_writable(buffer);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    remove_reference_times(buffer);
    if (captured.count == 0) {
      captured.time = last_capture_;
      if (GST_CLOCK_TIME_IS_VALID(pts) && GST_CLOCK_TIME_IS_VALID(last_pts_)) captured.time += pts - last_pts_;
      captured.reference = Ref<GstCaps>::retain(reference_caps(false));
    }
    if (GST_CLOCK_TIME_IS_VALID(captured.time)) {
      gst_buffer_add_reference_timestamp_meta(buffer, captured.reference.get(), captured.time, GST_CLOCK_TIME_NONE);
    }
  }
  last_pts_ = pts;
  last_capture_ = captured.time;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn TrackBin::handle_eos() {
  // Sent from here, so that it has passed the pad for certain before the pad goes.
  Ref<GstPad> pad;
  {
    const std::lock_guard lock(mutex_);
    pad = pad_;
  }
  if (pad) gst_pad_push_event(pad.get(), gst_event_new_eos());
  listener_->on_finished(shared_from_this());
  return GST_PAD_PROBE_DROP;
}

// The pad comes with the first access unit: then it has caps, and the track is alive.
Ref<GstPad> TrackBin::expose(GstPad* end) {
  {
    const std::lock_guard lock(mutex_);
    if (pad_ || finished_) return pad_;
  }
  const std::string name = listener_->name_pad(track_);
  const auto pad_template =
      gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(parent_), track_.video() ? "video_%u" : "audio_%u");
  auto pad = Ref<GstPad>::sink(gst_ghost_pad_new_from_template(name.c_str(), inner_pad_.get(), pad_template));
  {
    const std::lock_guard lock(mutex_);
    pad_ = pad;
    pad_name_ = name;
  }
  gst_pad_set_active(pad.get(), TRUE);
  // Who looks at the new pad sees its caps at once.
  gst_pad_sticky_events_foreach(
      end,
      [](GstPad*, GstEvent** event, gpointer target) -> gboolean {
        gst_pad_store_sticky_event(GST_PAD(target), *event);
        return TRUE;
      },
      pad.get());
  gst_element_add_pad(parent_, pad.get());
  listener_->on_exposed(index_);
  return pad;
}

}  // namespace reallive::rtc
