// A hundred publishers that drop and come back, half of them without a word: descriptors and threads are as before,
// and the heap does not grow. With REALLIVE_SOAK=N, N times as often.

#include <atomic>
#include <cstdlib>
#include <gst/app/gstappsink.h>
#include <malloc.h>

#include "rtc/send/payloader.h"
#include "rtc_elements.h"
#include "support/wait.h"
#include "test_peer.h"

namespace reallive::test {

namespace {

constexpr size_t kPublishers = 100;
constexpr size_t kRounds = 3;
constexpr size_t kHeapTolerance = 64 * 1024;  // of the rounds together; one leaked session would be 70 KB and more
constexpr size_t kHeapTries = 3;              // pools and queues of a busy machine fill late; a leak grows every time

using rtc::Buffer;
using rtc::TestPeer;

// A few access units of a small picture, the first a key frame.
std::vector<Buffer> camera() {
  Pipeline pipeline(
      "videotestsrc num-buffers=5 ! video/x-raw,width=160,height=120,framerate=30/1 ! x264enc tune=zerolatency ! "
      "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au ! appsink name=out sync=false");
  pipeline.play();
  const auto out = pipeline.find("out");
  std::vector<Buffer> units;
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(out.get()))) {
    GstBuffer* const buffer = gst_sample_get_buffer(sample);
    Buffer unit(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, unit.data(), unit.size());
    units.push_back(std::move(unit));
    gst_sample_unref(sample);
  }
  return units;
}

// Counts what one element says. Handlers run on the element's threads.
struct Server {
  Ref<GstElement> element;
  Ref<GstElement> sink;  // while there is a pad
  std::atomic<int> pads{0};
  std::atomic<uint64_t> buffers{0};
  std::atomic<int> gone{0};
};

class PublishersReturn : public testing::Test {
 protected:
  void SetUp() override {
    std::string line;
    for (size_t i = 0; i < kPublishers; ++i) {
      line += "reallivertcsrc name=s" + std::to_string(i) +
              " listen=127.0.0.1:0 endpoint-name=returning consent-timeout-ms=2000 ";
    }
    pipeline_.emplace(line);
    for (size_t i = 0; i < kPublishers; ++i) {
      auto& server = servers_.emplace_back(std::make_unique<Server>());
      server->element = pipeline_->find(("s" + std::to_string(i)).c_str());
      g_signal_connect(server->element.get(), "pad-added", G_CALLBACK(on_pad_added), server.get());
      g_signal_connect(server->element.get(), "pad-removed", G_CALLBACK(on_pad_removed), server.get());
      g_signal_connect(server->element.get(), "publisher-gone", G_CALLBACK(on_gone), server.get());
    }
    pipeline_->play();
    context_ = *rtc::DtlsContext::make();
  }

