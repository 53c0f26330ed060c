#include "app/configuration.h"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <regex>

#include "support/temp_dir.h"

namespace reallive::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConfigurationTest : public testing::Test {
 protected:
  base::Result<Configuration> from_file(const std::string& text) {
    std::ofstream(dir_ / "reallive.toml") << text;
    return load_configuration({.file = dir_ / "reallive.toml"});
  }
  /// The error's message without the directory.
  std::string error_of(const std::string& text) {
    const auto loaded = from_file(text);
    if (loaded) return "";
    EXPECT_EQ(loaded.error().code, "configuration");
    EXPECT_EQ(loaded.error().message.rfind((dir_ / "reallive.toml").string() + ":", 0), 0u) << loaded.error().message;
    return loaded.error().message.substr(dir_.path().string().size() + 1);
  }
  test::TempDir dir_;
};

TEST_F(ConfigurationTest, DefaultsAreThoseOfTheTable) {
  EXPECT_EQ(*load_configuration({}), Configuration());
  // Each key's documented default, applied, changes nothing.
  for (const Key& key : keys()) {
    if (key.name == "data.dir" || key.is_list) continue;
    Configuration configuration;
    ASSERT_TRUE(apply_setting(configuration, key.name, {std::string(key.default_text)}, "")) << key.name;
    EXPECT_EQ(configuration, Configuration()) << key.name;
  }
}

