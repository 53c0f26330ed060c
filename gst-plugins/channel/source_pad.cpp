#include "channel/source_pad.h"

#include <algorithm>
#include <gst/video/video.h>

#include "channel/gst_helpers.h"
#include "common/guard.h"

#define GST_CAT_DEFAULT reallive::channel::debug_category

namespace reallive::channel {

namespace {

// What requests from downstream need; the pad owns it, because somebody may hold the pad longer than we do.
struct Upstream {
  TrackId id = {};
  std::shared_ptr<Reader> reader = {};
};

Upstream& upstream_of(GstPad* pad) {
  return *static_cast<Upstream*>(g_object_get_data(G_OBJECT(pad), "reallive-upstream"));
}

bool handle_event(Upstream& upstream, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CUSTOM_UPSTREAM:
      if (!gst_video_event_is_force_key_unit(event)) return false;
      if (upstream.id.kind == Kind::video) upstream.reader->request_key_frame(upstream.id, monotonic_now());
      return true;
    case GST_EVENT_QOS:
    case GST_EVENT_LATENCY:
    case GST_EVENT_RECONFIGURE:
      return true;
    default:
      return false;  // nothing can be sought in a live stream
  }
}

bool handle_query(Upstream& upstream, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return false;
  gst_query_set_latency(query, TRUE, static_cast<GstClockTime>(upstream.reader->latency()), GST_CLOCK_TIME_NONE);
  return true;
}

}  // namespace

int64_t Timeline::offset() {
  const auto measured = clock_.update(element_);
  if (!first_offset_) first_offset_ = measured.value_or(monotonic_now());
  return measured.value_or(*first_offset_);
}

GstClockTime Timeline::timestamp(int64_t time) {
  const std::lock_guard lock(mutex_);
  const int64_t now_offset = offset();
  // With a clock that is the system's, offsets are equal and a timestamp is the channel's time.
  return static_cast<GstClockTime>(std::max<int64_t>(0, time - now_offset + *first_offset_));
}

GstSegment Timeline::segment(int64_t live_from) {
  const std::lock_guard lock(mutex_);
  const int64_t now_offset = offset();
  const int64_t live = live_from - now_offset + *first_offset_;
  // The first live unit may be older than this pipeline; it shall not be cut off for that.
  if (!zero_) zero_ = std::min(*first_offset_, live);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = static_cast<guint64>(std::max<int64_t>(0, std::max(live, *zero_)));
  segment.position = segment.start;
  segment.base = segment.start - static_cast<guint64>(std::max<int64_t>(0, *zero_));
  return segment;
}

SourcePad::SourcePad(GstElement* element, GstPadTemplate* pad_template, TrackId id, std::shared_ptr<Reader> reader,
                     std::shared_ptr<Timeline> timeline)
    : element_(element), id_(id), reader_(std::move(reader)), timeline_(std::move(timeline)) {
  pad_ = Ref<GstPad>::sink(gst_pad_new_from_template(pad_template, to_string(id).c_str()));
  gst_pad_use_fixed_caps(pad_.get());
  g_object_set_data_full(G_OBJECT(pad_.get()), "reallive-upstream", new Upstream{id_, reader_},
                         [](gpointer data) { delete static_cast<Upstream*>(data); });
  gst_pad_set_event_function(pad_.get(), [](GstPad* pad, GstObject*, GstEvent* data) -> gboolean {
    const auto event = Ref<GstEvent>::adopt(data);
    return guard(false, [&] { return handle_event(upstream_of(pad), event.get()); });
  });
  gst_pad_set_query_function(pad_.get(), [](GstPad* pad, GstObject* parent, GstQuery* query) -> gboolean {
    return guard(false, [&] { return handle_query(upstream_of(pad), query); }) ||
           gst_pad_query_default(pad, parent, query);
  });
}

SourcePad::~SourcePad() {
  hide();
}

void SourcePad::show(GstStreamCollection* collection, GstStream* stream, const Payload& format) {
  GstPad* const pad = pad_.get();
  reader_->open_track(id_);
  gst_pad_set_active(pad, TRUE);
  GstEvent* const start = gst_event_new_stream_start(gst_stream_get_stream_id(stream));
  gst_event_set_stream(start, stream);
  gst_event_set_group_id(start, 1);
  gst_pad_push_event(pad, start);
  caps_ = held<GstCaps>(format);
  gst_pad_push_event(pad, gst_event_new_caps(caps_.get()));
  gst_element_add_pad(element_, pad);
  // Whoever linked in pad-added gets all of it now and need not wait for the first unit.
  gst_pad_push_event(pad, gst_event_new_stream_collection(collection));
  gst_pad_start_task(
      pad, [](gpointer data) { guard([&] { static_cast<SourcePad*>(data)->loop(); }); }, this, nullptr);
}