  // Media is counted and thrown away, by a sink that comes and goes with its pad.
  static void on_pad_added(GstElement* element, GstPad* pad, gpointer data) {
    auto* const server = static_cast<Server*>(data);
    server->sink = Ref<GstElement>::sink(gst_element_factory_make("fakesink", nullptr));
    g_object_set(server->sink.get(), "sync", FALSE, "async", FALSE, nullptr);
    const auto bin = Ref<GstObject>::adopt(gst_element_get_parent(element));
    gst_bin_add(GST_BIN(bin.get()), server->sink.get());
    gst_element_sync_state_with_parent(server->sink.get());
    const auto target = Ref<GstPad>::adopt(gst_element_get_static_pad(server->sink.get(), "sink"));
    gst_pad_add_probe(
        target.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer counted) {
          ++static_cast<Server*>(counted)->buffers;
          return GST_PAD_PROBE_OK;
        },
        data, nullptr);
    EXPECT_EQ(gst_pad_link(pad, target.get()), GST_PAD_LINK_OK);
    ++server->pads;
  }
  static void on_pad_removed(GstElement*, GstPad*, gpointer data) {
    auto* const server = static_cast<Server*>(data);
    gst_element_set_state(server->sink.get(), GST_STATE_NULL);
    const auto bin = Ref<GstObject>::adopt(gst_element_get_parent(server->sink.get()));
    gst_bin_remove(GST_BIN(bin.get()), server->sink.get());
    server->sink.reset();
    --server->pads;
  }
  static void on_gone(GstElement*, const char*, const char*, gpointer data) { ++static_cast<Server*>(data)->gone; }

  static void send(TestPeer& peer, rtc::Payloader& payloader, const Buffer& unit, uint16_t& sequence, uint32_t time) {
    const auto frame = *payloader.packetize(unit, {});
    for (const auto& packet : frame->packets) {
      Buffer plain(rtc::rtp::kFixedHeader);
      rtc::rtp::write_header(plain, {packet.marker, 102, sequence++, time, 0x1000});
      rtc::append_bytes(plain, frame->payload(packet));
      peer.send_rtp(plain);
    }
  }

  // All come, are seen, and go.
  void round() {
    for (auto& server : servers_) {
      server->buffers = 0;
      server->gone = 0;
    }
    {
      std::vector<std::unique_ptr<TestPeer>> peers;
      for (auto& server : servers_) {
        auto& peer = peers.emplace_back(std::make_unique<TestPeer>(context_));
        rtc::OfferOptions options;
        options.direction = rtc::sdp::Direction::kSendOnly;
        const Answer answer = answer_of(server->element.get(), "publish", "publisher", peer->offer(options));
        ASSERT_EQ(answer.error, "");
        peer->accept(answer.sdp);
      }
      const auto all_step = [&] {
        for (auto& peer : peers)
          peer->step();
      };
      ASSERT_TRUE(eventually(
          [&] {
            all_step();
            return std::ranges::all_of(peers, [](const auto& peer) { return peer->connected(); });
          },
          std::chrono::seconds(20)));
      const auto payloader = rtc::make_h264_payloader();
      uint16_t sequence = 1;
      uint32_t time = 0;
      auto due = std::chrono::steady_clock::now();
      ASSERT_TRUE(eventually(
          [&] {
            all_step();
            if (std::chrono::steady_clock::now() < due) return false;
            due += std::chrono::milliseconds(33);
            const uint16_t first = sequence;
            for (auto& peer : peers) {
              sequence = first;
              send(*peer, *payloader, units_[time / 3000 % units_.size()], sequence, time);
            }
            time += 3000;
            return std::ranges::all_of(servers_, [](const auto& server) { return server->buffers >= 3; });
          },
          std::chrono::seconds(20)))
          << std::ranges::count_if(servers_, [](const auto& server) { return server->pads > 0; }) << " have pads, "
          << std::ranges::count_if(servers_, [](const auto& server) { return server->buffers > 0; }) << " have media";
      for (size_t i = 0; i < peers.size(); i += 2)
        peers[i]->say_goodbye();
    }
    ASSERT_TRUE(eventually(
        [&] {
          return std::ranges::all_of(servers_,
                                     [](const auto& server) { return server->gone == 1 && server->pads == 0; });
        },
        std::chrono::seconds(20)));
  }

  // A publisher is gone before its transport is: the handshake thread keeps a session up to its next timer, 3 s at
  // most, longer the slower the handshake was. One of them is more than the tolerance.
  bool transports_gone() const {
    return eventually([this] {
      GstStructure* stats = nullptr;
      g_object_get(servers_.front()->element.get(), "stats", &stats, nullptr);
      guint sessions = 1;
      if (stats) {
        gst_structure_get_uint(stats, "sessions", &sessions);
        gst_structure_free(stats);
      }
      return sessions == 0;
    });
  }

  static size_t heap() {
    malloc_trim(0);
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  }

  const std::vector<Buffer> units_ = camera();
  std::shared_ptr<const rtc::DtlsContext> context_;
  std::vector<std::unique_ptr<Server>> servers_;  // outlives the pipeline: its signals count here
  std::optional<Pipeline> pipeline_;
};

TEST_F(PublishersReturn, NothingOfThemStays) {
  const char* const soak = std::getenv("REALLIVE_SOAK");
  const size_t rounds = kRounds * (soak ? std::max(1, std::atoi(soak)) : 1);
  for (int i = 0; i < 2; ++i)  // pools, registries and type systems fill
    ASSERT_NO_FATAL_FAILURE(round());
  ASSERT_TRUE(transports_gone());
  g_thread_pool_stop_unused_threads();
  const int descriptors = open_descriptors(), threads = live_threads();
  size_t before = 0, after = 0;
  for (size_t attempt = 0; attempt < kHeapTries; ++attempt) {
    before = heap();
    for (size_t i = 0; i < rounds; ++i)
      ASSERT_NO_FATAL_FAILURE(round());
    ASSERT_TRUE(transports_gone());
    g_thread_pool_stop_unused_threads();
    after = heap();
    std::printf("%zu publishers came and went: heap %+zd bytes\n", rounds * kPublishers,
                static_cast<ssize_t>(after - before));
    if (after <= before + kHeapTolerance) break;
  }
  EXPECT_LE(after, before + kHeapTolerance);
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_TRUE(eventually([&] { return live_threads() <= threads; })) << live_threads() << ", before " << threads;
}

}  // namespace

}  // namespace reallive::test
