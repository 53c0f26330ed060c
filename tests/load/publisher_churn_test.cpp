// Publishers that come, drop and come back to one reallivertcsrc: descriptors and threads come back exactly, the heap
// stays flat. A hundred, or as many hundreds as REALLIVE_SOAK says (`./dev soak publisher-churn`).
#include <atomic>
#include <cstdlib>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "common/connection.h"
#include "common/ref.h"
#include "load/clock.h"
#include "load/publisher.h"
#include "support/wait.h"

namespace reallive::load {
namespace {

/// The heap once it has been still for half a second: what was let go elsewhere may take a moment to be freed.
size_t settled_heap() {
  size_t heap = 0;
  int64_t since = now_ns();
  test::eventually([&] {
    malloc_trim(0);
    size_t now = mallinfo2().uordblks;
    if (now != heap) since = now_ns();
    heap = now;
    return now_ns() - since > kSecond / 2;
  });
  return heap;
}

class PublisherChurn : public testing::Test {
 protected:
  PublisherChurn() : clip_(Clip::make(1, 300).value()) {
    pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
    source_ = Ref<GstElement>::sink(gst_element_factory_make("reallivertcsrc", nullptr));
    if (!source_) throw std::runtime_error("reallivertcsrc is not there");
    g_object_set(source_.get(), "listen", "127.0.0.1:0", nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), GST_ELEMENT(gst_object_ref(source_.get())));
    added_ = Connection::make<void, GstPad*>(source_.get(), "pad-added",
                                             std::function<void(GstPad*)>([this](GstPad* pad) { take(pad); }));
    gone_ = Connection::make<void, const char*, const char*>(
        source_.get(), "publisher-gone",
        std::function<void(const char*, const char*)>([this](auto...) { ++gone_count_; }));
    // Nobody reads the bus: messages that waited there would hold elements that are gone.
    auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    gst_bus_set_sync_handler(
        bus.get(),
        [](GstBus*, GstMessage* message, gpointer) {
          gst_message_unref(message);
          return GST_BUS_DROP;
        },
        nullptr, nullptr);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~PublisherChurn() override { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  /// A sink of its own for each pad, counted at its entry.
  void take(GstPad* pad) {
    GstElement* sink = gst_element_factory_make("fakesink", nullptr);
    g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
    auto entry = Ref<GstPad>::adopt(gst_element_get_static_pad(sink, "sink"));
    gst_pad_add_probe(
        entry.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer data) {
          ++static_cast<PublisherChurn*>(data)->buffers_;
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), sink);
    gst_element_sync_state_with_parent(sink);
    EXPECT_EQ(gst_pad_link(pad, entry.get()), GST_PAD_LINK_OK);
    std::lock_guard lock(mutex_);
    sinks_.push_back(sink);
  }

  void remove_sinks() {
    std::lock_guard lock(mutex_);
    for (GstElement* sink : sinks_) {
      gst_element_set_state(sink, GST_STATE_NULL);
      gst_bin_remove(GST_BIN(pipeline_.get()), sink);
    }
    sinks_.clear();
  }

  /// One publisher from offer to goodbye, after its first pictures came out.
  void come_and_go(bool removed) {
    Publisher publisher(identity_, loop_, clip_, {});
    GstStructure* answer = nullptr;
    g_signal_emit_by_name(source_.get(), "publish", publisher.offer().c_str(), nullptr, &answer);
    ASSERT_NE(answer, nullptr);
    std::string name = gst_structure_get_name(answer);
    const gchar* sdp = gst_structure_get_string(answer, "sdp");
    const gchar* id = gst_structure_get_string(answer, "publisher");
    std::string sdp_text = sdp ? sdp : "", id_text = id ? id : "";
    gst_structure_free(answer);
    ASSERT_EQ(name, "answer");

    int before = buffers_, gone_before = gone_count_;
    auto started = publisher.start(sdp_text);
    ASSERT_TRUE(started) << started.error().message;
    ASSERT_TRUE(test::eventually([&] { return buffers_ >= before + 2; })) << publisher.snapshot().failure;
    if (removed) {
      gboolean known = FALSE;
      g_signal_emit_by_name(source_.get(), "remove-publisher", id_text.c_str(), &known);
      EXPECT_TRUE(known);
    }
    publisher.stop();
    ASSERT_TRUE(test::eventually([&] { return gone_count_ > gone_before; }));
    ASSERT_TRUE(test::eventually([&] { return GST_ELEMENT(source_.get())->numsrcpads == 0; }));
    remove_sinks();
  }

  Clip clip_;
  DtlsIdentity identity_;
  Loop loop_;
  Ref<GstElement> pipeline_, source_;
  Connection added_, gone_;
  std::mutex mutex_;  // guards sinks_
  std::vector<GstElement*> sinks_;
  std::atomic<int> buffers_{0}, gone_count_{0};
};

TEST_F(PublisherChurn, LeavesNothingBehind) {
  const char* factor = getenv("REALLIVE_SOAK");
  int rounds = 100 * std::max(1, factor ? atoi(factor) : 1);
  for (int i = 0; i < 50; ++i) {
    ASSERT_NO_FATAL_FAILURE(come_and_go(i % 2 == 0));
  }
  int descriptors = test::open_descriptors(), threads = test::live_threads();
  size_t heap = settled_heap();
  for (int i = 0; i < rounds; ++i) {
    ASSERT_NO_FATAL_FAILURE(come_and_go(i % 2 == 0));
  }
  // Fewer than before is no leak: GLib ends idle threads of its pools after some seconds.
  EXPECT_TRUE(test::eventually([&] { return test::open_descriptors() <= descriptors; }))
      << descriptors << " before, " << test::open_descriptors() << " after";
  EXPECT_TRUE(test::eventually([&] { return test::live_threads() <= threads; }))
      << threads << " before, " << test::live_threads() << " after";
  size_t after = settled_heap();
  printf("%d publishers: heap %zu bytes before, %zu after\n", rounds, heap, after);
  // Pools still grow a little (some 130 KiB, whether a hundred come or three hundred); 2 KiB left by each would show.
  EXPECT_LE(after, heap + 192 * 1024 + static_cast<size_t>(rounds) * 500);
}

}  // namespace
}  // namespace reallive::load
