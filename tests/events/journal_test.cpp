// The journal: ids, what was missed, and what cannot be said any more.
#include "events/journal.h"

#include <gtest/gtest.h>

namespace reallive::events {
namespace {

CameraStatus status(const std::string& camera) {
  return {camera, "online", "streaming", "", base::Time()};
}

std::vector<std::string> cameras(const std::vector<Entry>& entries) {
  std::vector<std::string> list;
  for (const Entry& entry : entries)
    list.push_back(std::get<CameraStatus>(entry.event).camera_id);
  return list;
}

TEST(Journal, GivesWhatWasMissed) {
  Bus bus;
  Journal journal(bus, "run", 3);
  EXPECT_EQ(journal.last_id(), "run-0");
  std::vector<std::string> heard;
  journal.set_listener([&](const Entry& entry) { heard.push_back(entry.id); });
  for (const char* camera : {"a", "b", "c"})
    bus.publish(status(camera));
  EXPECT_EQ(heard, (std::vector<std::string>{"run-1", "run-2", "run-3"}));
  EXPECT_EQ(journal.last_id(), "run-3");
  ASSERT_TRUE(journal.since("run-0"));
  EXPECT_EQ(cameras(*journal.since("run-0")), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(cameras(*journal.since("run-2")), (std::vector<std::string>{"c"}));
  EXPECT_TRUE(journal.since("run-3")->empty());
}

TEST(Journal, SaysWhenItCannotTell) {
  Bus bus;
  Journal journal(bus, "run", 3);
  for (int i = 0; i < 5; ++i)
    bus.publish(status("a"));
  EXPECT_TRUE(journal.since("run-2")) << "three are kept";
  EXPECT_FALSE(journal.since("run-1"));
  EXPECT_FALSE(journal.since("run-6")) << "of the future";
  EXPECT_FALSE(journal.since("other-5"));
  for (const char* id : {"", "run", "run-", "run-x", "run-5x", "run--1", "run-99999999999999999999"})
    EXPECT_FALSE(journal.since(id)) << id;
}

TEST(Journal, MayBeAskedWhileItTells) {
  Bus bus;
  Journal journal(bus, "run", 3);
  size_t missed = 0;
  journal.set_listener([&](const Entry& entry) {
    if (entry.id == "run-1") bus.publish(status("b"));
    missed = journal.since("run-0")->size();
  });
  bus.publish(status("a"));
  EXPECT_EQ(missed, 2u);
}

}  // namespace
}  // namespace reallive::events
