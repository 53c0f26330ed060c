// A real server with an admin (ann) and an operator (bob), its settings asked and changed through the API or its file.
// The test's thread. It never outlives its data directory.
#pragma once

#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <signal.h>

#include "base/json.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace reallive::app {

using base::Json;

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(file_) << "[http]\nlisten = \"127.0.0.1:0\"\n[webrtc]\nlisten = \"127.0.0.1:0\"\n";
    for (const auto& [name, role] : {std::pair{"ann", "admin"}, std::pair{"bob", "operator"}}) {
      const auto added =
          test::run({"reallive", "user", "add", name, "--role", role, "--password-stdin", "--data", data_},
                    "tangerine-harbour-42");
      ASSERT_EQ(added.exit_code, 0) << added.output;
    }
  }
  void start(std::map<std::string, std::string> environment = {}, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"reallive", "serve", "--data", data_, "-c", file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<test::Process>(arguments, "", std::move(environment));
    ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
    const std::string output = server_->output(), line = "listening http 127.0.0.1:";
    port_ = std::stoi(output.substr(output.find(line) + line.size()));
  }
  void stop() {
    server_->signal(SIGTERM);
    ASSERT_EQ(server_->wait(), 0) << server_->output();
  }
  test::HttpAnswer ask(const std::string& method, const std::string& path, const std::string& body = {},
                       const std::string& user = "YW5uOnRhbmdlcmluZS1oYXJib3VyLTQy") {
    return test::HttpClient(port_).request(
        method, path, {{"Authorization", "Basic " + user}, {"Content-Type", "application/json"}}, body);
  }
  test::HttpAnswer put(const std::string& body) { return ask("PUT", "/api/v1/settings", body); }
  Json setting(const std::string& key) {
    const auto answer = ask("GET", "/api/v1/settings");
    const auto items = Json::parse(answer.body).value_or(Json()).get("items");
    for (size_t i = 0; i < items.size(); ++i)
      if (items.at(i).get_string("key") == key) return items.at(i);
    ADD_FAILURE() << key << ": " << answer.status << " " << answer.body;
    return {};
  }
  std::string fault(const test::HttpAnswer& answer) {
    return Json::parse(answer.body).value_or(Json()).get("error").get("details").get_string("key").value_or("");
  }
  std::string stream_base() {
    return Json::parse(ask("GET", "/api/v1/addresses").body).value_or(Json()).get_string("publicUrl").value_or("");
  }

  test::TempDir dir_;
  const std::string data_ = (dir_ / "data").string(), file_ = (dir_ / "r.toml").string();
  std::unique_ptr<test::Process> server_;
  int port_ = 0;
};

}  // namespace reallive::app
