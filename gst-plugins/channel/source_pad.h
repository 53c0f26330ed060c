// SourcePad: one track of a reallivechannelsrc, with the thread that takes units from the channel and pushes them.
// Made and destroyed by the element's control task; loop() runs in the pad's own streaming thread. It never copies the
// memory of a buffer, and never stops for a downstream that is not there.
#pragma once

#include <gst/gst.h>
#include <memory>
#include <mutex>
#include <optional>

#include "channel/channel.h"
#include "channel/clock_map.h"
#include "common/ref.h"

namespace reallive::channel {

/// From the channel's time to the timestamps of one source, the same for all its pads. Any thread.
class Timeline {
 public:
  explicit Timeline(GstElement* element) : element_(element) {}

  /// The timestamp of a channel time, now.
  GstClockTime timestamp(int64_t time);
  /// A segment in which `live_from` is live and everything earlier lies before its start.
  GstSegment segment(int64_t live_from);

 private:
  int64_t offset();  // with mutex_ held

  GstElement* const element_;
  std::mutex mutex_;  // guards all below
  ClockMap clock_;
  std::optional<int64_t> first_offset_;
  std::optional<int64_t> zero_;  // the timestamp whose running time is 0
};

class SourcePad {
 public:
  SourcePad(GstElement* element, GstPadTemplate* pad_template, TrackId id, std::shared_ptr<Reader> reader,
            std::shared_ptr<Timeline> timeline);
  ~SourcePad();
  SourcePad(const SourcePad&) = delete;
  SourcePad& operator=(const SourcePad&) = delete;

  /// Shows the pad with its stream and caps, then starts its thread.
  void show(GstStreamCollection* collection, GstStream* stream, const Payload& format);
  /// Ends the stream, then hides. The reader's track has been closed.
  void finish_and_hide();
  /// Joins the thread and takes the pad from the element.
  void hide();
  /// Sent before the next unit.
  void set_collection(GstStreamCollection* collection);
  TrackId id() const { return id_; }

 private:
  void loop();
  void deliver(Delivery& delivery);
  void tell_losses(const Delivery& delivery, GstBuffer* buffer);
  void finish(GstFlowReturn flow);

  GstElement* const element_;
  const TrackId id_;
  const std::shared_ptr<Reader> reader_;
  const std::shared_ptr<Timeline> timeline_;
  Ref<GstPad> pad_;
  Ref<GstCaps> caps_;
  GstSegment segment_ = {};
  bool has_segment_ = false;
  uint64_t delivered_ = 0, lost_ = 0;
  std::mutex mutex_;  // guards collection_
  Ref<GstStreamCollection> collection_;
};

}  // namespace reallive::channel
