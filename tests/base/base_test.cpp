#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <set>

#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "base/worker_pool.h"
#include "support/queue_executor.h"
#include "support/wait.h"

namespace reallive::base {
namespace {

TEST(Id, UuidsAreRandomVersionFour) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = uuid_v4();
    EXPECT_TRUE(is_uuid(id)) << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
  EXPECT_FALSE(is_uuid("front-door"));
  EXPECT_FALSE(is_uuid("0123456789abcdef0123456789abcdef0123"));
  EXPECT_TRUE(is_uuid("01234567-89AB-cdef-0123-456789abcdef"));
}

TEST(Id, TokensAreUrlSafe) {
  const std::string token = random_token(16);
  EXPECT_EQ(token.size(), 22u);
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
  EXPECT_NE(token, random_token(16));
}

TEST(Id, ComparesWholeTexts) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secreT"));
  EXPECT_FALSE(constant_time_equal("Secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secret1"));
}

TEST(Id, Base64) {
  EXPECT_EQ(base64_decode("dXNlcjpww6Rzcw=="), "user:p\xC3\xA4ss");
  EXPECT_EQ(base64_decode(""), "");
  EXPECT_EQ(base64_decode("Zm8="), "fo");
  for (const char* bad : {"Zm8", "Zm8*", "====", "Z===", "Zm=8"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
  const uint8_t bytes[] = {0xFB, 0xFF, 0xFE, 1};
  EXPECT_EQ(base64url_encode(bytes), "-__-AQ");
}

TEST(Time, FormatsAndParses) {
  const auto time = parse_time("2026-11-21T11:27:36.123Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_time(*time), "2026-11-21T11:27:36.123Z");
  EXPECT_EQ(parse_time("2026-11-21T13:27:36.1239+02:00"), time);
  EXPECT_EQ(format_time(*parse_time("2024-02-29t00:00:00z")), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(format_time(Time()), "1970-01-01T00:00:00.000Z");
}

TEST(Time, RefusesWhatIsNoMoment) {
  for (const char* bad : {"", "2026-11-21", "2026-11-21T11:27:36", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                          "2026-11-21T24:00:00Z", "2026-11-21T11:60:00Z", "2026-11-21T11:27:36.Z",
                          "2026-11-21T11:27:36Zx", "2026-11-21T11:27:36+2:00", "+026-11-21T11:27:36Z"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

TEST(Log, TextLinesAreOneLine) {
  EXPECT_EQ(log::format_line(log::Format::text, "T", log::Level::info, "http", "hello\nworld",
                             {{"path", "/a b"}, {"code", "200"}, {"quote", "a\"b"}}),
            "T info http: hello world path=\"/a b\" code=200 quote=\"a\\\"b\"");
}

TEST(Log, SecretsAreNeverWritten) {
  for (const auto format : {log::Format::text, log::Format::json}) {
    const std::string line = log::format_line(format, "T", log::Level::error, "auth", "m",
                                              {{"password", "s3cr3t"},
                                               {"streamKey", "s3cr3t"},
                                               {"Authorization", "s3cr3t"},
                                               {"key", "s3cr3t"},
                                               {"token", "s3cr3t"},
                                               {"keyframe", "shown"}});
    EXPECT_EQ(line.find("s3cr3t"), std::string::npos) << line;
    EXPECT_NE(line.find("shown"), std::string::npos) << line;
  }
  EXPECT_EQ(log::redact_url("rtsp://u:p@ss@host:554/a"), "rtsp://***@host:554/a");
  EXPECT_EQ(log::redact_url("https://host/x?token=abc&b=c#d"), "https://host/x?token=***&b=***#d");
  EXPECT_EQ(log::redact_url("rtsp://host/a@b"), "rtsp://host/a@b");
  EXPECT_EQ(log::redact_url("publish"), "publish");
}

TEST(Log, JsonLinesAreJson) {
  const auto line = Json::parse(
      log::format_line(log::Format::json, "T", log::Level::warning, "media", "a \"b\"\n", {{"stream", "x"}}));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->get_string("message"), "a \"b\"\n");
  EXPECT_EQ(line->get_string("level"), "warning");
  EXPECT_EQ(line->get_string("stream"), "x");
}

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(log::parse_level("debug"), log::Level::debug);
  EXPECT_FALSE(log::parse_level("loud"));
}

TEST(WorkerPool, RunsJobsAndRefusesWhenFull) {
  std::promise<void> started, release;
  std::atomic<int> done = 0;
  {
    WorkerPool pool("rl-test", 1, 2);
    ASSERT_TRUE(pool.submit([&] {
      started.set_value();
      release.get_future().wait();
      ++done;
    }));
    started.get_future().wait();
    EXPECT_TRUE(pool.submit([&] { ++done; }));
    EXPECT_TRUE(pool.submit([&] { ++done; }));
    EXPECT_FALSE(pool.submit([&] { ++done; }));
    release.set_value();
    EXPECT_TRUE(test::eventually([&] { return done == 3; }));
  }
  EXPECT_EQ(done, 3);
}

TEST(WorkerPool, EndingDropsWhatWaits) {
  std::promise<void> started;
  std::promise<void> release;
  std::atomic<int> later = 0;
  auto pool = std::make_unique<WorkerPool>("rl-test", 1, 1000000);
  WorkerPool* const alive = pool.get();  // until the ender's join
  ASSERT_TRUE(pool->submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  ASSERT_TRUE(pool->submit([&] { ++later; }));
  std::thread ender([owned = std::move(pool)]() mutable { owned.reset(); });
  // The destructor empties the queue before it waits; only then is the running job let go.
  EXPECT_TRUE(test::eventually([&] { return !alive->submit([&] { ++later; }); }));
  release.set_value();
  ender.join();
  EXPECT_EQ(later, 0);
}

TEST(QueueExecutor, KeepsTheOrderOfTimers) {
  test::QueueExecutor executor;
  std::string order;
  executor.post_after(std::chrono::milliseconds(20), [&] { order += 'b'; });
  executor.post_after(std::chrono::milliseconds(10), [&] { order += 'a'; });
  const auto cancelled = executor.post_after(std::chrono::milliseconds(5), [&] { order += 'x'; });
  executor.cancel(cancelled);
  executor.advance(std::chrono::milliseconds(30));
  EXPECT_EQ(order, "ab");
}

}  // namespace
}  // namespace reallive::base
