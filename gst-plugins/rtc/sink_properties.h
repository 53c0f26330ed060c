// The properties of reallivertcsink: names, ranges and defaults, and the way to and from Sink.
// Any thread, as GObject says. It never changes what a running endpoint was opened with.
#pragma once

#include <glib-object.h>

namespace reallive::rtc {

void install_sink_properties(GObjectClass* klass);
void set_sink_property(GObject* object, guint id, const GValue* value, GParamSpec* spec);
void get_sink_property(GObject* object, guint id, GValue* value, GParamSpec* spec);

}  // namespace reallive::rtc
