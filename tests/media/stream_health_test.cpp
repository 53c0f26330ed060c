// How a stream goes, measured on real ones: order of pictures, losses, and how old pictures are when they come.
#include <gst/gst.h>

#include "media/media_fixture.h"
#include "media/picture_order.h"
#include "media/rtsp_server.h"

namespace reallive::media::test {
namespace {

constexpr GstClockTime kPicture = GST_SECOND / 30;

TEST(PictureOrder, IsUnknownUntilAGroupOrSixtyPicturesCame) {
  PictureOrder order;
  for (unsigned unit = 0; unit < 59; ++unit) {
    order.add(unit * kPicture, unit == 0);
    EXPECT_FALSE(order.reordered());
  }
  order.add(59 * kPicture, false);
  EXPECT_EQ(order.reordered(), false);
  PictureOrder short_groups;
  for (unsigned unit = 0; unit <= 5; ++unit)
    short_groups.add(unit * kPicture, unit % 5 == 0);
  EXPECT_EQ(short_groups.reordered(), false);
}

TEST(PictureOrder, ForgetsTwoGroupsAfterTheLastReordering) {
  PictureOrder order;
  for (const unsigned at : {0, 3, 1, 2})
    order.add(at * kPicture, at == 0);
  EXPECT_EQ(order.reordered(), true);
  order.add(4 * kPicture, true);
  order.add(5 * kPicture, false);
  EXPECT_EQ(order.reordered(), true) << "the group before";
  order.add(6 * kPicture, true);
  EXPECT_EQ(order.reordered(), false);
}

TEST(PictureOrder, ASourceThatBeginsAnewIsNoReordering) {
  PictureOrder order;
  order.add(3600 * GST_SECOND, true);
  order.add(3600 * GST_SECOND + kPicture, false);
  order.add(0, true);
  order.add(kPicture, false);
  order.add(2 * kPicture, true);
  EXPECT_EQ(order.reordered(), false);
  order.add(GST_CLOCK_TIME_NONE, false);
  EXPECT_EQ(order.reordered(), false);
}

class StreamHealth : public MediaTest {
 protected:
  static std::string camera(const std::string& encoder, const std::string& after = {}) {
    return "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc " + encoder +
           " key-int-max=15 ! " + after + "rtph264pay name=pay0 pt=96 )";
  }
};

TEST_F(StreamHealth, BFramesAreToldOfTheStreamItself) {
  const RtspServer with(
      // The payloader asks for the baseline profile, which has none, unless it is told otherwise.
      RtspServerOptions{.launch =
                            camera("speed-preset=ultrafast bframes=2 b-adapt=false", "video/x-h264,profile=main ! ")});
  const RtspServer without(RtspServerOptions{.launch = camera("tune=zerolatency speed-preset=ultrafast")});
  add("with", with.url(), false);
  EXPECT_FALSE(media->status("with").b_frames) << "before anything has come";
  add("without", without.url(), false);
  add("launched",
      "launch:videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1 ! x264enc "
      "speed-preset=ultrafast bframes=2 b-adapt=false key-int-max=15",
      false);
  ASSERT_TRUE(run_until([&] { return media->status("without").b_frames.has_value(); }));
  EXPECT_EQ(media->status("without").b_frames, false);
  for (const char* stream : {"with", "launched"})
    EXPECT_TRUE(run_until([&] { return media->status(stream).b_frames == true; })) << stream;
}

TEST_F(StreamHealth, TheAgeOfPicturesGoesByTheSendersClock) {
  // This camera holds every picture back for half a second before it sends it.
  const RtspServer late(RtspServerOptions{
      .launch = camera("tune=zerolatency speed-preset=ultrafast",
                       "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 min-threshold-time=500000000 ! "),
      .reports_making = true});
  const RtspServer prompt;
  add("late", late.url(), false);
  add("prompt", prompt.url(), false);
  for (const char* stream : {"late", "prompt"}) {
    ASSERT_TRUE(run_until([&] { return media->status(stream).latency_ms.has_value(); })) << stream;
    ASSERT_EQ(media->status(stream).capture_time, "sender") << stream;
  }
  // Other pictures wait for the first report; a second later the median is of those that knew.
  ASSERT_TRUE(run_until([&] { return *media->status("late").latency_ms > 450; }))
      << *media->status("late").latency_ms << " ms";
  EXPECT_GE(*media->status("late").capture_age_s, 0.45);
  EXPECT_TRUE(run_until([&] { return *media->status("prompt").latency_ms < 400; }))
      << *media->status("prompt").latency_ms << " ms";
  EXPECT_GE(*media->status("prompt").latency_ms, 0);
}

TEST_F(StreamHealth, AnArrivalSaysNothingOfThePicturesAge) {
  add("local", "launch:videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1", false);
  ASSERT_TRUE(run_until([&] { return media->status("local").capture_age_s.has_value(); }));
  const StreamStatus status = media->status("local");
  EXPECT_EQ(status.capture_time, "arrival");
  EXPECT_FALSE(status.latency_ms);
  EXPECT_GE(*status.capture_age_s, 0);
  EXPECT_LT(*status.capture_age_s, 10);
}

TEST_F(StreamHealth, LostPicturesAreCounted) {
  const std::string encoded =
      "launch:videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1 "
      "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse";
  add("whole", encoded, false);
  add("holes", encoded + " ! identity drop-probability=0.2", false);
  ASSERT_TRUE(run_until([&] { return media->status("holes").dropped_frames >= 10; }));
  EXPECT_EQ(media->status("whole").dropped_frames, 0u);
}

TEST_F(StreamHealth, PacketsThatNeverCameCostPictures) {
  // A packet in fifty is lost between the camera and its network.
  const RtspServer lossy(RtspServerOptions{
      .launch = "( videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=30/1 "
                "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay pt=96 "
                "! identity name=pay0 drop-probability=0.02 )"});
  add("lossy", lossy.url(), false);
  ASSERT_TRUE(wait_state("lossy", StreamState::online)) << media->status("lossy").error;
  EXPECT_TRUE(run_until([&] { return media->status("lossy").dropped_frames >= 5; }));
}

}  // namespace
}  // namespace reallive::media::test
