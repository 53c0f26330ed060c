// The real server as people run it: what it prints, what it keeps, how it ends.
#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <signal.h>

#include "app/setup_link.h"
#include "base/json.h"
#include "base/time.h"
#include "catalog/cameras.h"
#include "catalog/sessions.h"
#include "db/database.h"
#include "support/event_client.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace reallive::app {
namespace {

using namespace std::chrono_literals;
using base::Json;
using testing::HasSubstr;
using testing::Not;

class ServeTest : public testing::Test {
 protected:
  std::vector<std::string> command_line(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"reallive", "serve", "--data", data_};
    for (const char* set : {"http.listen=127.0.0.1:0", "webrtc.listen=127.0.0.1:0"})
      arguments.insert(arguments.end(), {"--set", set});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  void start(std::vector<std::string> more = {}) {
    server_ = std::make_unique<test::Process>(command_line(std::move(more)));
    ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
    const std::string output = server_->output();
    const std::string line = "listening http 127.0.0.1:";
    ASSERT_THAT(output, HasSubstr(line));
    port_ = std::stoi(output.substr(output.find(line) + line.size()));
    ASSERT_GT(port_, 0);
  }
  test::Finished reallive(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), "reallive");
    arguments.insert(arguments.end(), {"--data", data_});
    return test::run(arguments, input);
  }
  void add_admin() {
    const auto added = reallive({"user", "add", "ann", "--role", "admin", "--password-stdin"}, "tangerine-harbour-42");
    ASSERT_EQ(added.exit_code, 0) << added.output;
  }
  test::HttpAnswer get(const std::string& path, const std::string& authorization = {}) {
    test::HttpFields headers;
    if (!authorization.empty()) headers.emplace_back("Authorization", authorization);
    return test::HttpClient(port_).request("GET", path, headers);
  }
  /// Of the link that the server printed.
  std::string setup_token() {
    // The link stands behind the listeners, this behind the link.
    if (!server_->wait_output("or here: reallive user add")) return {};
    const std::string output = server_->output(), mark = "/setup#";
    const size_t begin = output.find(mark);
    if (begin == std::string::npos) return {};
    return output.substr(begin + mark.size(), output.find('\n', begin) - begin - mark.size());
  }
  test::HttpAnswer set_up(const std::string& token) {
    return test::HttpClient(port_).request(
        "POST", "/api/v1/setup", {{"Content-Type", "application/json"}},
        Json::object({{"token", token}, {"username", "ann"}, {"password", "tangerine-harbour-42"}}).dump());
  }
  std::string log_in(const std::string& password) {
    const auto answer =
        test::HttpClient(port_).request("POST", "/api/v1/auth/login", {{"Content-Type", "application/json"}},
                                        Json::object({{"username", "ann"}, {"password", password}}).dump());
    const auto json = Json::parse(answer.body);
    return answer.status == 200 && json ? json->get_string("token").value_or("") : "";
  }
  Json cameras(const std::string& token) {
    const auto answer = get("/api/v1/cameras", "Bearer " + token);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Json::parse(answer.body).value_or(Json()).get("items");
  }

  test::TempDir dir_;
  const std::string data_ = (dir_ / "data").string();
  std::unique_ptr<test::Process> server_;
  int port_ = 0;
};

TEST_F(ServeTest, ListensAnswersAndStops) {
  start();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_TRUE(std::filesystem::exists(data_ + "/control.sock"));
  const std::string output = server_->output();
  const size_t webrtc = output.find("listening webrtc 127.0.0.1:") + 27;
  EXPECT_GT(std::stoi(output.substr(webrtc)), 0);
  for (const int number : {SIGTERM, SIGINT}) {
    const auto begin = std::chrono::steady_clock::now();
    server_->signal(number);
    EXPECT_EQ(server_->wait(3s), 0) << server_->output();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_FALSE(std::filesystem::exists(data_ + "/control.sock"));
    if (number == SIGTERM) start();
  }
}

TEST_F(ServeTest, SaysOnceWhichListenersAreNotThere) {
  start({"--set", "rtsp.listen=off", "--set", "srt.listen=:9999"});
  server_->signal(SIGTERM);
  ASSERT_EQ(server_->wait(), 0);
  const std::string output = server_->output();
  EXPECT_THAT(output, HasSubstr("not there yet in this version: webrtc by TCP, rtsps (:8322), rtmp (:1935), rtmps "
                                "(:1936), srt (:9999)\n"));
  EXPECT_EQ(output.find("not there yet"), output.rfind("not there yet"));
}

