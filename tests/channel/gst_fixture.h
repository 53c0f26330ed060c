// What the elements' tests share: a writer fed by hand through a GstHarness, and a reader pipeline that records what
// comes. The test's thread, but for the recording, which is the streaming threads'. Nothing here sleeps.
#pragma once

#include <condition_variable>
#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/ref.h"
#include "support/wait.h"

namespace reallive::channel::test {

inline constexpr const char* h264_caps = "video/x-h264,stream-format=byte-stream,alignment=au,width=64,height=48";
inline constexpr const char* opus_caps = "audio/x-opus,channel-mapping-family=0";
inline constexpr GstClockTime frame_time = GST_SECOND / 30;

inline Ref<GstBuffer> make_buffer(GstClockTime pts, bool key, gsize size = 100) {
  auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, size, nullptr));
  GST_BUFFER_PTS(buffer.get()) = pts;
  GST_BUFFER_DTS(buffer.get()) = pts;
  GST_BUFFER_DURATION(buffer.get()) = frame_time;
  if (!key) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
  return buffer;
}

struct HarnessDeleter {
  void operator()(GstHarness* harness) const { gst_harness_teardown(harness); }
};
using HarnessPtr = std::unique_ptr<GstHarness, HarnessDeleter>;

/// A reallivechannelsink with one pad for each harness, in PLAYING on the system's clock.
class TestWriter {
 public:
  explicit TestWriter(const std::string& channel) {
    element_ = Ref<GstElement>::sink(gst_element_factory_make("reallivechannelsink", nullptr));
    g_object_set(element_.get(), "channel", channel.c_str(), nullptr);
  }
  ~TestWriter() {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    tracks_.clear();
  }

  void add_track(const std::string& pad, const char* caps) {
    tracks_[pad] = HarnessPtr(gst_harness_new_with_element(element_.get(), pad.c_str(), nullptr));
    GstHarness* const harness = tracks_[pad].get();
    gst_harness_use_systemclock(harness);
    gst_harness_set_src_caps_str(harness, caps);
    gst_harness_play(harness);
  }
  GstFlowReturn push(const std::string& pad, Ref<GstBuffer> buffer) {
    return gst_harness_push(tracks_[pad].get(), buffer.release());
  }
  /// `count` pictures from `from` on, `gop` to a key frame.
  void push_pictures(int from, int count, int gop) {
    for (int i = from; i < from + count; ++i) {
      ASSERT_EQ(push("video_0", make_buffer(static_cast<GstClockTime>(i) * frame_time, i % gop == 0)), GST_FLOW_OK);
    }
  }
  GstHarness* harness(const std::string& pad) { return tracks_[pad].get(); }
  GstElement* element() const { return element_.get(); }

 private:
  Ref<GstElement> element_;
  std::map<std::string, HarnessPtr> tracks_;
};

/// What one pad of a reader got.
struct Recorded {
  std::vector<Ref<GstBuffer>> buffers;
  std::vector<Ref<GstCaps>> caps;
  GstSegment segment = {};
  bool eos = false;
  Ref<GstPad> sink;
};

/// A pipeline with one reallivechannelsrc whose pads end in recording sink pads.
class TestReader {
 public:
  explicit TestReader(const std::string& channel, const char* start = "cached") {
    pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
    element_ = Ref<GstElement>::sink(gst_element_factory_make("reallivechannelsrc", nullptr));
    g_object_set(element_.get(), "channel", channel.c_str(), nullptr);
    gst_util_set_object_arg(G_OBJECT(element_.get()), "start", start);
    gst_bin_add(GST_BIN(pipeline_.get()), element_.get());
    g_signal_connect(element_.get(), "pad-added", G_CALLBACK(on_pad_added), this);
    g_signal_connect(element_.get(), "no-more-pads", G_CALLBACK(on_no_more_pads), this);
  }
  ~TestReader() { stop(); }

