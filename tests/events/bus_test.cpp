// The bus: who hears what, and what may happen while it speaks.
#include "events/bus.h"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace reallive::events {
namespace {

CameraStatus status(const std::string& camera) {
  return {camera, "online", "streaming", "", base::Time()};
}

TEST(Bus, TellsSubscribersInTheirOrder) {
  Bus bus;
  std::vector<std::string> heard;
  const auto first = bus.subscribe([&](const Event&) { heard.push_back("first"); });
  const auto second = bus.subscribe([&](const Event&) { heard.push_back("second"); });
  bus.publish(status("a"));
  EXPECT_EQ(heard, (std::vector<std::string>{"first", "second"}));
}

TEST(Bus, SortsByType) {
  Bus bus;
  std::vector<std::string> heard;
  const auto cameras =
      bus.subscribe_to<CameraStatus>([&](const CameraStatus& event) { heard.push_back(event.camera_id); });
  const auto sessions =
      bus.subscribe_to<SessionChanged>([&](const SessionChanged& event) { heard.push_back(event.session_id); });
  bus.publish(SessionChanged{"session", "camera", "", "view", true, "", base::Time()});
  bus.publish(status("camera"));
  EXPECT_EQ(heard, (std::vector<std::string>{"session", "camera"}));
}

TEST(Bus, ASubscriptionEndsWithItsScope) {
  Bus bus;
  int heard = 0;
  {
    auto subscription = bus.subscribe([&](const Event&) { ++heard; });
    Subscription moved = std::move(subscription);
    bus.publish(status("a"));
  }
  bus.publish(status("a"));
  EXPECT_EQ(heard, 1);
}

TEST(Bus, MayGoBeforeItsSubscriptions) {
  auto bus = std::make_unique<Bus>();
  auto subscription = bus->subscribe([](const Event&) {});
  bus.reset();
  subscription = Subscription();
}

TEST(Bus, SubscribersMayChangeTheListMeanwhile) {
  Bus bus;
  std::vector<std::string> heard;
  Subscription second, late;
  auto first = std::make_unique<Subscription>();
  *first = bus.subscribe([&](const Event&) {
    heard.push_back("first");
    first.reset();            // itself
    second = Subscription();  // one that was to come
    late = bus.subscribe([&](const Event&) { heard.push_back("late"); });
  });
  second = bus.subscribe([&](const Event&) { heard.push_back("second"); });
  const auto third = bus.subscribe([&](const Event&) { heard.push_back("third"); });
  bus.publish(status("a"));
  EXPECT_EQ(heard, (std::vector<std::string>{"first", "third"}));
  bus.publish(status("a"));
  EXPECT_EQ(heard, (std::vector<std::string>{"first", "third", "third", "late"}));
}

TEST(Bus, MaySpeakWhileItSpeaks) {
  Bus bus;
  std::vector<std::string> heard;
  const auto subscription = bus.subscribe_to<CameraStatus>([&](const CameraStatus& event) {
    heard.push_back(event.camera_id);
    if (event.camera_id == "a") bus.publish(status("b"));
  });
  bus.publish(status("a"));
  EXPECT_EQ(heard, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace reallive::events
