// The installed program, at another place than it was built for, without any help from the environment.
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <signal.h>

#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace reallive::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Install, TheInstalledServerFindsItsPluginsAndItsPage) {
  const std::string build = std::getenv("REALLIVE_BUILD_ROOT");
  test::TempDir dir;
  const auto installed =
      test::run({"meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", dir.path()});
  ASSERT_EQ(installed.exit_code, 0) << installed.output;
  std::filesystem::path program;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path()))
    if (entry.path().filename() == "reallive" && entry.path().parent_path().filename() == "bin") program = entry.path();
  ASSERT_FALSE(program.empty());

  test::Process server({"env", "-u", "GST_PLUGIN_PATH", "-u", "GST_PLUGIN_PATH_1_0", "-u", "REALLIVE_WEB_DIR", "-u",
                        "GST_REGISTRY_1_0", "GST_REGISTRY=" + (dir / "registry").string(), program, "serve", "--data",
                        dir / "data", "--set", "http.listen=127.0.0.1:0", "--set", "webrtc.listen=127.0.0.1:0"});
  ASSERT_TRUE(server.wait_output("listening webrtc ")) << server.output();
  const std::string output = server.output(), line = "listening http 127.0.0.1:";
  const int port = std::stoi(output.substr(output.find(line) + line.size()));
  const auto page = test::HttpClient(port).request("GET", "/");
  const bool with_page = std::filesystem::exists(build + "/web/dist/index.html");  // a build may leave it out
  EXPECT_EQ(page.status, with_page ? 200 : 404);
  EXPECT_THAT(page.body, HasSubstr(with_page ? "<title>" : ""));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(3s), 0);
}

}  // namespace
}  // namespace reallive::app
