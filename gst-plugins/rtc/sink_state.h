// Sink: what one reallivertcsink knows: its settings, its stream, its pads. Hangs off the element's C instance.
// Threads of GStreamer and of the application meet here; the mutex says what it guards.
// It never emits, pushes or waits by itself.
#pragma once

#include <gst/gst.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rtc/endpoint_properties.h"
#include "rtc/send/stream.h"
#include "rtc/sink_notifier.h"

namespace reallive::rtc {

// One request pad. The segment belongs to the pad's streaming thread, `eos` to Sink::mutex.
struct SinkTrack {
  size_t number = 0;
  GstSegment segment{};
  bool eos = false;
};

struct Sink {
  std::mutex mutex;  // guards what follows; never held while pushing, emitting, or calling the stream or the endpoint
  EndpointSettings settings;
  CacheLimits cache;
  std::shared_ptr<Endpoint> endpoint;  // from READY up
  std::shared_ptr<SinkNotifier> notifier;
  std::shared_ptr<Stream> stream;
  std::map<GstPad*, std::unique_ptr<SinkTrack>> tracks;
  guint next_pad = 0;
  TimePoint zero{};  // for pipelines without a clock
  bool ready = false;
};

/// The state of a reallivertcsink.
Sink& sink_of(gpointer element);
std::shared_ptr<Stream> stream_of(Sink& sink);
/// nullptr when the pad has been released.
SinkTrack* track_of(Sink& sink, GstPad* pad);
/// Notifies property `ready` when it has changed.
void update_ready(GstElement* element);

}  // namespace reallive::rtc
