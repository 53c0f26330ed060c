#include "load/clip.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include "common/ref.h"

namespace reallive::load {

namespace {

Result<Clip> encode(int key_seconds, int kbps) {
  Clip clip;
  int count = key_seconds * clip.fps;
  // A moving zone plate is hard enough to encode that the rate is really used. One thread, so that a picture is one
  // slice as cameras send it: x264's sliced threads would make two.
  std::string line =
      "videotestsrc pattern=zone-plate kx2=12 ky2=8 kt=2 num-buffers=" + std::to_string(count) +
      " ! video/x-raw,width=1280,height=720,framerate=30/1,format=I420 ! x264enc speed-preset=ultrafast " +
      "tune=zerolatency threads=1 bframes=0 vbv-buf-capacity=400 bitrate=" + std::to_string(kbps) +
      " key-int-max=" + std::to_string(count) +
      " option-string=scenecut=0 ! video/x-h264,profile=constrained-baseline,"
      "stream-format=byte-stream,alignment=au ! appsink name=sink sync=false";
  GError* error = nullptr;
  auto pipeline = Ref<GstElement>::sink(gst_parse_launch(line.c_str(), &error));
  if (error) {
    std::string reason = error->message;
    g_error_free(error);
    return fail("clip", reason);
  }
  auto sink = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "sink"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  while (auto sample = Ref<GstSample>::adopt(gst_app_sink_pull_sample(GST_APP_SINK(sink.get())))) {
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) continue;
    Clip::Frame frame;
    frame.annex_b.assign(map.data, map.data + map.size);
    frame.key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    clip.frames.push_back(std::move(frame));
    gst_buffer_unmap(buffer, &map);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (clip.frames.empty() || !clip.frames[0].key) return fail("clip", "x264enc gave no pictures");
  return clip;
}

}  // namespace

double Clip::bitrate() const {
  size_t bytes = 0;
  for (const Frame& frame : frames)
    bytes += frame.annex_b.size();
  return frames.empty() ? 0 : 8.0 * static_cast<double>(bytes) * fps / static_cast<double>(frames.size());
}

Result<Clip> Clip::make(int key_seconds, int kbps) {
  auto clip = encode(key_seconds, kbps);
  if (!clip) return clip;
  // x264 stays below the rate on pictures as regular as these: ask again for what would have given it.
  double share = clip->bitrate() / (1000.0 * kbps);
  return encode(key_seconds, static_cast<int>(kbps / share));
}

}  // namespace reallive::load
