#include "channel/gst_fixture.h"

namespace reallive::channel::test {
namespace {

struct Capture {
  int metas = 0;
  GstClockTime time = 0;
  std::string origin;
};

// Sends one buffer through a channel, with what `prepare` puts on it.
template <typename Prepare>
Capture through(Prepare prepare) {
  TestWriter writer("capture");
  writer.add_track("video_0", h264_caps);
  TestReader reader("capture");
  reader.play();
  EXPECT_TRUE(reallive::test::eventually([&] { return reader.has_pad("video_0"); }));
  auto buffer = make_buffer(0, true);
  prepare(buffer.get());
  writer.push("video_0", std::move(buffer));
  EXPECT_TRUE(reader.wait_count("video_0", 1));
  Capture capture;
  gst_buffer_foreach_meta(
      reader.recorded("video_0").buffers.at(0).get(),
      [](GstBuffer*, GstMeta** meta, gpointer data) -> gboolean {
        if ((*meta)->info->api != GST_REFERENCE_TIMESTAMP_META_API_TYPE) return TRUE;
        auto& found = *static_cast<Capture*>(data);
        const auto* timestamp = reinterpret_cast<const GstReferenceTimestampMeta*>(*meta);
        const GstStructure* structure = gst_caps_get_structure(timestamp->reference, 0);
        EXPECT_STREQ(gst_structure_get_name(structure), "timestamp/x-unix");
        ++found.metas;
        found.time = timestamp->timestamp;
        found.origin = gst_structure_get_string(structure, "origin");
        return TRUE;
      },
      &capture);
  return capture;
}

void add(GstBuffer* buffer, const char* caps_text, GstClockTime time) {
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(caps_text));
  gst_buffer_add_reference_timestamp_meta(buffer, caps.get(), time, GST_CLOCK_TIME_NONE);
}

constexpr GstClockTime moment = 1'763'729'645 * GST_SECOND + 123'456'789;

TEST(ReferenceTime, ConvertsNtpToUnix) {
  const Capture capture =
      through([](GstBuffer* buffer) { add(buffer, "timestamp/x-ntp", moment + 2'208'988'800 * GST_SECOND); });
  EXPECT_EQ(capture.metas, 1);
  EXPECT_EQ(capture.time, moment);
  EXPECT_EQ(capture.origin, "sender");
}

TEST(ReferenceTime, KeepsTheFirstOfSeveral) {
  const Capture capture = through([](GstBuffer* buffer) {
    add(buffer, "timestamp/x-ptp", 5);
    add(buffer, "timestamp/x-unix", moment);
    add(buffer, "timestamp/x-unix", moment + 1);
    add(buffer, "timestamp/x-ntp", moment + 2'208'988'801 * GST_SECOND);
  });
  EXPECT_EQ(capture.metas, 1);
  EXPECT_EQ(capture.time, moment);
  EXPECT_EQ(capture.origin, "sender");
}

TEST(ReferenceTime, FillsInTheTimeOfArrival) {
  const auto before = static_cast<GstClockTime>(g_get_real_time()) * 1000;
  const Capture capture = through([](GstBuffer*) {});
  EXPECT_EQ(capture.metas, 1);
  EXPECT_GE(capture.time, before);
  EXPECT_LE(capture.time, static_cast<GstClockTime>(g_get_real_time()) * 1000);
  EXPECT_EQ(capture.origin, "arrival");
}

TEST(ReferenceTime, ArrivalAtAnotherChannelStaysArrival) {
  const Capture capture =
      through([](GstBuffer* buffer) { add(buffer, "timestamp/x-unix, origin=(string)arrival", moment); });
  EXPECT_EQ(capture.time, moment);
  EXPECT_EQ(capture.origin, "arrival");
}

TEST(ReferenceTime, AnNtpTimeBeforeTheEpochIsNoTime) {
  const Capture capture = through([](GstBuffer* buffer) { add(buffer, "timestamp/x-ntp", 17); });
  EXPECT_EQ(capture.metas, 1);
  EXPECT_EQ(capture.origin, "arrival");
}

}  // namespace
}  // namespace reallive::channel::test
