#include <gst/gst.h>

#include "media/media_fixture.h"
#include "media/pipeline_runner.h"
#include "media/source_pipeline.h"
#include "rtc/webrtcbin_publisher.h"

namespace reallive::media::test {
namespace {

using rtc::test::WebrtcbinPublisher;

class Publications : public MediaTest {
 protected:
  // libnice, below webrtcbin, does not use the loopback interface.
  Publications() { listen = ":0"; }
  base::Result<SessionReply> join(const std::string& stream, WebrtcbinPublisher& publisher) {
    auto reply = publish(stream, publisher.offer());
    if (reply) publisher.accept(reply->sdp);
    return reply;
  }
};

TEST_F(Publications, IsSeenFromItsFirstMomentWithSoundAndPicture) {
  add("stage", "publish");
  EXPECT_EQ(code(view("stage")), "not-live");
  WebrtcbinPublisher publisher({});
  const auto reply = join("stage", publisher);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(media->status("stage").state, StreamState::connecting);
  // Nothing has come yet: the viewer waits, and gets both tracks.
  const auto viewer = view("stage");
  ASSERT_TRUE(viewer) << viewer.error().message;
  EXPECT_NE(viewer->sdp.find("H264/90000"), std::string::npos) << viewer->sdp;
  EXPECT_NE(viewer->sdp.find("opus/48000"), std::string::npos) << viewer->sdp;
  ASSERT_TRUE(wait_state("stage", StreamState::online));
  EXPECT_EQ(connected, std::vector<std::string>{reply->session});
  EXPECT_TRUE(run_until([&] { return media->status("stage").video_codec == "H264"; }));

  WebrtcbinPublisher second({});
  EXPECT_EQ(code(join("stage", second)), "already-published");

  ASSERT_EQ(media->sessions().size(), 2u);
  const auto published = [&] {
    for (const SessionStats& session : media->sessions()) {
      if (session.kind == "publish") return session;
    }
    return SessionStats{};
  };
  EXPECT_TRUE(run_until([&] { return published().packets > 0; }));
  EXPECT_TRUE(published().connected);
  EXPECT_EQ(published().video_codec, "H264");
  EXPECT_FALSE(published().srtp_profile.empty());
  EXPECT_TRUE(media->end_session(reply->session));
  EXPECT_TRUE(wait_state("stage", StreamState::offline));
  EXPECT_TRUE(run_until([&] { return gone.count(reply->session) == 1; }));
  EXPECT_EQ(gone.count(viewer->session), 0u) << "viewers stay for the next publisher";
}

TEST_F(Publications, TheNextPublisherFollowsAtOnce) {
  add("stage", "publish");
  for (int i = 0; i < 4; ++i) {
    WebrtcbinPublisher publisher({.video = i % 2 ? "vp8" : "h264"});
    const auto reply = join("stage", publisher);
    ASSERT_TRUE(reply) << i << ": " << reply.error().message;
    ASSERT_TRUE(wait_state("stage", StreamState::online)) << i;
    EXPECT_TRUE(run_until([&] { return media->status("stage").video_codec == (i % 2 ? "VP8" : "H264"); })) << i;
    // The next offer comes while this one's pipeline still ends.
    EXPECT_TRUE(media->end_session(reply->session));
    ASSERT_TRUE(run_until([&] { return gone.count(reply->session) == 1; }));
    EXPECT_EQ(gone[reply->session].find("failed"), std::string::npos) << gone[reply->session];
  }
  EXPECT_TRUE(run_until([] { return PipelineRunner::stopping() == 0; }));
}

TEST_F(Publications, ABadOfferLeavesThePlaceFree) {
  add("stage", "publish");
  EXPECT_EQ(code(publish("stage", "this is no SDP")), "bad-offer");
  WebrtcbinPublisher publisher({});
  EXPECT_TRUE(join("stage", publisher));
}

TEST(SourcePipeline, ForgetsTracksFromWhichNothingCame) {
  const auto built =
      build_ingest({"127.0.0.1:0", ""}, "silent", offer_of("chromium_publish"), std::make_shared<TrackMeter>());
  ASSERT_TRUE(built) << built.error().message;
  const auto channel = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(built->pipeline.get()), "channel"));
  EXPECT_EQ(channel->numsinkpads, 2);
  forget_silent_tracks(built->pipeline.get());
  EXPECT_EQ(channel->numsinkpads, 0);
}

}  // namespace
}  // namespace reallive::media::test
