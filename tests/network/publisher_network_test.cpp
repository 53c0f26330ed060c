// webrtcbin publishes to reallivertcsrc through a bad network: repair gives the server every picture as it was.

#include "rtc_elements.h"
#include "support/wait.h"
#include "udp_relay.h"
#include "webrtc_peer.h"

namespace reallive::test {

namespace {

constexpr const char* kCamera =
    "videotestsrc is-live=true pattern=smpte ! video/x-raw,width=480,height=270,framerate=30/1";

class PublisherNetwork : public testing::Test {
 protected:
  void serve(const std::string& listen, unsigned latency_ms = 200) {
    pipeline_.emplace("reallivertcsrc name=src listen=" + listen + " latency=" + std::to_string(latency_ms) +
                      " src.video_0 ! queue ! h264parse ! " + FrameHashes::kDecoder + "name=hashes");
    received_.attach(pipeline_->find("hashes").get());
    src_ = pipeline_->find("src");
    pipeline_->play();
  }

  void expect_pictures(const WebrtcPeer& publisher, size_t count, std::chrono::seconds limit) {
    EXPECT_TRUE(eventually([&] { return received_.size() >= count; }, limit))
        << received_.size() << " pictures, connection state " << publisher.state();
    const auto received = received_.all();
    EXPECT_TRUE(eventually([&] { return is_run_of(received, publisher.sent().all()); }, std::chrono::seconds(3)))
        << difference(received, publisher.sent().all());
  }

  std::optional<Pipeline> pipeline_;
  Ref<GstElement> src_;
  FrameHashes received_;
};

TEST_F(PublisherNetwork, GoodNetwork) {
  serve("127.0.0.1:0");
  const auto publisher = WebrtcPeer::publisher(kCamera, 1500);
  const Answer answer = answer_of(src_.get(), "publish", "publisher", publisher->offer());
  ASSERT_EQ(answer.error, "");
  ASSERT_TRUE(publisher->accept(answer.sdp));
  expect_pictures(*publisher, 60, std::chrono::seconds(15));
}

TEST_F(PublisherNetwork, Ipv6) {
  serve("[::1]:0");
  const auto publisher = WebrtcPeer::publisher(kCamera, 1500);
  const Answer answer = answer_of(src_.get(), "publish", "publisher", publisher->offer());
  ASSERT_EQ(answer.error, "");
  ASSERT_TRUE(candidate_of(answer.sdp).v6()) << answer.sdp;
  ASSERT_TRUE(publisher->accept(answer.sdp));
  expect_pictures(*publisher, 60, std::chrono::seconds(15));
}

struct Network {
  const char* name;
  double loss;
  double reordering;
  double duplication;
  unsigned latency_ms;  // how long a missing packet is waited for; 200 is the element's default
  size_t pictures;
};

class PublisherBadNetwork : public PublisherNetwork, public testing::WithParamInterface<Network> {};

TEST_P(PublisherBadNetwork, EveryPictureIsTheSources) {
  serve("127.0.0.1:0", GetParam().latency_ms);
  const auto publisher = WebrtcPeer::publisher(kCamera, 1500);
  const Answer answer = answer_of(src_.get(), "publish", "publisher", publisher->offer());
  ASSERT_EQ(answer.error, "");
  Conditions conditions;
  conditions.loss = GetParam().loss;
  conditions.reordering = GetParam().reordering;
  conditions.duplication = GetParam().duplication;
  conditions.delay = std::chrono::milliseconds(10);
  UdpRelay relay(candidate_of(answer.sdp), {}, {}, 40);
  ASSERT_TRUE(publisher->accept(with_candidate(answer.sdp, relay.address())));
  ASSERT_TRUE(eventually([&] { return received_.size() > 0; }));
  relay.set_conditions(conditions, conditions);
  expect_pictures(*publisher, GetParam().pictures, std::chrono::seconds(40));
  const auto counts = relay.to_server();
  EXPECT_EQ(counts.lost > 0, GetParam().loss > 0);
  EXPECT_EQ(counts.reordered > 0, GetParam().reordering > 0);
  EXPECT_EQ(counts.duplicated > 0, GetParam().duplication > 0);
}

INSTANTIATE_TEST_SUITE_P(Conditions, PublisherBadNetwork,
                         testing::Values(Network{"Loss1", 0.01, 0, 0, 200, 150},
                                         Network{"Loss5Reordered", 0.05, 0.05, 0, 200, 240},
                                         Network{"Loss10", 0.10, 0, 0, 1000, 150},
                                         Network{"ReorderedAndRepeated", 0, 0.1, 0.1, 200, 150}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace

}  // namespace reallive::test
