// Settings of the running server: changed through the API, kept, refused, read anew on SIGHUP; and what the service
// manager is told.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/settings_fixture.h"
#include "support/wait.h"

namespace reallive::app {
namespace {

using testing::HasSubstr;

TEST_F(SettingsTest, AreForAdmins) {
  start();
  EXPECT_EQ(ask("GET", "/api/v1/settings", "", "Ym9iOnRhbmdlcmluZS1oYXJib3VyLTQy").status, 403);
  EXPECT_EQ(ask("PUT", "/api/v1/settings", "{\"log.level\":\"debug\"}", "Ym9iOnRhbmdlcmluZS1oYXJib3VyLTQy").status,
            403);
  EXPECT_EQ(test::HttpClient(port_).request("GET", "/api/v1/settings").status, 401);
  const Json level = setting("log.level");
  EXPECT_EQ(level.get_string("type"), "choice");
  EXPECT_EQ(level.get("choices").size(), 5u);
  EXPECT_EQ(level.get_string("origin"), "default");
  EXPECT_EQ(level.get_string("applies"), "now");
  EXPECT_EQ(setting("http.listen").get_string("origin"), "file");
  EXPECT_EQ(setting("https.listen").get_string("origin"), "environment");
  EXPECT_EQ(setting("auth.token_hours").get("value"), Json(24));
  EXPECT_EQ(setting("http.trusted_proxies").get("value"), Json::array());
  EXPECT_EQ(ask("GET", "/api/v1/settings").body.find("data.dir"), std::string::npos);
}

TEST_F(SettingsTest, AChangeWorksAtOnceAndSurvivesARestart) {
  start();
  const auto changed =
      put("{\"http.public_url\":\"https://cam.example.org/cams/\",\"http.trusted_proxies\":[\"10.0.0.0/8\"],"
          "\"log.level\":\"debug\",\"auth.token_hours\":2}");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(setting("http.public_url").get_string("origin"), "stored");
  EXPECT_EQ(stream_base(), "https://cam.example.org/cams");
  EXPECT_THAT(test::HttpClient(port_).request("GET", "/cams/").body, HasSubstr("<base href=\"/cams/\""));
  EXPECT_THAT(server_->output(), HasSubstr("debug http")) << "the log level, at once";
  struct stat info {};
  ASSERT_EQ(stat((data_ + "/settings.toml").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  server_->signal(SIGKILL);
  server_->wait();
  start();
  EXPECT_EQ(stream_base(), "https://cam.example.org/cams");
  EXPECT_EQ(setting("auth.token_hours").get("value"), Json(2));
  EXPECT_EQ(setting("http.trusted_proxies").get("value").at(0), Json("10.0.0.0/8"));
  ASSERT_EQ(put("{\"http.public_url\":null}").status, 200);
  EXPECT_EQ(setting("http.public_url").get_string("origin"), "default");
  EXPECT_EQ(stream_base(), "");
}

TEST_F(SettingsTest, WhatIsWrongChangesNothing) {
  start();
  struct Case {
    const char *body, *key;
    int status;
  };
  for (const Case& c :
       {Case{"{\"log.level\":\"debug\",\"http.public_url\":\"nonsense\"}", "http.public_url", 400},
        Case{"{\"log.levle\":\"debug\"}", "log.levle", 400}, Case{"{\"data.dir\":\"/tmp\"}", "data.dir", 400},
        Case{"{\"sources.launch\":true}", "sources.launch", 400},
        Case{"{\"auth.token_hours\":\"2\"}", "auth.token_hours", 400},
        Case{"{\"auth.token_hours\":0}", "auth.token_hours", 400},
        Case{"{\"http.trusted_proxies\":\"10.0.0.0/8\"}", "http.trusted_proxies", 400},
        Case{"{\"http.trusted_proxies\":[\"10.0.0.0/99\"]}", "http.trusted_proxies", 400},
        Case{"{\"http.trusted_proxies\":[1]}", "http.trusted_proxies", 400},
        Case{"{\"https.certificate\":\"/etc/passwd\"}", "https.certificate", 400},
        Case{"{\"http.listen\":\"192.0.2.1:80\"}", "http.listen", 400},
        Case{"{\"https.listen\":\":1\"}", "https.listen", 409}, Case{"[]", "", 400}, Case{"", "", 400}}) {
    const auto answer = put(c.body);
    EXPECT_EQ(answer.status, c.status) << c.body << answer.body;
    EXPECT_EQ(fault(answer), c.key) << answer.body;
  }
  EXPECT_EQ(setting("log.level").get_string("origin"), "default");
  EXPECT_FALSE(std::filesystem::exists(data_ + "/settings.toml"));
  EXPECT_FALSE(std::filesystem::exists(data_ + "/settings.toml.candidate"));
  stop();
  start({{"REALLIVE_LOG_LEVEL", "warning"}}, {"--set", "auth.token_hours=3"});
  EXPECT_EQ(setting("log.level").get_string("origin"), "environment");
  EXPECT_EQ(setting("auth.token_hours").get_string("origin"), "command");
  EXPECT_EQ(put("{\"log.level\":\"debug\"}").status, 409);
  EXPECT_EQ(put("{\"auth.token_hours\":2}").status, 409);
}

TEST_F(SettingsTest, AHangupReadsTheFileAnew) {
  start();
  std::ofstream(file_, std::ios::app) << "[log]\nlevel = \"loud\"\n";
  server_->signal(SIGHUP);
  ASSERT_TRUE(server_->wait_output("the settings before stay in use")) << server_->output();
  EXPECT_EQ(ask("GET", "/api/v1/settings").status, 200);
  std::ofstream(file_) << "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://new.example\"\n[webrtc]\nlisten = "
                          "\"127.0.0.1:0\"\n";
  server_->signal(SIGHUP);
  ASSERT_TRUE(server_->wait_output("the settings were read anew")) << server_->output();
  EXPECT_EQ(stream_base(), "https://new.example");
  EXPECT_EQ(setting("http.public_url").get_string("origin"), "file");
}

TEST_F(SettingsTest, TheServiceManagerIsTold) {
  const std::string path = (dir_ / "notify").string();
  const int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  std::string heard;
  const auto hears = [&](const std::string& word) {
    return test::eventually([&] {
      char text[512];
      for (ssize_t got; (got = recv(listener, text, sizeof text, 0)) > 0;)
        heard.append(text, static_cast<size_t>(got)).append("\n");
      return heard.find(word) != std::string::npos;
    });
  };
  start({{"NOTIFY_SOCKET", path}, {"WATCHDOG_USEC", "200000"}});
  EXPECT_TRUE(hears("READY=1"));
  EXPECT_TRUE(hears("WATCHDOG=1"));
  heard.clear();
  EXPECT_TRUE(hears("WATCHDOG=1")) << "again and again";
  server_->signal(SIGHUP);
  EXPECT_TRUE(hears("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(hears("READY=1"));
  stop();
  EXPECT_TRUE(hears("STOPPING=1"));
  close(listener);
}

}  // namespace
}  // namespace reallive::app
