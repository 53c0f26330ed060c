// What browsers cannot play, on its way to them: sound to Opus, H.265 as it is, converted or refused.
#include <gst/gst.h>

#include "media/element_census.h"
#include "media/media_fixture.h"
#include "media/pipeline_runner.h"
#include "media/rtsp_server.h"
#include "media/webrtcbin_viewer.h"

namespace reallive::media::test {
namespace {

constexpr double kTone = 1000;
const std::string kH264Picture =
    "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc tune=zerolatency "
    "speed-preset=ultrafast key-int-max=30 ! rtph264pay name=pay0 pt=96 ";
const std::string kH265Picture =
    "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! x265enc "
    "tune=zerolatency speed-preset=ultrafast key-int-max=30 ! h265parse ! rtph265pay name=pay0 pt=96 ";

std::string sound(const std::string& encoder) {
  return "audiotestsrc is-live=true freq=1000 volume=0.5 samplesperbuffer=441 ! " + encoder + " name=pay1 pt=97 ";
}
const std::string kAac = "audio/x-raw,rate=44100,channels=2 ! avenc_aac ! aacparse ! rtpmp4gpay";
const std::string kPcma = "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay";
const std::string kPcmu = "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay";

class Conversions : public MediaTest {
 protected:
  Conversions() {
    // libnice, below webrtcbin, does not use the loopback interface.
    listen = ":0";
    ElementCensus::get();
  }
  static int living(const std::string& factory) { return ElementCensus::get().living(factory); }
  // The camera's own encoder is one of the census where the server makes Opus or H.264 itself: only decoders tell.
  static int decoders() { return living("avdec_aac") + living("faad") + living("alawdec") + living("mulawdec"); }
  base::Result<SessionReply> join(const std::string& stream, WebrtcbinViewer& viewer) {
    auto reply = view(stream, viewer.offer());
    if (reply) viewer.accept(reply->sdp);
    return reply;
  }
  void add_transcoded(const std::string& stream, const std::string& url) {
    media->set_source({stream, *pipeline::parse_camera_source(url), true, true});
  }
};

TEST_F(Conversions, SoundIsHeardAsOpusAndConvertedOnlyWhileSomebodyHears) {
  open({.viewer_linger_ms = 50});
  const std::map<std::string, std::string> sources = {{"AAC", kAac}, {"PCMA", kPcma}, {"PCMU", kPcmu}};
  for (const auto& [codec, payloader] : sources) {
    const RtspServer server(RtspServerOptions{.launch = "( " + kH264Picture + sound(payloader) + ")"});
    const auto source = pipeline::parse_camera_source(server.url());
    media->set_source({codec, *source, false});
    ASSERT_TRUE(run_until([&, name = codec] { return media->status(name).audio_codec == name; })) << codec;
    EXPECT_EQ(decoders(), 0) << codec << ": nobody hears";
    {
      WebrtcbinViewer silent("H264", false);
      const auto reply = join(codec, silent);
      ASSERT_TRUE(reply) << reply.error().message;
      EXPECT_TRUE(run_until([&] { return silent.pictures() > 5; })) << codec;
      EXPECT_EQ(decoders(), 0) << codec << ": who watches without sound needs none";
      EXPECT_TRUE(media->status(codec).conversions.empty());

      WebrtcbinViewer one("H264", true), two("H264", true);
      const auto first = join(codec, one);
      const auto second = join(codec, two);
      ASSERT_TRUE(first && second);
      EXPECT_TRUE(run_until([&] { return one.hears(kTone) && two.hears(kTone) && one.pictures() > 5; })) << codec;
      EXPECT_EQ(decoders(), 1) << codec << ": one for all";
      EXPECT_EQ(media->status(codec).conversions, std::vector<std::string>{codec + " to Opus"});
      media->end_session(first->session);
      media->end_session(second->session);
      EXPECT_TRUE(run_until([&] { return decoders() == 0; })) << codec << ": gone with the last";
      EXPECT_EQ(media->status(codec).viewers, 1u);
      media->end_session(reply->session);
    }
    media->remove_source(codec);
    EXPECT_TRUE(run_until([] { return PipelineRunner::stopping() == 0; }));
  }
}

// A machine without this decoder.
class Missing {
 public:
  explicit Missing(const char* factory) {
    // A plugin that is loaded later would bring its features back.
    const auto known = Ref<GstPluginFeature>::adopt(gst_registry_lookup_feature(gst_registry_get(), factory));
    if (known) feature_ = Ref<GstPluginFeature>::adopt(gst_plugin_feature_load(known.get()));
    if (feature_) gst_registry_remove_feature(gst_registry_get(), feature_.get());
  }
  ~Missing() {
    if (feature_) gst_registry_add_feature(gst_registry_get(), feature_.get());
  }
  Missing(const Missing&) = delete;
  Missing& operator=(const Missing&) = delete;

