// The whole road through the real server: load clients with ICE, DTLS and SRTP of their own watch the test camera,
// publish, and watch what was published.
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"
#include "catalog/sessions.h"
#include "db/database.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace reallive::app {
namespace {

using namespace std::chrono_literals;
using base::Json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* password = "tangerine-harbour-42";

class ViewTest : public testing::Test {
 protected:
  void SetUp() override {
    reallive({"user", "add", "ann", "--role", "operator", "--password-stdin"}, password);
    reallive({"user", "add", "bob", "--role", "operator", "--password-stdin"}, password);
    reallive({"camera", "add", "door", "--source", "test", "--owner", "ann"});
    start();
  }
  void reallive(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), "reallive");
    arguments.insert(arguments.end(), {"--data", data_});
    const auto done = test::run(arguments, input);
    ASSERT_EQ(done.exit_code, 0) << done.output;
  }
  void start() {
    server_ = std::make_unique<test::Process>(std::vector<std::string>{"reallive", "serve", "--data", data_, "--set",
                                                                       "http.listen=127.0.0.1:0", "--set",
                                                                       "webrtc.listen=127.0.0.1:0"});
    ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
    const std::string output = server_->output(), line = "listening http ";
    const size_t begin = output.find(line) + line.size();
    url_ = "http://" + output.substr(begin, output.find('\n', begin) - begin);
  }
  static std::string load(const std::string& program) {
    return std::string(std::getenv("REALLIVE_BUILD_ROOT")) + "/tests/load/" + program;
  }
  std::vector<std::string> viewer(const std::string& user, std::vector<std::string> more,
                                  const std::string& stream = "door") {
    std::vector<std::string> arguments = {load("load-whep"), "--url", url_ + "/whep/" + stream, "--user", user,
                                          "--secret",        password};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> publisher(const std::string& stream, const std::string& key) {
    return {load("load-whip"), "--url", url_ + "/whip/" + stream, "--secret", key, "--key-seconds", "1"};
  }
  int port() const { return std::stoi(url_.substr(url_.rfind(':') + 1)); }
  /// A token for asking the API.
  const std::string& token(const std::string& user) {
    std::string& known = tokens_[user];
    if (known.empty()) {
      const auto answer =
          test::HttpClient(port()).request("POST", "/api/v1/auth/login", {{"Content-Type", "application/json"}},
                                           R"({"username":")" + user + R"(","password":")" + password + "\"}");
      known = Json::parse(answer.body).value_or(Json()).get_string("token").value_or("");
      EXPECT_FALSE(known.empty()) << answer.body;
    }
    return known;
  }
  std::vector<catalog::Session> sessions() {
    const auto database = db::Database::open({.file = data_ + "/reallive.db"});
    return catalog::Sessions(**database, base::system_clock()).list({.organization_id = "default"}).value().items;
  }

  test::TempDir dir_;
  const std::string data_ = (dir_ / "data").string();
  std::unique_ptr<test::Process> server_;
  std::string url_;
  std::map<std::string, std::string> tokens_;
};

// A load client that stays until it is told to go.
class Staying {
 public:
  Staying(const test::TempDir& dir, std::vector<std::string> arguments) {
    static int count = 0;
    const std::string pipe = (dir / ("input-" + std::to_string(++count))).string();
    mkfifo(pipe.c_str(), 0600);
    input_ = open(pipe.c_str(), O_RDWR | O_CLOEXEC);
    std::vector<std::string> shell = {"sh", "-c", "exec \"$@\" < \"$0\"", pipe};
    shell.insert(shell.end(), arguments.begin(), arguments.end());
    process_ = std::make_unique<test::Process>(shell);
  }
  /// The end of its input: it ends its sessions and itself.
  ~Staying() {
    close(input_);
    process_->wait(5s);
  }
  /// The figures so far, once `field` has reached `least`.
  Json stats(const std::string& field, double least) {
    Json last;
    test::eventually(
        [&] {
          const size_t before = process_->output().size();
          if (write(input_, "stats\n", 6) != 6) return true;
          test::eventually([&] { return process_->output().find('\n', before) != std::string::npos; });
          last = Json::parse(process_->output().substr(before)).value_or(Json());
          return last.get_double(field).value_or(0) >= least;
        },
        20s);
    return last;
  }
  test::Process& process() { return *process_; }

 private:
  int input_ = -1;
  std::unique_ptr<test::Process> process_;
};

TEST_F(ViewTest, APictureReachesViewersWhole) {
  const auto first = test::run(viewer("ann", {"--first", "2", "--spread", "0"}));
  ASSERT_EQ(first.exit_code, 0) << first.output << server_->output();
  EXPECT_THAT(first.output, HasSubstr("\"failure\": \"\"")) << server_->output();
  EXPECT_THAT(first.output, HasSubstr("SRTP_AEAD_AES_128_GCM"));
  Staying many(dir_, viewer("ann", {"--viewers", "3"}));
  ASSERT_TRUE(many.process().wait_output("\"seen\": 3")) << many.process().output();
  const Json stats = many.stats("frames", 180);
  EXPECT_GE(stats.get_double("frames").value_or(0), 180) << many.process().output();
  for (const char* none : {"failed", "lost", "broken", "malformed", "forged", "replayed"})
    EXPECT_EQ(stats.get_double(none), 0) << none << " in " << stats.dump();
}

TEST_F(ViewTest, OnlyItsOwnerMayWatch) {
  const auto other = test::run(viewer("bob", {"--first", "1", "--spread", "0"}));
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, HasSubstr("404"));
  const auto nobody = test::run(viewer("nobody", {"--first", "1", "--spread", "0"}));
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.output, HasSubstr("401"));
}

