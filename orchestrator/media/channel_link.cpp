#include "media/channel_link.h"

#include "media/elements.h"

namespace reallive::media {

namespace {

const char* first_track(bool video) {
  return video ? "video_0" : "audio_0";
}

}  // namespace

base::Result<Ref<GstElement>> make_channel_sink(const std::string& channel) {
  auto sink = make("reallivechannelsink", "channel");
  if (sink) g_object_set(sink->get(), "channel", channel.c_str(), nullptr);
  return sink;
}

void announce_track(GstElement* channel_sink, bool video) {
  const auto known = Ref<GstPad>::adopt(gst_element_get_static_pad(channel_sink, first_track(video)));
  if (!known) Ref<GstPad>::adopt(gst_element_request_pad_simple(channel_sink, first_track(video)));
}

bool link_to_channel(GstPad* from, GstElement* channel_sink, bool video, TrackMeter& meter) {
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(channel_sink, first_track(video)));
  if (!pad || gst_pad_is_linked(pad.get())) {
    pad = Ref<GstPad>::adopt(gst_element_request_pad_simple(channel_sink, video ? "video_%u" : "audio_%u"));
  }
  if (!pad || GST_PAD_LINK_FAILED(gst_pad_link(from, pad.get()))) return false;
  meter.watch(pad.get());
  return true;
}

void watch_leaks(GstElement* pipeline, TrackMeter& meter) {
  const auto queue = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), "reallive-waiting"));
  if (queue) meter.watch_leaks(queue.get());
}

}  // namespace reallive::media