  void play() { ASSERT_NE(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE); }
  void stop() {
    hold(false);
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }
  /// While on, every push of the reader blocks.
  void hold(bool on) {
    const std::lock_guard lock(mutex_);
    held_ = on;
    released_.notify_all();
  }

  size_t count(const std::string& pad) {
    const std::lock_guard lock(mutex_);
    return tracks_.count(pad) ? tracks_[pad].buffers.size() : 0;
  }
  Recorded recorded(const std::string& pad) {
    const std::lock_guard lock(mutex_);
    return tracks_[pad];
  }
  bool has_pad(const std::string& pad) {
    return static_cast<bool>(Ref<GstPad>::adopt(gst_element_get_static_pad(element_.get(), pad.c_str())));
  }
  int completions() {
    const std::lock_guard lock(mutex_);
    return completions_;
  }
  bool wait_count(const std::string& pad, size_t count_wanted) {
    return reallive::test::eventually([&] { return count(pad) >= count_wanted; });
  }
  /// The next message of these types that waits, within 10 s.
  Ref<GstMessage> message(GstMessageType types) {
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    return Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 10 * GST_SECOND, types));
  }
  GstElement* element() const { return element_.get(); }
  GstElement* pipeline() const { return pipeline_.get(); }

 private:
  static void on_pad_added(GstElement*, GstPad* pad, TestReader* self) {
    // Without a template a pad that has caps takes no others.
    static GstStaticPadTemplate any =
        GST_STATIC_PAD_TEMPLATE("record", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
    auto sink = Ref<GstPad>::sink(gst_pad_new_from_static_template(&any, "record"));
    const std::string name = GST_PAD_NAME(pad);
    g_object_set_data_full(G_OBJECT(sink.get()), "track", g_strdup(name.c_str()), g_free);
    gst_pad_set_element_private(sink.get(), self);
    gst_pad_set_chain_function(sink.get(), chain);
    gst_pad_set_event_function(sink.get(), event);
    gst_pad_set_active(sink.get(), TRUE);
    {
      const std::lock_guard lock(self->mutex_);
      self->tracks_[name].sink = sink;
    }
    gst_pad_link(pad, sink.get());
  }
  static void on_no_more_pads(GstElement*, TestReader* self) {
    const std::lock_guard lock(self->mutex_);
    ++self->completions_;
  }
  static Recorded& track_of(TestReader& self, GstPad* pad) {
    return self.tracks_[static_cast<const char*>(g_object_get_data(G_OBJECT(pad), "track"))];
  }
  static GstFlowReturn chain(GstPad* pad, GstObject*, GstBuffer* buffer) {
    auto& self = *static_cast<TestReader*>(gst_pad_get_element_private(pad));
    std::unique_lock lock(self.mutex_);
    self.released_.wait(lock, [&] { return !self.held_; });
    track_of(self, pad).buffers.push_back(Ref<GstBuffer>::adopt(buffer));
    return GST_FLOW_OK;
  }
  static gboolean event(GstPad* pad, GstObject*, GstEvent* raw) {
    const auto event = Ref<GstEvent>::adopt(raw);
    auto& self = *static_cast<TestReader*>(gst_pad_get_element_private(pad));
    const std::lock_guard lock(self.mutex_);
    Recorded& track = track_of(self, pad);
    if (GST_EVENT_TYPE(raw) == GST_EVENT_SEGMENT) gst_event_copy_segment(raw, &track.segment);
    if (GST_EVENT_TYPE(raw) == GST_EVENT_EOS) track.eos = true;
    if (GST_EVENT_TYPE(raw) == GST_EVENT_CAPS) {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(raw, &caps);
      track.caps.push_back(Ref<GstCaps>::retain(caps));
    }
    return TRUE;
  }

  std::mutex mutex_;  // guards all below
  std::condition_variable released_;
  bool held_ = false;
  int completions_ = 0;
  std::map<std::string, Recorded> tracks_;
  Ref<GstElement> pipeline_, element_;
};

}  // namespace reallive::channel::test
