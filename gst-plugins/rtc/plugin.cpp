// The plugin reallivertc: registers its elements. Runs once, when GStreamer loads the module.
// It owns nothing and never fails half-way: an element that cannot be registered fails the plugin.
#include "reallive-config.h"
#include "rtc/gstreallivertcsink.h"
#include "rtc/gstreallivertcsrc.h"

static gboolean plugin_init(GstPlugin* plugin) {
  return GST_ELEMENT_REGISTER(reallivertcsink, plugin) && GST_ELEMENT_REGISTER(reallivertcsrc, plugin);
}

#define PACKAGE "reallive"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, reallivertc,
                  "WebRTC for many viewers and publishers on one port", plugin_init, REALLIVE_VERSION, "LGPL",
                  "RealLive", "https://github.com/reallive")
