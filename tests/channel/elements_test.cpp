#include <chrono>
#include <optional>

#include "channel/gst_fixture.h"

namespace reallive::channel::test {
namespace {

using reallive::test::eventually;

bool has_sink_pad(GstElement* pipeline, const char* element, const char* pad) {
  const auto found = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), element));
  return static_cast<bool>(Ref<GstPad>::adopt(gst_element_get_static_pad(found.get(), pad)));
}

Ref<GstElement> parse(const char* text) {
  GError* raw = nullptr;
  auto pipeline = Ref<GstElement>::sink(gst_parse_launch_full(text, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw));
  const GErrorPtr error(raw);
  EXPECT_FALSE(error) << error->message;
  return pipeline;
}

Ref<GstMessage> wait_message(GstElement* pipeline, int types) {
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline));
  return Ref<GstMessage>::adopt(
      gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, static_cast<GstMessageType>(types)));
}

TEST(Launch, EachTrackFindsItsPad) {
  const auto pipeline = parse(
      "audiotestsrc num-buffers=3 ! opusenc ! reallivechannelsink name=s channel=launch-pads "
      "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! x264enc tune=zerolatency ! s. "
      "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=48 ! jpegenc ! queue ! s.");
  EXPECT_TRUE(has_sink_pad(pipeline.get(), "s", "audio_0"));
  EXPECT_TRUE(has_sink_pad(pipeline.get(), "s", "video_0"));
  EXPECT_TRUE(has_sink_pad(pipeline.get(), "s", "video_1"));
  EXPECT_FALSE(has_sink_pad(pipeline.get(), "s", "data_0"));
}

