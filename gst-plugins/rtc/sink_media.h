// What enters reallivertcsink: caps become codecs, buffers access units with their times, events ends.
// Called on the pads' streaming threads. It never waits for the clock or for a viewer.
#pragma once

#include <gst/gst.h>

namespace reallive::rtc {

GstFlowReturn sink_chain(GstElement* element, GstPad* pad, GstBuffer* buffer);
bool sink_event(GstElement* element, GstPad* pad, GstEvent* event);

}  // namespace reallive::rtc