TEST_F(ServeTest, WithoutAccountsItSaysHowToMakeOne) {
  start();
  ASSERT_TRUE(server_->wait_output("reallive user add NAME --role admin --data " + data_));
  ASSERT_EQ(reallive({"camera", "add", "door", "--source", "test"}).exit_code, 0);
  EXPECT_EQ(get("/api/v1/cameras").status, 401);
  EXPECT_EQ(get("/api/v1/cameras", "Basic YW5uOnRhbmdlcmluZS1oYXJib3VyLTQy").status, 401);
  EXPECT_EQ(
      test::HttpClient(port_).request("POST", "/whep/door", {{"Content-Type", "application/sdp"}}, "v=0\r\n").status,
      401);
  add_admin();
  EXPECT_EQ(set_up(setup_token()).status, 403) << "the command made the first account";
  EXPECT_EQ(get("/api/v1/cameras", "Basic YW5uOnRhbmdlcmluZS1oYXJib3VyLTQy").status, 200);
}

TEST_F(ServeTest, TheLinkOfTheFirstStartMakesTheAdmin) {
  start();
  const std::string token = setup_token();
  ASSERT_EQ(token.size(), 32u) << server_->output();
  EXPECT_EQ(set_up("x" + token.substr(1)).status, 403);
  EXPECT_EQ(set_up(token).status, 201);
  EXPECT_EQ(set_up(token).status, 403) << "once";
  EXPECT_NE(log_in("tangerine-harbour-42"), "");
  EXPECT_THAT(server_->output(), Not(HasSubstr("\033"))) << "no QR code where there is no terminal";
  server_->signal(SIGTERM);
  ASSERT_EQ(server_->wait(), 0);
  start();
  EXPECT_THAT(server_->output(), Not(HasSubstr("/setup#")));
}

TEST(SetupLink, IsDrawnAsAQrCode) {
  const auto code = draw_qr_code("https://192.0.2.1:8443/setup#0123456789abcdef");
  ASSERT_TRUE(code);
  const auto lines = std::count(code->begin(), code->end(), '\n');
  EXPECT_GE(lines, 14) << "29 modules and the quiet zone, two a line";
  // The upper edge of the first two finder patterns: seven dark modules, and five light ones below.
  EXPECT_NE(code->find("█▀▀▀▀▀█"), std::string::npos);
  EXPECT_NE(code->find("█▀▀▀▀▀█"), code->rfind("█▀▀▀▀▀█"));
  EXPECT_FALSE(draw_qr_code(std::string(5000, 'x')));
}

TEST_F(ServeTest, CommandsAreHeardWhileItRuns) {
  start();
  add_admin();
  const std::string token = log_in("tangerine-harbour-42");
  ASSERT_NE(token, "");
  EXPECT_EQ(cameras(token).size(), 0u);
  const auto added = reallive({"camera", "add", "Front Door", "--source", "publish", "--owner", "ann", "--json"});
  ASSERT_EQ(added.exit_code, 0) << added.output;
  EXPECT_THAT(added.output, Not(HasSubstr("did not answer")));
  EXPECT_EQ(cameras(token).at(0).get("streamKey"), Json::parse(added.output)->get("streamKey"));
  ASSERT_EQ(reallive({"camera", "remove", "front-door"}).exit_code, 0);
  EXPECT_EQ(cameras(token).size(), 0u);
  ASSERT_EQ(reallive({"user", "passwd", "ann", "--password-stdin"}, "mandarin-harbour-43").exit_code, 0);
  EXPECT_EQ(get("/api/v1/cameras", "Bearer " + token).status, 401) << "tokens die with the password";
  EXPECT_EQ(log_in("tangerine-harbour-42"), "");
  const std::string second = log_in("mandarin-harbour-43");
  ASSERT_NE(second, "");
  ASSERT_EQ(reallive({"user", "remove", "ann"}).exit_code, 0);
  EXPECT_EQ(get("/api/v1/cameras", "Bearer " + second).status, 401);
}