TEST(Launch, OneTrackGoesThroughOneLine) {
  const auto pipeline = parse(
      "videotestsrc is-live=true num-buffers=40 ! video/x-raw,width=64,height=48,framerate=30/1 "
      "! x264enc tune=zerolatency key-int-max=10 ! reallivechannelsink channel=launch-one "
      "reallivechannelsrc channel=launch-one ! h264parse ! fakesink name=out signal-handoffs=true sync=true");
  std::atomic<int> count{0};
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  g_signal_connect(out.get(), "handoff", G_CALLBACK(+[](GstElement*, GstBuffer*, GstPad*, gpointer data) {
                     ++*static_cast<std::atomic<int>*>(data);
                   }),
                   &count);
  ASSERT_NE(gst_element_set_state(pipeline.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  EXPECT_TRUE(eventually([&] { return count >= 10; })) << count;
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

TEST(Sink, EndsWhenAllItsPadsHaveEnded) {
  const auto pipeline = parse(
      "audiotestsrc num-buffers=3 ! opusenc ! reallivechannelsink name=s channel=sink-eos "
      "videotestsrc num-buffers=10 ! video/x-raw,width=64,height=48 ! x264enc tune=zerolatency ! s.");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto message = wait_message(pipeline.get(), GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  ASSERT_TRUE(message);
  EXPECT_EQ(GST_MESSAGE_TYPE(message.get()), GST_MESSAGE_EOS);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

std::string start_error(const char* text) {
  const auto pipeline = parse(text);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto message = wait_message(pipeline.get(), GST_MESSAGE_ERROR);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (!message) return "no error";
  GError* raw = nullptr;
  gst_message_parse_error(message.get(), &raw, nullptr);
  return GErrorPtr(raw)->message;
}

TEST(Sink, SaysWhatIsWrong) {
  EXPECT_NE(start_error("videotestsrc ! reallivechannelsink").find("\"channel\""), std::string::npos);
  EXPECT_NE(start_error("reallivechannelsrc ! fakesink").find("\"channel\""), std::string::npos);
  TestWriter first("busy-channel");
  first.add_track("video_0", h264_caps);
  EXPECT_NE(start_error("videotestsrc is-live=true ! reallivechannelsink channel=busy-channel").find("already"),
            std::string::npos);
}

TEST(Sink, NumbersItsPads) {
  const auto sink = Ref<GstElement>::sink(gst_element_factory_make("reallivechannelsink", nullptr));
  const auto first = Ref<GstPad>::adopt(gst_element_request_pad_simple(sink.get(), "video_3"));
  ASSERT_TRUE(first);
  EXPECT_STREQ(GST_PAD_NAME(first.get()), "video_3");
  const auto next = Ref<GstPad>::adopt(gst_element_request_pad_simple(sink.get(), "video_%u"));
  EXPECT_STREQ(GST_PAD_NAME(next.get()), "video_0");
  gst_element_release_request_pad(sink.get(), first.get());
  EXPECT_EQ(sink->numsinkpads, 1);
}

StructurePtr stats_of(GstElement* element) {
  GstStructure* raw = nullptr;
  g_object_get(element, "stats", &raw, nullptr);
  return StructurePtr(raw);
}

TEST(Sink, MeasuresTheBitrate) {
  using Steady = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  TestWriter writer("bitrate");
  writer.add_track("video_0", h264_caps);
  std::optional<Steady::time_point> before_first, after_first;
  Steady::time_point before_last, after_last;
  int count = 0;
  double bitrate = 0, of_track = 0;
  ASSERT_TRUE(eventually([&] {
    before_last = Steady::now();
    EXPECT_EQ(writer.push("video_0", make_buffer(static_cast<GstClockTime>(count) * frame_time, count % 30 == 0, 1000)),
              GST_FLOW_OK);
    after_last = Steady::now();
    if (count++ == 0) before_first = before_last, after_first = after_last;
    const StructurePtr stats = stats_of(writer.element());
    GstStructure* track = nullptr;
    EXPECT_TRUE(gst_structure_get(stats.get(), "bitrate", G_TYPE_DOUBLE, &bitrate, "video_0", GST_TYPE_STRUCTURE,
                                  &track, nullptr));
    const StructurePtr one(track);
    EXPECT_TRUE(gst_structure_get_double(one.get(), "bitrate", &of_track));
    return bitrate > 0;
  }));
  // What it measured lies between the shortest and the longest time that the pushes may have taken for it.
  EXPECT_LE(bitrate, count * 8000 / Seconds(before_last - *after_first).count());
  EXPECT_GE(bitrate, count * 8000 / Seconds(after_last - *before_first).count());
  EXPECT_EQ(of_track, bitrate);
}

TEST(Sink, MeasuresTheChannel) {
  TestWriter writer("stats");
  writer.add_track("video_0", h264_caps);
  TestReader reader("stats");
  reader.play();
  writer.push_pictures(0, 31, 30);
  ASSERT_TRUE(reader.wait_count("video_0", 1));
  const StructurePtr stats = stats_of(writer.element());
  guint readers = 0;
  guint64 bytes = 0, span = 1, requests = 0;
  GstStructure* track_raw = nullptr;
  ASSERT_TRUE(gst_structure_get(stats.get(), "readers", G_TYPE_UINT, &readers, "bytes", G_TYPE_UINT64, &bytes,
                                "cached-span", G_TYPE_UINT64, &span, "key-frame-requests", G_TYPE_UINT64, &requests,
                                "video_0", GST_TYPE_STRUCTURE, &track_raw, nullptr));
  const StructurePtr track(track_raw);
  guint64 keys = 0;
  EXPECT_TRUE(gst_structure_get_uint64(track.get(), "key-units", &keys));
  EXPECT_EQ(readers, 1u);
  EXPECT_EQ(bytes, 3100u);
  EXPECT_EQ(span, 0u);
  EXPECT_EQ(keys, 2u);
}

TEST(Source, ComesBeforeItsWriter) {
  TestReader reader("first");
  reader.play();
  EXPECT_FALSE(reader.has_pad("video_0"));
  TestWriter writer("first");
  writer.add_track("video_0", h264_caps);
  writer.add_track("audio_0", opus_caps);
  ASSERT_TRUE(eventually([&] { return reader.has_pad("video_0") && reader.has_pad("audio_0"); }));
  ASSERT_TRUE(eventually([&] { return reader.completions() > 0; }));
  // Caps are there before the first unit: whoever has to answer an offer knows the codec.
  ASSERT_TRUE(eventually([&] { return !reader.recorded("video_0").caps.empty(); }));
  EXPECT_EQ(reader.count("video_0"), 0u);

  Ref<GstStreamCollection> collection;
  for (guint size = 0; size < 2;) {
    const auto message = reader.message(GST_MESSAGE_STREAM_COLLECTION);
    ASSERT_TRUE(message);
    GstStreamCollection* raw = nullptr;
    gst_message_parse_stream_collection(message.get(), &raw);
    collection = Ref<GstStreamCollection>::adopt(raw);
    size = gst_stream_collection_get_size(raw);
  }
  GstStream* const stream = gst_stream_collection_get_stream(collection.get(), 0);
  EXPECT_EQ(gst_stream_get_stream_type(stream), GST_STREAM_TYPE_VIDEO);
  EXPECT_STREQ(gst_stream_get_stream_id(stream), "first/video_0");

  writer.push_pictures(0, 3, 30);
  EXPECT_TRUE(reader.wait_count("video_0", 3));
}

TEST(Source, GivesTheSameMemoryToAll) {
  TestWriter writer("memory");
  writer.add_track("video_0", h264_caps);
  TestReader one("memory"), two("memory");
  one.play();
  two.play();
  ASSERT_TRUE(eventually([&] { return one.has_pad("video_0") && two.has_pad("video_0"); }));
  auto buffer = make_buffer(0, true);
  GstMemory* const memory = gst_buffer_peek_memory(buffer.get(), 0);
  writer.push("video_0", std::move(buffer));
  for (TestReader* reader : {&one, &two}) {
    ASSERT_TRUE(reader->wait_count("video_0", 1));
    EXPECT_EQ(gst_buffer_peek_memory(reader->recorded("video_0").buffers[0].get(), 0), memory);
  }
}

TEST(Source, CachedLiesBeforeTheSegmentAndLiveInIt) {
  TestWriter writer("cached");
  writer.add_track("video_0", h264_caps);
  writer.push_pictures(0, 45, 30);
  TestReader reader("cached");
  reader.play();
  ASSERT_TRUE(reader.wait_count("video_0", 15));
  writer.push_pictures(45, 5, 30);
  ASSERT_TRUE(reader.wait_count("video_0", 20));
  const Recorded track = reader.recorded("video_0");
  EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(track.buffers[0].get(), GST_BUFFER_FLAG_DELTA_UNIT));
  EXPECT_EQ(track.segment.format, GST_FORMAT_TIME);
  for (size_t i = 0; i < 15; ++i)
    EXPECT_LT(GST_BUFFER_DTS(track.buffers[i].get()), track.segment.start) << i;
  for (size_t i = 15; i < 20; ++i)
    EXPECT_GE(GST_BUFFER_DTS(track.buffers[i].get()), track.segment.start) << i;
  for (size_t i = 1; i < 20; ++i) {
    EXPECT_EQ(GST_BUFFER_DTS(track.buffers[i].get()) - GST_BUFFER_DTS(track.buffers[i - 1].get()), frame_time) << i;
  }
}

TEST(Source, PassesDataBesideThePictures) {
  TestWriter writer("data");
  writer.add_track("video_0", h264_caps);
  writer.add_track("data_0", "meta/x-klv,parsed=true");
  std::vector<Ref<GstMemory>> pushed;
  const auto push_data = [&](int picture, const std::string& text) {
    auto buffer = make_buffer(static_cast<GstClockTime>(picture) * frame_time, true, text.size());
    GST_BUFFER_DTS(buffer.get()) = GST_CLOCK_TIME_NONE;  // as what is no picture has
    gst_buffer_fill(buffer.get(), 0, text.data(), text.size());
    pushed.push_back(Ref<GstMemory>::retain(gst_buffer_peek_memory(buffer.get(), 0)));
    ASSERT_EQ(writer.push("data_0", std::move(buffer)), GST_FLOW_OK);
  };
  writer.push_pictures(0, 3, 30);
  push_data(2, "52.5163,13.3777");
  TestReader reader("data");
  reader.play();
  ASSERT_TRUE(reader.wait_count("data_0", 1)) << "what was said about the cached pictures";
  writer.push_pictures(3, 1, 30);
  push_data(3, "52.5164,13.3779");
  push_data(3, std::string("\0\xff", 2));
  ASSERT_TRUE(reader.wait_count("data_0", 3));
  ASSERT_TRUE(reader.wait_count("video_0", 4));
  const Recorded track = reader.recorded("data_0");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(gst_buffer_peek_memory(track.buffers[i].get(), 0), pushed[i].get()) << i;
    EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(track.buffers[i].get(), GST_BUFFER_FLAG_DELTA_UNIT)) << i;
  }
  EXPECT_EQ(GST_BUFFER_PTS(track.buffers[1].get()) - GST_BUFFER_PTS(track.buffers[0].get()), frame_time);
  EXPECT_LT(GST_BUFFER_PTS(track.buffers[0].get()), track.segment.start);
  EXPECT_GE(GST_BUFFER_PTS(track.buffers[1].get()), track.segment.start);
  ASSERT_EQ(track.caps.size(), 1u);
  EXPECT_STREQ(gst_structure_get_name(gst_caps_get_structure(track.caps[0].get(), 0)), "meta/x-klv");
}

TEST(Source, StartsAsItIsTold) {
  TestWriter writer("starts");
  writer.add_track("video_0", h264_caps);
  writer.push_pictures(0, 5, 30);
  TestReader next("starts", "next-keyframe"), now("starts", "now");
  next.play();
  now.play();
  ASSERT_TRUE(eventually([&] { return next.has_pad("video_0") && now.has_pad("video_0"); }));
  writer.push_pictures(5, 30, 30);
  ASSERT_TRUE(next.wait_count("video_0", 5));
  ASSERT_TRUE(now.wait_count("video_0", 30));
  EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(next.recorded("video_0").buffers[0].get(), GST_BUFFER_FLAG_DELTA_UNIT));
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(now.recorded("video_0").buffers[0].get(), GST_BUFFER_FLAG_DELTA_UNIT));
  EXPECT_EQ(next.count("video_0"), 5u);
}