void SourcePad::finish_and_hide() {
  gst_pad_stop_task(pad_.get());
  gst_pad_push_event(pad_.get(), gst_event_new_eos());
  hide();
}

void SourcePad::hide() {
  if (!pad_) return;
  gst_pad_set_active(pad_.get(), FALSE);
  gst_pad_stop_task(pad_.get());
  if (GST_OBJECT_PARENT(pad_.get())) gst_element_remove_pad(element_, pad_.get());
  pad_.reset();
}

void SourcePad::set_collection(GstStreamCollection* collection) {
  const std::lock_guard lock(mutex_);
  collection_ = Ref<GstStreamCollection>::retain(collection);
}

void SourcePad::loop() {
  Delivery delivery;
  switch (reader_->pop(id_, delivery)) {
    case Reader::Popped::unit:
      return deliver(delivery);
    case Reader::Popped::end:
      gst_pad_push_event(pad_.get(), gst_event_new_eos());
      gst_pad_pause_task(pad_.get());
      return;
    case Reader::Popped::interrupted:
      gst_pad_pause_task(pad_.get());
      return;
  }
}

void SourcePad::deliver(Delivery& delivery) {
  GstPad* const pad = pad_.get();
  Ref<GstStreamCollection> collection;
  {
    const std::lock_guard lock(mutex_);
    collection = std::exchange(collection_, nullptr);
  }
  if (collection) gst_pad_push_event(pad, gst_event_new_stream_collection(collection.get()));
  if (delivery.format && !gst_caps_is_equal(caps_.get(), held<GstCaps>(delivery.format).get())) {
    caps_ = held<GstCaps>(delivery.format);
    gst_pad_push_event(pad, gst_event_new_caps(caps_.get()));
  }
  if (!has_segment_) {
    segment_ = timeline_->segment(delivery.live_from);
    has_segment_ = true;
    gst_pad_push_event(pad, gst_event_new_segment(&segment_));
  }
  // A new GstBuffer around the same memory: other readers have their own times and flags.
  auto buffer = Ref<GstBuffer>::adopt(gst_buffer_copy(held<GstBuffer>(delivery.unit.payload).get()));
  const Unit& unit = delivery.unit;
  GST_BUFFER_PTS(buffer.get()) = unit.pts == no_time ? GST_CLOCK_TIME_NONE : timeline_->timestamp(unit.pts);
  GST_BUFFER_DTS(buffer.get()) = unit.dts == no_time ? GST_CLOCK_TIME_NONE : timeline_->timestamp(unit.dts);
  if (delivery.discontinuity) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  ++delivered_;
  if (delivery.lost_units > 0) tell_losses(delivery, buffer.get());
  finish(gst_pad_push(pad, buffer.release()));
}

void SourcePad::tell_losses(const Delivery& delivery, GstBuffer* buffer) {
  lost_ += delivery.lost_units;
  const GstClockTime timestamp = GST_BUFFER_DTS_OR_PTS(buffer);
  GstMessage* const message = gst_message_new_qos(
      GST_OBJECT(element_), TRUE, gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, timestamp),
      gst_segment_to_stream_time(&segment_, GST_FORMAT_TIME, timestamp), timestamp, GST_BUFFER_DURATION(buffer));
  gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, delivered_, lost_);
  GST_INFO_OBJECT(pad_.get(), "too slow: lost %" G_GUINT64_FORMAT " units in %" G_GUINT64_FORMAT " GOPs",
                  delivery.lost_units, delivery.lost_gops);
  gst_element_post_message(element_, message);
}

void SourcePad::finish(GstFlowReturn flow) {
  switch (flow) {
    case GST_FLOW_OK:
    case GST_FLOW_NOT_LINKED:
      return;
    case GST_FLOW_FLUSHING:
      // A branch that is restarted behind us gets data again when it is back.
      if (!GST_PAD_IS_FLUSHING(pad_.get())) return;
      break;
    case GST_FLOW_EOS:
      break;
    default:
      GST_ELEMENT_FLOW_ERROR(element_, flow);
      gst_pad_push_event(pad_.get(), gst_event_new_eos());
      break;
  }
  gst_pad_pause_task(pad_.get());
}

}  // namespace reallive::channel
