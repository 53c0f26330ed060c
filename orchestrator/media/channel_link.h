// ChannelLink: how a track comes into a channel: announced early, linked and counted when it is there.
// Any thread, as pads appear on the elements' own; the elements are the caller's.
// It never starts anything.
#pragma once

#include <string>

#include "base/result.h"
#include "common/ref.h"
#include "media/track_meter.h"

namespace reallive::media {

/// `reallivechannelsink name=channel channel=…`.
base::Result<Ref<GstElement>> make_channel_sink(const std::string& channel);

/// Makes a track known before anything comes from it: viewers who wait get an answer with all tracks, not with the one
/// that happens to be first.
void announce_track(GstElement* channel_sink, bool video);
/// Links `from` to the announced track or to a new one, and counts it there.
bool link_to_channel(GstPad* from, GstElement* channel_sink, bool video, TrackMeter& meter);

/// A queue between a live source of raw pictures and its encoder: what a busy machine cannot encode in time is left
/// out, else each picture would be later than the one before, for good.
inline constexpr const char* kLeavesOut =
    "queue name=reallive-waiting leaky=downstream max-size-buffers=4 max-size-bytes=0 max-size-time=0";
/// Counts what the pipeline's queue of that kind leaves out, where it has one.
void watch_leaks(GstElement* pipeline, TrackMeter& meter);

}  // namespace reallive::media