TEST(Source, IsLiveAndPassesTheWritersLatencyOn) {
  TestReader reader("latency");
  EXPECT_EQ(gst_element_set_state(reader.element(), GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
  TestWriter writer("latency");
  writer.add_track("video_0", h264_caps);
  gst_harness_set_upstream_latency(writer.harness("video_0"), 70 * GST_MSECOND);
  gst_element_send_event(writer.element(), gst_event_new_latency(500 * GST_MSECOND));
  const auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  ASSERT_TRUE(gst_element_query(reader.element(), query.get()));
  gboolean live = FALSE;
  GstClockTime least = 0;
  gst_query_parse_latency(query.get(), &live, &least, nullptr);
  EXPECT_TRUE(live);
  EXPECT_EQ(least, 70 * GST_MSECOND);
}

TEST(Source, AStoppedReaderIsToldWhatItLost) {
  TestWriter writer("stopped");
  writer.add_track("video_0", h264_caps);
  TestReader reader("stopped");
  reader.play();
  ASSERT_TRUE(eventually([&] { return reader.has_pad("video_0"); }));
  writer.push_pictures(0, 1, 60);
  ASSERT_TRUE(reader.wait_count("video_0", 1));
  reader.hold(true);
  // Ten seconds of media, as fast as they are taken: standstill_test.cpp has the clock.
  writer.push_pictures(1, 299, 60);
  reader.hold(false);
  const auto message = reader.message(GST_MESSAGE_QOS);
  ASSERT_TRUE(message);
  GstFormat format = GST_FORMAT_UNDEFINED;
  guint64 processed = 0, dropped = 0;
  gst_message_parse_qos_stats(message.get(), &format, &processed, &dropped);
  EXPECT_GT(dropped, 150u);
  // After the gap the first is a key frame, and says so.
  ASSERT_TRUE(eventually([&] {
    const Recorded track = reader.recorded("video_0");
    return GST_BUFFER_DTS(track.buffers.back().get()) - GST_BUFFER_DTS(track.buffers.front().get()) == 299 * frame_time;
  }));
  const Recorded track = reader.recorded("video_0");
  size_t gaps = 0;
  for (size_t i = 1; i < track.buffers.size(); ++i) {
    GstBuffer* const buffer = track.buffers[i].get();
    if (GST_BUFFER_DTS(buffer) - GST_BUFFER_DTS(track.buffers[i - 1].get()) == frame_time) continue;
    ++gaps;
    EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT));
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT));
  }
  EXPECT_EQ(gaps, 1u);
  for (GstElement* element : {reader.element(), writer.element()}) {
    const StructurePtr stats = stats_of(element);
    guint64 units = 0, groups = 0;
    EXPECT_TRUE(gst_structure_get(stats.get(), "dropped-units", G_TYPE_UINT64, &units, "dropped-gops", G_TYPE_UINT64,
                                  &groups, nullptr));
    EXPECT_EQ(units, 300 - track.buffers.size()) << GST_OBJECT_NAME(element);
    EXPECT_GE(groups, 3u) << GST_OBJECT_NAME(element);
    EXPECT_LE(groups, 5u) << GST_OBJECT_NAME(element);
  }
}

