// FrameHashes: one number a decoded picture, in order, taken from an appsink; to compare pictures at two places.
// Filled on streaming threads, read by the test's. It never keeps the pictures.
#pragma once

#include <cstdint>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <mutex>
#include <vector>

namespace reallive::test {

class FrameHashes {
 public:
  /// What a pipeline writes before an appsink of its own name that attach() takes: decoded H.264 to hashes.
  static constexpr const char* kDecoder =
      "avdec_h264 max-threads=1 output-corrupt=false ! videoconvert ! video/x-raw,format=I420 ! "
      "appsink sync=false async=false ";

  /// Counts every picture of `appsink` from now on. This object must outlive the element's streaming.
  void attach(GstElement* appsink) {
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink* sink, gpointer data) {
      GstSample* const sample = gst_app_sink_pull_sample(sink);
      if (!sample) return GST_FLOW_EOS;
      static_cast<FrameHashes*>(data)->add(gst_sample_get_buffer(sample));
      gst_sample_unref(sample);
      return GST_FLOW_OK;
    };
    gst_app_sink_set_callbacks(GST_APP_SINK(appsink), &callbacks, this, nullptr);
  }

  std::vector<uint64_t> all() const {
    const std::lock_guard lock(mutex_);
    return hashes_;
  }
  size_t size() const {
    const std::lock_guard lock(mutex_);
    return hashes_.size();
  }

 private:
  void add(GstBuffer* buffer) {
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return;
    uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    for (gsize i = 0; i < map.size; ++i)
      hash = (hash ^ map.data[i]) * 0x100000001b3u;
    gst_buffer_unmap(buffer, &map);
    const std::lock_guard lock(mutex_);
    hashes_.push_back(hash);
  }

  mutable std::mutex mutex_;  // guards hashes_
  std::vector<uint64_t> hashes_;
};

}  // namespace reallive::test
