// webrtcbin watches reallivertcsink through a bad network: repair gives it every picture as it was.

#include "rtc_elements.h"
#include "support/wait.h"
#include "udp_relay.h"
#include "webrtc_peer.h"

namespace reallive::test {

namespace {

constexpr const char* kSource =
    "videotestsrc is-live=true pattern=smpte ! video/x-raw,width=480,height=270,framerate=30/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=60 bitrate=1500 ! "
    "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au ! tee name=t "
    "t. ! queue ! ";

// A good network is still served by a machine that is busy: webrtcbin gives a packet up when it, or its repeat, comes
// later than this, and what it shows then is its own doing. webrtcbin asks again every 170 ms.
constexpr unsigned kPatienceMs = 1000;

class ViewerNetwork : public testing::Test {
 protected:
  void serve(const std::string& listen) {
    pipeline_.emplace(std::string(kSource) + "reallivertcsink name=sink listen=" + listen +
                      " t. ! queue ! h264parse ! " + FrameHashes::kDecoder + "name=hashes");
    source_.attach(pipeline_->find("hashes").get());
    sink_ = pipeline_->find("sink");
    pipeline_->play();
    ASSERT_TRUE(eventually([this] {
      gboolean ready = FALSE;
      g_object_get(sink_.get(), "ready", &ready, nullptr);
      return ready != FALSE;
    }));
  }

  // A viewer begins with the cached pictures and may jump from them to a new key frame; from then on, nothing may be
  // missing: the newest `count` pictures.
  void watch(const WebrtcPeer& viewer, size_t count, std::chrono::seconds limit) {
    const size_t beginning = 75;  // longer than a group of pictures
    EXPECT_TRUE(eventually([&] { return viewer.received().size() >= beginning + count; }, limit))
        << viewer.received().size() << " pictures, connection state " << viewer.state();
    auto received = viewer.received().all();
    received.erase(received.begin(), received.end() - static_cast<ptrdiff_t>(std::min(count, received.size())));
    // The source's own decoder may be behind by a few.
    EXPECT_TRUE(eventually([&] { return is_run_of(received, source_.all()); }, std::chrono::seconds(3)))
        << difference(received, source_.all());
  }

  std::optional<Pipeline> pipeline_;
  Ref<GstElement> sink_;
  FrameHashes source_;
};

TEST_F(ViewerNetwork, GoodNetwork) {
  serve("127.0.0.1:0");
  const auto viewer = WebrtcPeer::viewer(kPatienceMs);
  const Answer answer = answer_of(sink_.get(), "add-viewer", "viewer", viewer->offer());
  ASSERT_EQ(answer.error, "");
  ASSERT_TRUE(viewer->accept(answer.sdp));
  watch(*viewer, 60, std::chrono::seconds(15));
}

TEST_F(ViewerNetwork, Ipv6) {
  serve("[::1]:0");
  const auto viewer = WebrtcPeer::viewer(kPatienceMs);
  const Answer answer = answer_of(sink_.get(), "add-viewer", "viewer", viewer->offer());
  ASSERT_EQ(answer.error, "");
  ASSERT_TRUE(candidate_of(answer.sdp).v6()) << answer.sdp;
  ASSERT_TRUE(viewer->accept(answer.sdp));
  watch(*viewer, 60, std::chrono::seconds(15));
}

struct Network {
  const char* name;
  double loss;
  double reordering;
  double duplication;
  size_t pictures;
};

class ViewerBadNetwork : public ViewerNetwork, public testing::WithParamInterface<Network> {};

TEST_P(ViewerBadNetwork, EveryPictureIsTheSources) {
  serve("127.0.0.1:0");
  // Two seconds of patience: a repair may be lost as well, several times over, and webrtcbin asks every 170 ms.
  const auto viewer = WebrtcPeer::viewer(2000);
  const Answer answer = answer_of(sink_.get(), "add-viewer", "viewer", viewer->offer());
  ASSERT_EQ(answer.error, "");
  Conditions conditions;
  conditions.loss = GetParam().loss;
  conditions.reordering = GetParam().reordering;
  conditions.duplication = GetParam().duplication;
  conditions.delay = std::chrono::milliseconds(10);
  UdpRelay relay(candidate_of(answer.sdp), {}, {}, 20);
  ASSERT_TRUE(viewer->accept(with_candidate(answer.sdp, relay.address())));
  ASSERT_TRUE(eventually([&] { return viewer->received().size() > 0; }));
  relay.set_conditions(conditions, conditions);
  watch(*viewer, GetParam().pictures, std::chrono::seconds(40));
  const auto counts = relay.to_client();
  EXPECT_EQ(counts.lost > 0, GetParam().loss > 0);
  EXPECT_EQ(counts.reordered > 0, GetParam().reordering > 0);
  EXPECT_EQ(counts.duplicated > 0, GetParam().duplication > 0);
}

INSTANTIATE_TEST_SUITE_P(Conditions, ViewerBadNetwork,
                         testing::Values(Network{"Loss1", 0.01, 0, 0, 150},
                                         Network{"Loss5Reordered", 0.05, 0.05, 0, 240},
                                         Network{"Loss10", 0.10, 0, 0, 150},
                                         Network{"ReorderedAndRepeated", 0, 0.1, 0.1, 150}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace

}  // namespace reallive::test
