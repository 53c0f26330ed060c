// Helpers that both elements share: pad templates, payloads that hold GStreamer objects, statistics as structures.
// Pure functions, any thread. They never look into a buffer's memory.
#pragma once

#include <gst/gst.h>
#include <optional>
#include <string_view>

#include "channel/unit.h"
#include "common/ref.h"

namespace reallive::channel {

GST_DEBUG_CATEGORY_EXTERN(debug_category);

/// Adds the templates video_%u, audio_%u and data_%u. Their caps are explicit lists but for data, which comes last:
/// gst_element_get_compatible_pad_template() takes the first template that fits.
void add_pad_templates(GstElementClass* element_class, GstPadDirection direction, GstPadPresence presence);

const char* kind_prefix(Kind kind);
/// `video_3` → {video, 3}.
std::optional<TrackId> parse_track(std::string_view pad_name);

template <typename T>
Payload hold(Ref<T> object) {
  return std::make_shared<const Ref<T>>(std::move(object));
}
template <typename T>
const Ref<T>& held(const Payload& payload) {
  return *static_cast<const Ref<T>*>(payload.get());
}

/// `channel-stats, writer=(boolean), readers=(uint), bytes=(guint64), dropped-gops=(guint64), dropped-units=(guint64),
/// key-frame-requests=(guint64), cached-span=(guint64, ns), cached-bytes=(guint64), bitrate=(double, bits a second),
/// video_0=(structure: units, key-units, bytes, bitrate, units-per-second) …`
StructurePtr to_structure(const ChannelStats& stats);

}  // namespace reallive::channel
