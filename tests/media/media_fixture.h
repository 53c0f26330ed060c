// What media's tests share: a Media on a free port with short limits, a listener that remembers, and the main loop run
// until something holds. The test's thread only. It never waits without a limit.
#pragma once

#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "media/media.h"
#include "pipeline/camera_source.h"
#include "support/record.h"
#include "support/wait.h"

namespace reallive::media::test {

inline std::string offer_of(const std::string& name) {
  std::ifstream file(std::string(std::getenv("REALLIVE_SOURCE_ROOT")) + "/tests/rtc/offers/" + name + ".sdp");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

class MediaTest : public testing::Test, public Listener {
 protected:
  void SetUp() override { open({}); }
  void TearDown() override {
    if (media) media->shutdown();
    media.reset();
    run_until([] { return !g_main_context_pending(nullptr); });
  }

  void open(Config config) { open(std::move(config), pipeline::AddressRule({*base::Network::parse("127.0.0.0/8")})); }
  void open(Config config, const pipeline::AddressRule& allow) {
    media.reset();
    config.webrtc_listen = listen;
    config.allow = allow;
    auto created = Media::create(config, *this);
    ASSERT_TRUE(created) << created.error().message;
    media = std::move(*created);
  }

  void add(const std::string& stream, const std::string& url, bool on_demand = true) {
    reallive::test::record(reallive::test::Record::said, url);
    const auto source = pipeline::parse_camera_source(url);
    ASSERT_TRUE(source) << source.error().message;
    media->set_source({stream, *source, on_demand});
  }

  template <typename Condition>
  bool run_until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (!g_main_context_iteration(nullptr, FALSE)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  bool wait_state(const std::string& stream, StreamState state) {
    return run_until([&] { return media->status(stream).state == state; });
  }
  bool wait_units(const std::string& stream) {
    return run_until([&] { return media->status(stream).bytes_in > 0; });
  }

  base::Result<SessionReply> view(const std::string& stream, const std::string& offer = offer_of("chromium_view")) {
    std::optional<base::Result<SessionReply>> reply;
    media->view(stream, offer, [&](base::Result<SessionReply> got) { reply = std::move(got); });
    if (!run_until([&] { return reply.has_value(); })) return base::fail("no-reply", "the callback was not called");
    return *reply;
  }
  base::Result<SessionReply> publish(const std::string& stream,
                                     const std::string& offer = offer_of("chromium_publish")) {
    std::optional<base::Result<SessionReply>> reply;
    media->publish(stream, offer, [&](base::Result<SessionReply> got) { reply = std::move(got); });
    if (!run_until([&] { return reply.has_value(); })) return base::fail("no-reply", "the callback was not called");
    return *reply;
  }
  static std::string code(const base::Result<SessionReply>& reply) { return reply ? "answered" : reply.error().code; }

  void stream_changed(const std::string& stream, const StreamStatus& status) override {
    states[stream].push_back(status.state);
    if (!status.error.empty()) errors[stream].push_back(status.error);
  }
  void session_connected(const std::string& session) override { connected.push_back(session); }
  void session_gone(const std::string& session, const std::string& reason) override { gone[session] = reason; }

  bool had_error(const std::string& stream, const std::string& words) const {
    const auto found = errors.find(stream);
    if (found == errors.end()) return false;
    for (const std::string& error : found->second) {
      if (error.find(words) != std::string::npos) return true;
    }
    return false;
  }

  std::string listen = "127.0.0.1:0";
  std::unique_ptr<Media> media;
  std::map<std::string, std::vector<StreamState>> states;
  std::map<std::string, std::vector<std::string>> errors;
  std::vector<std::string> connected;
  std::map<std::string, std::string> gone;
};

}  // namespace reallive::media::test