TEST(Source, StaysWhenTheWriterGoesAndContinuesWhenItReturns) {
  TestReader reader("returns");
  reader.play();
  {
    TestWriter writer("returns");
    writer.add_track("video_0", h264_caps);
    writer.add_track("audio_0", opus_caps);
    ASSERT_TRUE(eventually([&] { return reader.has_pad("video_0"); }));
    // Its times run ahead of the clock, so that the next writer's lie behind them.
    writer.push_pictures(300, 31, 30);
    ASSERT_TRUE(reader.wait_count("video_0", 31));
  }
  EXPECT_TRUE(reader.has_pad("video_0"));
  const size_t before = reader.count("video_0");
  TestWriter writer("returns");
  writer.add_track("video_0", "video/x-vp8,width=64,height=48");
  ASSERT_TRUE(eventually([&] { return !reader.has_pad("audio_0"); })) << "the new writer has no sound";
  EXPECT_TRUE(reader.recorded("audio_0").eos);
  writer.push_pictures(0, 10, 30);
  ASSERT_TRUE(reader.wait_count("video_0", before + 10));
  const Recorded track = reader.recorded("video_0");
  ASSERT_EQ(track.caps.size(), 2u);
  EXPECT_TRUE(gst_structure_has_name(gst_caps_get_structure(track.caps[1].get(), 0), "video/x-vp8"));
  for (size_t i = 1; i < track.buffers.size(); ++i) {
    EXPECT_GT(GST_BUFFER_DTS(track.buffers[i].get()), GST_BUFFER_DTS(track.buffers[i - 1].get())) << i;
  }
}