TEST_F(ConfigurationTest, ReadsAFile) {
  const auto loaded = from_file(
      "[http]\nlisten = \"0.0.0.0:80\"\nallow_origins = [\"https://a\", \"https://b\"]\n"
      "[webrtc]\nlisten = \"off\"\n[auth]\ntoken_hours = 2\n[log]\nlevel = \"debug\"\nformat = \"json\"\n"
      "[data]\ndir = \"/tmp/x\"\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->http_listen, "0.0.0.0:80");
  EXPECT_THAT(loaded->http_allow_origins, ElementsAre("https://a", "https://b"));
  EXPECT_EQ(loaded->webrtc_listen, "off");
  EXPECT_EQ(loaded->auth_token_hours, 2);
  EXPECT_EQ(loaded->log.level, base::log::Level::debug);
  EXPECT_EQ(loaded->log.format, base::log::Format::json);
  EXPECT_EQ(loaded->data_dir, "/tmp/x");
  EXPECT_TRUE(from_file("http.listen = \":1\"\n[log]\n"));
}

TEST_F(ConfigurationTest, MistakesNameTheirPlace) {
  EXPECT_EQ(error_of("[http]\nlistne = \":80\"\n"),
            "reallive.toml:2:1: http.listne: there is no such setting; did you mean http.listen?");
  EXPECT_EQ(error_of("[http]\n  listen = \"80\"\n"),
            "reallive.toml:2:3: http.listen: expected HOST:PORT, :PORT, [::1]:PORT or off, got \"80\"");
  EXPECT_EQ(error_of("[completely]\ndifferent = 1\n"),
            "reallive.toml:2:1: completely.different: there is no such setting");
  EXPECT_EQ(error_of("[http]\nlisten = [\":80\", \":81\"]\n"),
            "reallive.toml:2:1: http.listen: expected one value, not a list");
  EXPECT_EQ(error_of("[http]\nlisten = 1.5\n"),
            "reallive.toml:2:10: a text, a number or a list of texts is expected here");
  EXPECT_EQ(error_of("[auth]\ntoken_hours = 0\n"),
            "reallive.toml:2:1: auth.token_hours: expected a whole number from 1 to 8760, got \"0\"");
  EXPECT_EQ(error_of("[sources]\nallow = [\"10.0.0.0/8\", \"lan\"]\n"),
            "reallive.toml:2:1: sources.allow: expected an address or a network such as 192.168.0.0/16, got \"lan\"");
  EXPECT_EQ(error_of("[sources]\nlaunch = \"yes\"\n"),
            "reallive.toml:2:1: sources.launch: expected true or false, got \"yes\"");
  EXPECT_THAT(error_of("[http\n"), HasSubstr("reallive.toml:1:"));
  EXPECT_THAT(error_of("[http]\nlisten = \":80\"\nlisten = \":81\"\n"), HasSubstr("reallive.toml:3:"));
  EXPECT_THAT(load_configuration({.file = dir_ / "absent.toml"}).error().message,
              HasSubstr("absent.toml: cannot be read"));
}

TEST_F(ConfigurationTest, TheCommandLineWinsOverTheEnvironmentOverTheFile) {
  std::ofstream(dir_ / "r.toml") << "[http]\nlisten = \":1\"\n[rtsp]\nlisten = \":1\"\n[srt]\nlisten = \":1\"\n";
  const std::map<std::string, std::string> environment = {{"REALLIVE_RTSP_LISTEN", ":2"},
                                                          {"REALLIVE_SRT_LISTEN", ":2"},
                                                          {"REALLIVE_WEBRTC_ANNOUNCE", "10.0.0.1, 10.0.0.2,"}};
  const auto loaded = load_configuration({.file = dir_ / "r.toml",
                                          .environment = [&](const std::string& name) -> const char* {
                                            const auto found = environment.find(name);
                                            return found == environment.end() ? nullptr : found->second.c_str();
                                          },
                                          .sets = {"srt.listen=:3"}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->http_listen, ":1");
  EXPECT_EQ(loaded->rtsp_listen, ":2");
  EXPECT_EQ(loaded->srt_listen, ":3");
  EXPECT_THAT(loaded->webrtc_announce, ElementsAre("10.0.0.1", "10.0.0.2"));
}

TEST_F(ConfigurationTest, MistakesOfTheCommandLineAndTheEnvironment) {
  EXPECT_EQ(load_configuration({.sets = {"http.listen"}}).error().message,
            "--set http.listen: expected section.name=value, such as http.listen=127.0.0.1:8080");
  EXPECT_EQ(load_configuration({.sets = {"log.levle=info"}}).error().message,
            "--set: log.levle: there is no such setting; did you mean log.level?");
  const auto loud = load_configuration(
      {.environment = [](const std::string& name) { return name == "REALLIVE_LOG_LEVEL" ? "loud" : nullptr; }});
  EXPECT_EQ(loud.error().message,
            "REALLIVE_LOG_LEVEL: log.level: expected debug, info, warning, error or off, got \"loud\"");
  for (const char* bad : {"80", "host", "1.2.3.4:", "1.2.3.4:65536", "::1:80", ":x", ""})
    EXPECT_FALSE(load_configuration({.sets = {std::string("http.listen=") + bad}})) << bad;
  for (const char* good : {":0", "off", "[::1]:8080", "localhost:80", "127.0.0.1:65535"})
    EXPECT_TRUE(load_configuration({.sets = {std::string("http.listen=") + good}})) << good;
}

TEST_F(ConfigurationTest, TheDocumentListsTheSameKeysAndDefaults) {
  std::ifstream stream(std::string(std::getenv("REALLIVE_SOURCE_ROOT")) + "/docs/configuration.md");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  std::map<std::string, std::string> documented;
  const std::regex line(R"(\n\| `([a-z_.]+)` \| (?:`([^`]*)`)? ?\|[^\n|]+\|)");
  for (auto match = std::sregex_iterator(text.begin(), text.end(), line); match != std::sregex_iterator(); ++match)
    documented[(*match)[1]] = (*match)[2];
  std::map<std::string, std::string> known;
  for (const Key& key : keys())
    known[std::string(key.name)] = key.default_text;
  EXPECT_EQ(documented, known);
}

TEST_F(ConfigurationTest, EveryListenerOfTheAddressTableIsAKey) {
  std::vector<std::string> names;
  for (const Key& key : keys())
    names.emplace_back(key.name);
  for (const char* wanted : {"http.listen", "https.listen", "webrtc.listen", "rtsp.listen", "rtsps.listen",
                             "rtmp.listen", "rtmps.listen", "srt.listen", "data.dir", "log.level", "sources.allow"})
    EXPECT_THAT(names, testing::Contains(wanted));
}

}  // namespace
}  // namespace reallive::app
