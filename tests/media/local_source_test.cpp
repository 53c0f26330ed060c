// A source of raw pictures on a machine that is too busy for it: some are left out, and those that come are of now.
#include "media/local_source.h"

#include <atomic>
#include <condition_variable>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <mutex>

#include "common/ref.h"
#include "support/wait.h"

namespace reallive::media {
namespace {

/// Holds the first picture before the encoder until it is let go, as a machine without time for it would.
struct Stall {
  std::mutex mutex;
  std::condition_variable let_go;
  bool held = false, over = false;
  int after = 0;  ///< pictures since then
  GstClockTime newest = GST_CLOCK_TIME_NONE;

  static GstPadProbeReturn pass(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto* self = static_cast<Stall*>(data);
    std::unique_lock lock(self->mutex);
    self->held = true;
    self->let_go.wait(lock, [self] { return self->over; });
    ++self->after;
    self->newest = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    return GST_PAD_PROBE_OK;
  }
};

Ref<GstElement> first_of(GstElement* pipeline, const char* factory) {
  Ref<GstElement> found;
  GstIterator* const all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline), factory);
  GValue item = G_VALUE_INIT;
  if (gst_iterator_next(all, &item) == GST_ITERATOR_OK)
    found = Ref<GstElement>::retain(GST_ELEMENT(g_value_get_object(&item)));
  g_value_unset(&item);
  gst_iterator_free(all);
  return found;
}

GstClockTime running_time(GstElement* pipeline) {
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(pipeline));
  return clock ? gst_clock_get_time(clock.get()) - gst_element_get_base_time(pipeline) : 0;
}

void expect_left_out(const base::Result<SourcePipeline>& built, const TrackMeter& meter) {
  ASSERT_TRUE(built) << built.error().message;
  GstElement* const pipeline = built->pipeline.get();
  const auto encoder = first_of(pipeline, "x264enc");
  ASSERT_TRUE(encoder);
  Stall stall;
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(encoder.get(), "sink"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, &Stall::pass, &stall, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  const auto is = [&stall](auto what) {
    return test::eventually([&] {
      const std::lock_guard lock(stall.mutex);
      return what();
    });
  };
  ASSERT_TRUE(is([&] { return stall.held; }));
  ASSERT_TRUE(test::eventually([&] { return running_time(pipeline) > 2 * GST_SECOND; }));
  const GstClockTime then = running_time(pipeline);
  {
    const std::lock_guard lock(stall.mutex);
    stall.over = true;
  }
  stall.let_go.notify_all();
  // The held one, those that were on their way with it, and then pictures of now.
  EXPECT_TRUE(is([&] { return stall.after >= 6; }));
  gst_element_set_state(pipeline, GST_STATE_NULL);
  EXPECT_GT(stall.newest + GST_SECOND / 2, then)
      << stall.newest / GST_MSECOND << " ms, let go at " << then / GST_MSECOND;
  EXPECT_GT(meter.dropped(), 0u);
}

TEST(LocalSource, TheTestCameraLeavesPicturesOutRatherThanFallBehind) {
  const auto meter = std::make_shared<TrackMeter>();
  expect_left_out(build_test("late", meter), *meter);
}

TEST(LocalSource, ALaunchLineOfRawPicturesLeavesThemOut) {
  const auto meter = std::make_shared<TrackMeter>();
  expect_left_out(
      build_launch("videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1", "late", meter),
      *meter);
}

}  // namespace
}  // namespace reallive::media