TEST(Source, PassesKeyFrameRequestsOnButFew) {
  TestWriter writer("requests");
  writer.add_track("video_0", h264_caps);
  writer.push_pictures(0, 1, 30);
  TestReader reader("requests");
  reader.play();
  ASSERT_TRUE(reader.wait_count("video_0", 1));
  const auto is_request = [](GstEvent* event) { return event && gst_video_event_is_force_key_unit(event); };
  int requests = 0;
  const auto collect = [&] {
    while (const auto event = Ref<GstEvent>::adopt(gst_harness_try_pull_upstream_event(writer.harness("video_0")))) {
      if (is_request(event.get())) ++requests;
    }
  };
  collect();
  ASSERT_EQ(requests, 0);
  const auto sink = reader.recorded("video_0").sink;
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(
        gst_pad_push_event(sink.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, i)));
  }
  collect();
  EXPECT_EQ(requests, 1);
}

TEST(Source, EndsWhenItsPipelineIsToldTo) {
  TestWriter writer("eos");
  writer.add_track("video_0", h264_caps);
  TestReader reader("eos");
  reader.play();
  ASSERT_TRUE(eventually([&] { return reader.has_pad("video_0"); }));
  writer.push_pictures(0, 3, 30);
  ASSERT_TRUE(reader.wait_count("video_0", 3));
  gst_element_send_event(reader.element(), gst_event_new_eos());
  EXPECT_TRUE(eventually([&] { return reader.recorded("video_0").eos; }));
}

TEST(Source, PausesAndContinues) {
  TestWriter writer("pauses");
  writer.add_track("video_0", h264_caps);
  TestReader reader("pauses");
  reader.play();
  ASSERT_TRUE(eventually([&] { return reader.has_pad("video_0"); }));
  writer.push_pictures(0, 3, 30);
  ASSERT_TRUE(reader.wait_count("video_0", 3));
  gst_element_set_state(reader.pipeline(), GST_STATE_PAUSED);
  writer.push_pictures(3, 3, 30);
  gst_element_set_state(reader.pipeline(), GST_STATE_PLAYING);
  writer.push_pictures(6, 27, 30);
  ASSERT_TRUE(reader.wait_count("video_0", 6));
  const Recorded track = reader.recorded("video_0");
  EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(track.buffers[3].get(), GST_BUFFER_FLAG_DELTA_UNIT));
  EXPECT_EQ(track.buffers.size(), 6u);
}

TEST(Elements, LeaveNothingBehind) {
  bool freed = false;
  for (int i = 0; i < 20; ++i) {
    TestReader reader("cycles");
    TestWriter writer("cycles");
    writer.add_track("video_0", h264_caps);
    reader.play();
    ASSERT_TRUE(eventually([&] { return reader.has_pad("video_0"); }));
    auto buffer = make_buffer(0, true);
    freed = false;
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT_CAST(gst_buffer_peek_memory(buffer.get(), 0)),
        [](gpointer data, GstMiniObject*) { *static_cast<bool*>(data) = true; }, &freed);
    writer.push("video_0", std::move(buffer));
    ASSERT_TRUE(reader.wait_count("video_0", 1));
    reader.stop();
    EXPECT_EQ(reader.element()->numpads, 0);
    EXPECT_EQ(GST_OBJECT_REFCOUNT_VALUE(reader.element()), 2);  // the pipeline's and ours
  }
  EXPECT_TRUE(freed);
}

}  // namespace
}  // namespace reallive::channel::test
