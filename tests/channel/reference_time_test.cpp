#include "channel/reference_time.h"

#include "channel/capture_age.h"
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

// A moment ago.
const GstClockTime moment = static_cast<GstClockTime>(g_get_real_time()) * 1000 - 70 * GST_MSECOND + 789;

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

// Cameras that were never told the time begin in 1970 or 2000; others are hours off.
TEST(ReferenceTime, AClockThatIsNotSetKeepsItsPaceAndLosesItsDate) {
  constexpr int64_t frame = 33 * GST_MSECOND;
  for (const int64_t wrong : {-3600 * static_cast<int64_t>(GST_SECOND), 900 * static_cast<int64_t>(GST_SECOND)}) {
    ReferenceTime clock;
    EXPECT_EQ(clock.origin(), ReferenceTime::Origin::none);
    const int64_t late[] = {40, 10, 90, 30};  // ms on the way
    GstClockTime out[4];
    for (int i = 0; i < 4; ++i) {
      const auto buffer = make_buffer(0, true);
      const int64_t made = static_cast<int64_t>(moment) + i * frame;
      add(buffer.get(), "timestamp/x-unix", static_cast<GstClockTime>(made + wrong));
      clock.settle(buffer.get(), made + late[i] * static_cast<int64_t>(GST_MSECOND));
      const auto unix_time = Ref<GstCaps>::adopt(gst_caps_from_string("timestamp/x-unix"));
      out[i] = gst_buffer_get_reference_timestamp_meta(buffer.get(), unix_time.get())->timestamp - i * frame;
    }
    EXPECT_EQ(clock.origin(), ReferenceTime::Origin::sender);
    EXPECT_EQ(out[0], moment + 40 * GST_MSECOND);
    EXPECT_EQ(out[1], moment + 10 * GST_MSECOND);
    EXPECT_EQ(out[2], out[1]) << "a picture that was held up is not younger for that";
    EXPECT_EQ(out[3], out[1]);
  }
}

TEST(CaptureAge, IsTheMedianOfTheLastSecond) {
  CaptureAge age;
  EXPECT_FALSE(age.newest());
  EXPECT_FALSE(age.median());
  constexpr int64_t ms = GST_MSECOND;
  age.add(0, 5, 5 + 9000 * ms);  // a minute before the others
  for (const int64_t late : {40, 900, 50, 60, 30})
    age.add(60'000 * ms + late, 7, 7 + late * ms);
  EXPECT_EQ(age.median(), 50 * ms) << "one that was held up does not count, nor does what is long ago";
  EXPECT_EQ(age.newest(), 7);
  age.add(60'100 * ms, 10, 8);
  EXPECT_EQ(age.newest(), 10);
  for (int i = 0; i < 10'000; ++i)
    age.add(60'200 * ms, 20, 15);
  EXPECT_EQ(age.median(), -5) << "the sender's clock is ahead";
}

TEST(ReferenceTime, TheSinkTellsHowOldPicturesAreWhenTheyCome) {
  TestWriter writer("age");
  writer.add_track("video_0", h264_caps);
  const auto stats = [&] {
    GstStructure* raw = nullptr;
    g_object_get(writer.element(), "stats", &raw, nullptr);
    return StructurePtr(raw);
  };
  EXPECT_FALSE(gst_structure_has_field(stats().get(), "newest-capture"));
  writer.push("video_0", make_buffer(0, true));
  gint64 value = 0;
  ASSERT_TRUE(gst_structure_get_int64(stats().get(), "newest-capture", &value));
  EXPECT_LE(value, g_get_real_time() * 1000);
  EXPECT_FALSE(gst_structure_has_field(stats().get(), "capture-latency")) << "of an arrival it says nothing";

  auto buffer = make_buffer(1, true);
  const gint64 made = g_get_real_time() * 1000 - 3 * static_cast<gint64>(GST_SECOND);
  add(buffer.get(), "timestamp/x-unix", static_cast<GstClockTime>(made));
  writer.push("video_0", std::move(buffer));
  ASSERT_TRUE(gst_structure_get_int64(stats().get(), "newest-capture", &value));
  EXPECT_EQ(value, made);
  ASSERT_TRUE(gst_structure_get_int64(stats().get(), "capture-latency", &value));
  EXPECT_GE(value, 3 * static_cast<gint64>(GST_SECOND)) << "of the sender's pictures only";
}

TEST(ReferenceTime, TheSinkTellsWhoseTimeItIs) {
  TestWriter writer("whose");
  writer.add_track("video_0", h264_caps);
  const auto whose = [&] {
    GstStructure* raw = nullptr;
    g_object_get(writer.element(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    const char* text = gst_structure_get_string(stats.get(), "capture-time");
    return std::string(text ? text : "");
  };
  EXPECT_EQ(whose(), "");
  writer.push("video_0", make_buffer(0, true));
  EXPECT_EQ(whose(), "arrival");
  auto buffer = make_buffer(33 * GST_MSECOND, false);
  add(buffer.get(), "timestamp/x-ntp", moment + 2'208'988'800 * GST_SECOND);
  writer.push("video_0", std::move(buffer));
  EXPECT_EQ(whose(), "sender");
}

TEST(ReferenceTime, AnNtpTimeBeforeTheEpochIsNoTime) {
  const Capture capture = through([](GstBuffer* buffer) { add(buffer, "timestamp/x-ntp", 17); });
  EXPECT_EQ(capture.metas, 1);
  EXPECT_EQ(capture.origin, "arrival");
}

}  // namespace
}  // namespace reallive::channel::test