TEST_F(ViewTest, StoppingEndsSessionsInGoodOrder) {
  Staying staying(dir_, viewer("ann", {"--viewers", "2"}));
  ASSERT_TRUE(staying.process().wait_output("\"seen\": 2")) << staying.process().output();
  ASSERT_EQ(sessions().size(), 2u);
  EXPECT_EQ(sessions()[0].status, "active");
  const auto begin = std::chrono::steady_clock::now();
  server_->signal(SIGTERM);
  EXPECT_EQ(server_->wait(3s), 0) << server_->output();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_THAT(server_->output(), Not(HasSubstr("did not stop in time")));
  for (const auto& session : sessions()) {
    EXPECT_EQ(session.status, "ended") << session.error;
    EXPECT_GT(session.bytes, 0);
    EXPECT_EQ(session.kind, "view");
  }
}

TEST_F(ViewTest, AfterAKillTheNextServerIsWatchedAtOnce) {
  {
    Staying staying(dir_, viewer("ann", {"--viewers", "1"}));
    ASSERT_TRUE(staying.process().wait_output("\"seen\": 1")) << staying.process().output();
    server_->signal(SIGKILL);
    ASSERT_EQ(server_->wait(), 128 + SIGKILL);
  }
  start();
  ASSERT_EQ(sessions().size(), 1u);
  EXPECT_EQ(sessions()[0].status, "error");
  const auto again = test::run(viewer("ann", {"--first", "1", "--spread", "0"}));
  EXPECT_THAT(again.output, HasSubstr("first_picture_ms")) << again.output << server_->output();
}

TEST_F(ViewTest, RemovingTheCameraEndsItsViewers) {
  Staying staying(dir_, viewer("ann", {"--viewers", "1"}));
  ASSERT_TRUE(staying.process().wait_output("\"seen\": 1")) << staying.process().output();
  reallive({"camera", "remove", "door"});
  EXPECT_EQ(staying.stats("failed", 1).get_double("failed"), 1) << "the viewer was not told";
  EXPECT_THAT(test::run(viewer("ann", {"--first", "1", "--spread", "0"})).output, HasSubstr("404"));
}

TEST_F(ViewTest, WhatIsPublishedIsWatched) {
  const auto added = test::run(
      {"reallive", "camera", "add", "stage", "--source", "publish", "--owner", "ann", "--json", "--data", data_});
  const std::string key = Json::parse(added.output).value().get_string("streamKey").value();
  EXPECT_THAT(test::run(viewer("ann", {"--first", "1", "--spread", "0"}, "stage")).output, HasSubstr("409"))
      << "nothing is live yet";
  EXPECT_THAT(test::run(publisher("stage", "01234567-89ab-4def-8123-456789abcdef")).output, HasSubstr("401"));
  EXPECT_THAT(test::run(publisher("door", key)).output, HasSubstr("401")) << "the key of another camera";
  {
    Staying stage(dir_, publisher("stage", key));
    ASSERT_TRUE(stage.process().wait_output("\"connected\": 1")) << stage.process().output() << server_->output();
    EXPECT_THAT(test::run(publisher("stage", key)).output, HasSubstr("409")) << "one publisher at a time";
    Staying viewers(dir_, viewer("ann", {"--viewers", "2"}, "stage"));
    ASSERT_TRUE(viewers.process().wait_output("\"seen\": 2")) << viewers.process().output() << server_->output();
    const Json stats = viewers.stats("frames", 120);
    EXPECT_GE(stats.get_double("frames").value_or(0), 120);
    for (const char* none : {"failed", "lost", "broken", "malformed"})
      EXPECT_EQ(stats.get_double(none), 0) << none << " in " << stats.dump();
  }
  Staying again(dir_, publisher("stage", key));
  EXPECT_TRUE(test::eventually([&] { return again.process().output().find("connected") != std::string::npos; }, 20s));
}

TEST_F(ViewTest, WhoIsShownOldPicturesIsToldSo) {
  // This camera gives a key frame every eleven seconds, whoever asks for one.
  reallive({"camera", "add", "slow", "--owner", "ann", "--source",
            "launch:videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc "
            "tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=330 "
            "min-force-key-unit-interval=3600000000000"});
  Staying first(dir_, viewer("ann", {"--viewers", "1"}, "slow"));
  ASSERT_TRUE(first.process().wait_output("\"seen\": 1")) << first.process().output() << server_->output();
  const auto ask = [this](const std::string& target) {
    const auto answer = test::HttpClient(port()).request("GET", target, {{"Authorization", "Bearer " + token("ann")}});
    return Json::parse(answer.body).value_or(Json());
  };
  const auto newest = [&] {
    return ask("/api/v1/sessions?kind=view&status=active").get("items").at(0).get_string("id").value_or("");
  };
  first.stats("frames", 180);  // the key frame is six seconds old now
  // The last second of it is not worth a word, and a viewer who joins just behind a key frame has nothing to catch up
  // with: then the next one does.
  bool caught = false;
  for (int join = 0; join < 10 && !caught; ++join) {
    const std::string before = newest();
    Staying another(dir_, viewer("ann", {"--viewers", "1"}, "slow"));
    ASSERT_TRUE(test::eventually([&] { return newest() != before; })) << another.process().output();
    const std::string address = "/api/v1/sessions/" + newest();
    const auto catching_up = [&] { return ask(address).get_bool("catchingUp").value_or(false); };
    caught = test::eventually(catching_up, 1500ms);
    EXPECT_TRUE(test::eventually([&] { return !catching_up(); }, 10s)) << "for ever";
  }
  EXPECT_TRUE(caught) << "none of ten";
}

}  // namespace
}  // namespace reallive::app