 private:
  Ref<GstPluginFeature> feature_;
};

TEST_F(Conversions, SoundThatCannotBeConvertedLeavesThePictureAndSaysWhy) {
  const RtspServer server(RtspServerOptions{.launch = "( " + kH264Picture + sound(kPcma) + ")"});
  add("door", server.url());
  WebrtcbinViewer viewer("H264", true);
  {
    const Missing missing("alawdec");
    const auto reply = join("door", viewer);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(run_until([&] { return viewer.pictures() > 10; }));
    EXPECT_TRUE(run_until([&] { return !media->status("door").note.empty(); }));
    EXPECT_NE(media->status("door").note.find("alawdec"), std::string::npos) << media->status("door").note;
    EXPECT_EQ(media->status("door").state, StreamState::online);
    EXPECT_TRUE(media->status("door").error.empty());
  }
  EXPECT_TRUE(run_until([&] { return viewer.hears(kTone); })) << "it is tried again";
  EXPECT_TRUE(run_until([&] { return media->status("door").note.empty(); }));
  EXPECT_TRUE(gone.empty());
}

TEST_F(Conversions, APictureThatCannotBeConvertedIsRefusedWithTheReason) {
  const RtspServer server(RtspServerOptions{.launch = "( " + kH265Picture + ")"});
  add_transcoded("door", server.url());
  {
    const Missing first("avdec_h265");
    const Missing second("libde265dec");
    WebrtcbinViewer viewer("H264", false);
    const auto reply = join("door", viewer);
    if (reply) {
      EXPECT_TRUE(run_until([&] { return gone.count(reply->session) == 1; }));
      EXPECT_NE(gone[reply->session].find("libde265dec"), std::string::npos) << gone[reply->session];
    } else {
      EXPECT_NE(reply.error().message.find("libde265dec"), std::string::npos) << reply.error().message;
    }
    EXPECT_NE(media->status("door").note.find("libde265dec"), std::string::npos) << media->status("door").note;
  }
  // For some seconds nobody is let in only to be put out again.
  WebrtcbinViewer early("H264", false);
  const auto refusal = join("door", early);
  ASSERT_EQ(code(refusal), "not-live");
  EXPECT_NE(refusal.error().message.find("libde265dec"), std::string::npos) << refusal.error().message;
  ASSERT_TRUE(run_until([&] { return media->status("door").note.empty(); }));
  WebrtcbinViewer viewer("H264", false);
  ASSERT_TRUE(join("door", viewer));
  EXPECT_TRUE(run_until([&] { return viewer.pictures() > 5; }));
}

TEST_F(Conversions, ABrowserThatTakesNeitherPictureStartsNoTranscoder) {
  const RtspServer server(RtspServerOptions{.launch = "( " + kH265Picture + ")"});
  add_transcoded("door", server.url());
  WebrtcbinViewer viewer("VP8", false);
  const auto refusal = join("door", viewer);
  ASSERT_EQ(code(refusal), "no-common-codec");
  EXPECT_EQ(refusal.error().message,
            "This camera sends H.265, which this browser cannot show, nor H.264 in its place.");
  EXPECT_TRUE(media->status("door").conversions.empty());
}

TEST_F(Conversions, SoundIsHeardByWhoeverComesAfterOneWithoutSound) {
  const RtspServer server(RtspServerOptions{.launch = "( " + kH265Picture + sound(kPcma) + ")"});
  add_transcoded("door", server.url());
  WebrtcbinViewer silent("H264", false), hearing("H264", true);
  ASSERT_TRUE(join("door", silent));
  ASSERT_TRUE(run_until([&] { return silent.pictures() > 5; }));
  ASSERT_TRUE(join("door", hearing));
  EXPECT_TRUE(run_until([&] { return hearing.pictures() > 5 && hearing.hears(kTone); }));
}

TEST_F(Conversions, ACameraThatComesBackWithAnotherSizeIsConvertedInThatSize) {
  auto server = std::make_unique<RtspServer>(RtspServerOptions{.launch = "( " + kH265Picture + ")"});
  add_transcoded("door", server->url());
  WebrtcbinViewer viewer("H264", false);
  ASSERT_TRUE(join("door", viewer));
  ASSERT_TRUE(run_until([&] { return viewer.width() == 320; }));
  const int port = server->port();
  server.reset();
  std::string other = kH265Picture;
  other.replace(other.find("width=320,height=240"), 20, "width=640,height=480");
  server = std::make_unique<RtspServer>(RtspServerOptions{.port = port, .launch = "( " + other + ")"});
  EXPECT_TRUE(run_until([&] { return viewer.width() == 640; })) << viewer.width();
  EXPECT_TRUE(gone.empty());
}

TEST_F(Conversions, AnH264CameraDropsAndComesBackToTheSameViewer) {
  auto server = std::make_unique<RtspServer>();
  add("door", server->url());
  WebrtcbinViewer viewer("H264", false);
  ASSERT_TRUE(join("door", viewer));
  ASSERT_TRUE(run_until([&] { return viewer.pictures() > 10; })) << viewer.pictures();
  const int port = server->port();
  server.reset();
  ASSERT_TRUE(run_until([&] { return media->status("door").state == StreamState::error; }));
  const int before = viewer.pictures();
  server = std::make_unique<RtspServer>(RtspServerOptions{.port = port});
  EXPECT_TRUE(run_until([&] { return viewer.pictures() > before + 30; })) << viewer.pictures() - before;
  EXPECT_TRUE(gone.empty()) << "nobody has to come again";
}

TEST_F(Conversions, H265GoesAsItIsToWhomeverTakesIt) {
  const RtspServer server(RtspServerOptions{.launch = "( " + kH265Picture + sound(kAac) + ")"});
  add("door", server.url());
  WebrtcbinViewer viewer("H265", true);
  const auto reply = join("door", viewer);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_NE(reply->sdp.find("H265/90000"), std::string::npos) << reply->sdp;
  EXPECT_TRUE(run_until([&] { return viewer.pictures() > 10 && viewer.hears(kTone); })) << viewer.pictures();
  EXPECT_EQ(living("x264enc"), 0);
  EXPECT_EQ(media->status("door").video_codec, "H265");
}

TEST_F(Conversions, H265IsRefusedInWordsUnlessTheOwnerWantsItConverted) {
  const RtspServer server(RtspServerOptions{.launch = "( " + kH265Picture + ")"});
  add("door", server.url());
  WebrtcbinViewer refused("H264", false);
  const auto refusal = join("door", refused);
  ASSERT_EQ(code(refusal), "no-common-codec");
  EXPECT_EQ(refusal.error().message,
            "This camera sends H.265, which this browser cannot show. The camera's owner can switch transcoding on.");
  EXPECT_EQ(living("avdec_h265"), 0);
}

TEST_F(Conversions, OneTranscoderServesAllWhoNeedItAndGoesWithTheLast) {
  open({.viewer_linger_ms = 50});
  const RtspServer server(RtspServerOptions{.launch = "( " + kH265Picture + sound(kPcma) + ")"});
  add_transcoded("door", server.url());
  {
    WebrtcbinViewer one("H264", true), two("H264", true);
    const auto first = join("door", one);
    ASSERT_TRUE(first) << first.error().message;
    const auto second = join("door", two);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_TRUE(run_until([&] { return one.pictures() > 10 && two.pictures() > 10 && one.hears(kTone); }))
        << one.pictures() << " " << two.pictures();
    EXPECT_EQ(living("x264enc"), 1);
    EXPECT_EQ(living("alawdec"), 1);
    EXPECT_EQ(media->status("door").conversions, (std::vector<std::string>{"PCMA to Opus", "H265 to H264"}));
    EXPECT_EQ(media->status("door").viewers, 2u);
    media->end_session(first->session);
    EXPECT_EQ(living("x264enc"), 1);
    media->end_session(second->session);
    EXPECT_TRUE(run_until([&] { return living("x264enc") == 0 && living("alawdec") == 0; }));
  }
  EXPECT_TRUE(run_until([&] { return media->status("door").bytes_in == 0; })) << "the source still runs";
}

TEST_F(Conversions, TheStatusTellsWhoseClockTellsWhenPicturesWereMade) {
  const RtspServer server;
  media->set_source({"door", *pipeline::parse_camera_source(server.url()), false});
  media->set_source({"demo", *pipeline::parse_camera_source("test"), false});
  EXPECT_EQ(media->status("door").capture_time, "");
  // From the camera's first report on.
  EXPECT_TRUE(run_until([&] { return media->status("door").capture_time == "sender"; }))
      << media->status("door").capture_time;
  EXPECT_TRUE(run_until([&] { return media->status("demo").capture_time == "arrival"; }));
}

}  // namespace
}  // namespace reallive::media::test
