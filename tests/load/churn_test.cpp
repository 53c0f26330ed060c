// Viewers that join and leave, one crowd after the other: descriptors and threads come back exactly, the heap stays
// flat. A thousand, or as many thousands as REALLIVE_SOAK says (`./dev soak churn`).
#include <gtest/gtest.h>
#include <malloc.h>
#include <memory>
#include <vector>

#include "load/http_client.h"
#include "load/sink_pipeline.h"
#include "load/viewer.h"
#include "support/wait.h"

namespace reallive::load {
namespace {

constexpr int kCrowd = 40;

size_t heap_bytes() {
  malloc_trim(0);
  return mallinfo2().uordblks;
}

/// A number of the element's statistics; -1 when it is not there.
int64_t statistic(GstElement* sink, const char* field) {
  GstStructure* stats = nullptr;
  g_object_get(sink, "stats", &stats, nullptr);
  int64_t result = -1;
  const GValue* value = stats ? gst_structure_get_value(stats, field) : nullptr;
  if (value && G_VALUE_HOLDS_UINT(value)) result = g_value_get_uint(value);
  if (value && G_VALUE_HOLDS_UINT64(value)) result = static_cast<int64_t>(g_value_get_uint64(value));
  if (stats) gst_structure_free(stats);
  return result;
}

class Churn : public testing::Test {
 protected:
  /// Few bytes and a key frame each second, so that caches hardly breathe.
  static void SetUpTestSuite() { clip_ = std::make_unique<Clip>(Clip::make(1, 300).value()); }
  static void TearDownTestSuite() { clip_.reset(); }

  /// Joins a crowd, waits until each has seen a whole picture, and leaves: every other by its own goodbye.
  void crowd(SinkPipeline& pipeline, int size) {
    struct Member {
      std::string id;
      std::unique_ptr<Viewer> viewer;
    };
    std::vector<Member> members;
    for (int i = 0; i < size; ++i) {
      Member member;
      member.viewer = std::make_unique<Viewer>(identity_, loop_);
      auto answer = pipeline.add_viewer(member.viewer->offer(), member.id);
      ASSERT_TRUE(answer) << answer.error().message;
      auto started = member.viewer->start(*answer);
      ASSERT_TRUE(started) << started.error().message;
      members.push_back(std::move(member));
    }
    for (size_t i = 0; i < members.size(); ++i) {
      ASSERT_TRUE(test::eventually([&] { return members[i].viewer->first_key_ns() != 0; }, std::chrono::seconds(20)))
          << "viewer " << i << ": " << members[i].viewer->snapshot().failure;
    }
    for (size_t i = 0; i < members.size(); ++i) {
      auto figures = members[i].viewer->snapshot();
      EXPECT_EQ(figures.transport.forged, 0u);
      EXPECT_EQ(figures.video.malformed, 0u);
      if (i % 2 == 0) {
        EXPECT_TRUE(pipeline.remove_viewer(members[i].id));
      }
      members[i].viewer->stop();
    }
    members.clear();
    ASSERT_TRUE(test::eventually([&] { return statistic(pipeline.element(), "viewers") == 0; }))
        << statistic(pipeline.element(), "viewers") << " viewers stay";
  }

  static std::unique_ptr<Clip> clip_;
  DtlsIdentity identity_;
  Loop loop_;
};
std::unique_ptr<Clip> Churn::clip_;

TEST_F(Churn, ViewersLeaveNothingBehind) {
  const char* factor = getenv("REALLIVE_SOAK");
  int rounds = 25 * std::max(1, factor ? atoi(factor) : 1);
  SinkPipeline pipeline(*clip_);
  // Pools and tables grow to their size with the first 800 viewers (some 300 KiB), and seven seconds of pictures fill
  // the cache and the ring for repairs.
  for (int i = 0; i < 20; ++i) {
    ASSERT_NO_FATAL_FAILURE(crowd(pipeline, kCrowd));
  }
  ASSERT_TRUE(test::eventually([&] { return statistic(pipeline.element(), "frames-in") >= 210; }));
  int descriptors = test::open_descriptors(), threads = test::live_threads();
  size_t heap = heap_bytes();
  for (int i = 0; i < rounds; ++i) {
    ASSERT_NO_FATAL_FAILURE(crowd(pipeline, kCrowd));
  }
  // Fewer than before is no leak: GLib ends idle threads of its pools after some seconds.
  EXPECT_TRUE(test::eventually([&] { return test::open_descriptors() <= descriptors; }))
      << descriptors << " before, " << test::open_descriptors() << " after";
  EXPECT_TRUE(test::eventually([&] { return test::live_threads() <= threads; }))
      << threads << " before, " << test::live_threads() << " after";
  // The cached group of pictures breathes by its size (some 40 KiB); 100 bytes left by each viewer would show.
  size_t limit = heap + 64 * 1024 + static_cast<size_t>(rounds) * kCrowd * 100;
  EXPECT_TRUE(test::eventually([&] { return heap_bytes() <= limit; }))
      << heap << " before, " << heap_bytes() << " after";
  printf("%d viewers: heap %zu bytes before, %zu after\n", rounds * kCrowd, heap, heap_bytes());
}

}  // namespace
}  // namespace reallive::load
