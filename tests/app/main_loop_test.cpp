#include "app/main_loop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdexcept>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "app/control.h"
#include "app/data_dir.h"
#include "support/temp_dir.h"

namespace reallive::app {
namespace {

using namespace std::chrono_literals;

TEST(MainLoop, RunsPostedFunctionsInOrderOnItsThread) {
  MainLoop loop;
  std::string order;
  const auto here = std::this_thread::get_id();
  loop.post([&] {
    order += 'a';
    loop.post([&] { order += 'c'; });
    order += 'b';
  });
  std::thread other([&] {
    loop.post([&] {
      EXPECT_EQ(std::this_thread::get_id(), here);
      loop.post([&] { loop.quit(); });
    });
  });
  EXPECT_EQ(order, "") << "nothing runs inside post()";
  loop.run();
  other.join();
  EXPECT_EQ(order.substr(0, 3), "abc");
}

TEST(MainLoop, TimersFireOnceAndCanBeCancelled) {
  MainLoop loop;
  std::string order;
  loop.post_after(20ms, [&] { order += 'b'; });
  loop.post_after(1ms, [&] { order += 'a'; });
  const auto cancelled = loop.post_after(5ms, [&] { order += 'x'; });
  EXPECT_NE(cancelled, 0u);
  loop.cancel(cancelled);
  loop.cancel(cancelled);
  loop.cancel(123456);
  loop.post_after(60ms, [&] { loop.quit(); });
  loop.run();
  EXPECT_EQ(order, "ab");
}

TEST(MainLoop, DropsWhatDidNotRun) {
  const auto owned = std::make_shared<int>(1);
  {
    MainLoop loop;
    loop.post([owned] { FAIL(); });
    loop.post_after(1h, [owned] { FAIL(); });
    EXPECT_EQ(owned.use_count(), 3);
  }
  EXPECT_EQ(owned.use_count(), 1);
  MainLoop next;  // the same GLib context
  next.post([&] { next.quit(); });
  next.run();
}

TEST(MainLoop, AnExceptionEndsTheFunctionOnly) {
  MainLoop loop;
  loop.post([] { throw std::runtime_error("of a test"); });
  loop.post([&] { loop.quit(); });
  loop.run();
}

TEST(MainLoop, HearsSignals) {
  MainLoop loop;
  int heard = 0;
  loop.on_signal(SIGTERM, [&] {
    ++heard;
    loop.quit();
  });
  loop.post([] { kill(getpid(), SIGTERM); });
  loop.run();
  EXPECT_EQ(heard, 1);
}

TEST(DataDir, IsMadePrivate) {
  test::TempDir dir;
  const auto made = DataDir::open(dir / "a" / "b");
  ASSERT_TRUE(made);
  struct stat info {};
  ASSERT_EQ(stat(made->path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_FALSE(made->is_open_to_others());
  chmod(made->path().c_str(), 0755);
  EXPECT_TRUE(DataDir::open(made->path())->is_open_to_others());
  EXPECT_FALSE(DataDir::open("/proc/no/such"));
}

TEST(ServerLock, BelongsToOne) {
  test::TempDir dir;
  const auto data = DataDir::open(dir.path());
  {
    const auto first = ServerLock::take(*data);
    ASSERT_TRUE(first);
    const auto second = ServerLock::take(*data);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "in-use");
    EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos);
  }
  EXPECT_TRUE(ServerLock::take(*data));
}

TEST(Control, TellsTheServer) {
  test::TempDir dir;
  // Longer than a socket's address can be.
  const auto data = DataDir::open(dir / std::string(120, 'd'));
  ASSERT_TRUE(data);
  EXPECT_FALSE(reload_server(*data)) << "nobody is there";
  MainLoop loop;
  int reloads = 0;
  bool told = false;
  {
    const auto server = ControlServer::create(*data, loop, [&] { ++reloads; });
    ASSERT_TRUE(server) << server.error().message;
    struct stat info {};
    ASSERT_EQ(stat(data->control_socket().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    std::thread client([&] {
      told = reload_server(*data) && reload_server(*data);
      loop.quit();
    });
    loop.run();
    client.join();
  }
  EXPECT_TRUE(told);
  EXPECT_EQ(reloads, 2);
  EXPECT_FALSE(std::filesystem::exists(data->control_socket()));
}

TEST(Control, ASocketOfADeadServerIsReplaced) {
  test::TempDir dir;
  const auto data = DataDir::open(dir.path());
  MainLoop loop;
  auto dead = ControlServer::create(*data, loop, [] {});
  ASSERT_TRUE(dead);
  EXPECT_TRUE(ControlServer::create(*data, loop, [] {}));
}

}  // namespace
}  // namespace reallive::app
