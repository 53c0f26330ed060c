// The main of tests that use GStreamer: initializes it, runs all tests, then checks that nothing is left behind.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include "support/wait.h"

namespace {

// Runs after the last test: threads that are still there belong to somebody who did not clean up.
class NothingLeft : public testing::Environment {
 public:
  void SetUp() override { descriptors_ = reallive::test::open_descriptors(); }
  void TearDown() override {
    gst_task_cleanup_all();
    // GLib's own pools keep an idle thread for a while; ours have names that start with "rl-".
    EXPECT_TRUE(reallive::test::eventually([this] { return reallive::test::open_descriptors() <= descriptors_ + 4; }))
        << "descriptors at the start " << descriptors_ << ", now " << reallive::test::open_descriptors();
  }

 private:
  int descriptors_ = 0;
};

/// Criticals end a test (G_DEBUG=fatal-criticals), but for one that is not ours: when a camera closes its connection in
/// good order, rtspsrc of GStreamer 1.22 gives its EOS event the number of a seek that never was.
gboolean is_fatal(const gchar* /*domain*/, GLogLevelFlags /*level*/, const gchar* message, gpointer) {
  return g_strcmp0(message, "gst_event_set_seqnum: assertion 'seqnum != GST_SEQNUM_INVALID' failed") != 0;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  g_test_log_set_fatal_handler(is_fatal, nullptr);
  testing::AddGlobalTestEnvironment(new NothingLeft);
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