TEST_F(ServeTest, CommandsAreEventsForWhoListens) {
  start();
  add_admin();
  test::EventClient listener(port_, "/api/v1/events?types=camera",
                             {{"Authorization", "Bearer " + log_in("tangerine-harbour-42")}});
  ASSERT_EQ(listener.answer().status, 200);
  const auto heard = [&listener] {
    const auto event = listener.receive();
    const auto json = event ? Json::parse(event->data).value_or(Json()) : Json();
    return json.get("data").get_string("stream").value_or("nothing") + " " +
           json.get("data").get_string("change").value_or("");
  };
  ASSERT_EQ(reallive({"camera", "add", "Front Door", "--source", "publish", "--owner", "ann"}).exit_code, 0);
  EXPECT_EQ(heard(), "front-door added");
  ASSERT_EQ(reallive({"camera", "remove", "front-door"}).exit_code, 0);
  EXPECT_EQ(heard(), "front-door removed");
}

TEST_F(ServeTest, EverythingIsThereAfterKillAndRestart) {
  start();
  add_admin();
  const auto added = reallive({"camera", "add", "door", "--source", "publish", "--json"});
  const std::string token = log_in("tangerine-harbour-42");
  ASSERT_NE(token, "");
  const Json before = cameras(token);
  server_->signal(SIGKILL);
  ASSERT_EQ(server_->wait(), 128 + SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(data_ + "/control.sock")) << "left behind by the dead server";
  start();
  EXPECT_EQ(cameras(token), before) << "token, camera and key are as they were";
  EXPECT_NE(log_in("tangerine-harbour-42"), "");
}

TEST_F(ServeTest, SessionsOfACrashAreClosed) {
  ASSERT_EQ(reallive({"camera", "add", "door"}).exit_code, 0);
  const auto database = db::Database::open({.file = data_ + "/reallive.db"});
  catalog::Sessions sessions(**database, base::system_clock());
  const auto secrets = base::SecretBox::load_or_make(data_ + "/secrets.key");
  catalog::Cameras cameras(**database, base::system_clock(), *secrets);
  const auto door = cameras.find_anywhere("door");
  ASSERT_TRUE(sessions.start({door->id, "default", "", "view", "webrtc", "", ""}));
  ASSERT_TRUE(cameras.set_status(door->id, "online", "streaming"));
  start();
  EXPECT_EQ(sessions.list({.organization_id = "default"})->items[0].status, "error");
  EXPECT_EQ(cameras.find_anywhere("door")->status, "offline");
  ASSERT_TRUE(sessions.start({door->id, "default", "", "view", "webrtc", "", ""}));
  server_->signal(SIGTERM);
  ASSERT_EQ(server_->wait(), 0);
  EXPECT_EQ(sessions.list({.organization_id = "default"})->items[0].status, "ended");
}

TEST_F(ServeTest, OneServerForOneDirectory) {
  start();
  const auto second = test::run(command_line());
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output,
              HasSubstr("another server (process " + std::to_string(server_->pid()) + ") uses " + data_));
  EXPECT_EQ(get("/healthz").status, 200) << "the first goes on";
}

TEST_F(ServeTest, MistakesStopTheStart) {
  std::ofstream(dir_ / "bad.toml") << "[http]\nlistne = \":1\"\n";
  std::ofstream(dir_ / "file") << "x";
  start();
  struct Case {
    std::vector<std::string> more;
    int code;
    std::string message;
  };
  for (const Case& c : {
           Case{{"-c", (dir_ / "bad.toml").string()},
                2,
                "bad.toml:2:1: http.listne: there is no such setting; did you mean"},
           Case{{"--set", "http.listen=nonsense"}, 2, "--set: http.listen: expected HOST:PORT"},
           Case{{"--set", "webrtc.listen=off"}, 2, "webrtc.listen: "},
           Case{{"--set", "http.listen=127.0.0.1:" + std::to_string(port_), "--data", (dir_ / "other").string()},
                1,
                std::to_string(port_)},
           Case{{"--data", (dir_ / "file").string()}, 1, "is no directory"},
           Case{{"extra"}, 2, "extra"},
       }) {
    auto arguments = command_line(c.more);
    if (std::find(c.more.begin(), c.more.end(), "--data") != c.more.end())
      arguments.erase(arguments.begin() + 2, arguments.begin() + 4);
    const auto refused = test::run(arguments);
    EXPECT_EQ(refused.exit_code, c.code) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(c.message));
  }
}

TEST_F(ServeTest, ADatabaseOfANewerVersionIsRefused) {
  {
    const auto database =
        db::Database::open({.file = (std::filesystem::create_directory(data_), data_ + "/reallive.db")});
    ASSERT_TRUE((*database)->session()->execute(
        "INSERT INTO schema_migrations (number, name, applied_at) VALUES (999, 'later', '')"));
  }
  const auto refused = test::run(command_line());
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("newer version"));
}

}  // namespace
}  // namespace reallive::app
