// The plugin reallivechannel: registers its elements. Runs once, when GStreamer loads the module.
// It owns nothing and never fails half-way: an element that cannot be registered fails the plugin.
#include "channel/gst_helpers.h"
#include "channel/gstreallivechannelsink.h"
#include "channel/gstreallivechannelsrc.h"
#include "reallive-config.h"

static gboolean plugin_init(GstPlugin* plugin) {
  GST_DEBUG_CATEGORY_INIT(reallive::channel::debug_category, "reallivechannel", 0, "RealLive channels");
  return GST_ELEMENT_REGISTER(reallivechannelsink, plugin) && GST_ELEMENT_REGISTER(reallivechannelsrc, plugin);
}

#define PACKAGE "reallive"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, reallivechannel,
                  "Named in-process channels between pipelines, with a GOP cache", plugin_init, REALLIVE_VERSION,
                  "LGPL", "RealLive", "https://github.com/reallive")
