// The real program with real media, for tests that ask it over HTTP: accounts and cameras are made in its database.
// The test's thread. It ends with the scope.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <signal.h>
#include <string>

#include "auth/password.h"
#include "auth/users.h"
#include "base/json.h"
#include "catalog/cameras.h"
#include "catalog/sessions.h"
#include "db/database.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/record.h"
#include "support/temp_dir.h"

namespace reallive::api::testing_only {

struct HttpResult : test::HttpAnswer {
  base::Json json() const { return base::Json::parse(body).value_or(base::Json()); }
  std::string code() const { return json().get("error").get_string("code").value_or(""); }
  std::string field() const { return json().get("error").get("details").get_string("field").value_or(""); }
};

class Server {
 public:
  Server() {
    std::filesystem::create_directories(dir / "data");
    std::filesystem::permissions(dir / "data", std::filesystem::perms::owner_all);
    const auto empty = test::run({"reallive", "user", "list", "--data", data()});
    EXPECT_EQ(empty.exit_code, 0) << empty.output;
    database = std::move(*db::Database::open({find_database()}));
    users = std::make_unique<auth::Users>(*database, base::system_clock());
    secrets = std::make_unique<base::SecretBox>(*base::SecretBox::load_or_make(dir / "data" / "secrets.key"));
    cameras = std::make_unique<catalog::Cameras>(*database, base::system_clock(), *secrets);
    sessions = std::make_unique<catalog::Sessions>(*database, base::system_clock());
  }
  ~Server() {
    if (!process) return;
    process->signal(SIGTERM);
    EXPECT_EQ(process->wait(std::chrono::seconds(5)), 0) << process->output();
    const auto all = cameras->all();
    for (const catalog::Camera& camera : all ? *all : std::vector<catalog::Camera>())
      test::record(test::Record::secret, camera.stream_key);
  }

  std::string data() const { return (dir / "data").string(); }

  /// An account whose password is `password-of-NAME`; asked for by its name afterwards.
  std::string add_user(const std::string& name, auth::Role role) {
    // bcrypt at its cheapest, so that a test is no benchmark of it; the program takes the cost from the hash.
    const auto user = users->create({name, "", role, *auth::hash_password("password-of-" + name, 4)});
    EXPECT_TRUE(user) << user.error().message;
    test::record(test::Record::secret, "password-of-" + name);
    return user->id;
  }
  catalog::Camera add_camera(const std::string& name, const std::string& owner_id, const std::string& source,
                             bool is_public = false) {
    catalog::CameraFields fields;
    fields.name = name;
    fields.owner_id = owner_id;
    fields.source_url = source;
    test::record(test::Record::said, source);
    fields.is_public = is_public;
    return *cameras->create("default", fields);
  }

  /// Starts serving what was added so far, and logs every user in. `settings` as `--set` takes them.
  void start(const std::vector<std::string>& names, const std::vector<std::string>& settings = {},
             const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> arguments = {"reallive", "serve",
                                          "--data",   data(),
                                          "--set",    "http.listen=127.0.0.1:0",
                                          "--set",    "webrtc.listen=127.0.0.1:0"};
    for (const std::string& setting : settings)
      arguments.insert(arguments.end(), {"--set", setting});
    process = std::make_unique<test::Process>(arguments, "", environment);
    ASSERT_TRUE(process->wait_output("listening webrtc ")) << process->output();
    const std::string output = process->output(), line = "listening http 127.0.0.1:";
    port = std::stoi(output.substr(output.find(line) + line.size()));
    for (const std::string& name : names) {
      const HttpResult answer = ask("POST", "/api/v1/auth/login", "",
                                    "{\"username\":\"" + name + "\",\"password\":\"password-of-" + name + "\"}");
      ASSERT_EQ(answer.status, 200) << answer.body;
      tokens[name] = "Bearer " + *answer.json().get_string("token");
    }
  }

  /// `who`: a user's name, a whole Authorization header with a space in it, or empty. The content type goes by the
  /// body's first letter unless it is given.
  HttpResult ask(const std::string& method, const std::string& target, const std::string& who = {},
                 const std::string& body = {}, test::HttpFields headers = {}) {
    if (!who.empty()) {
      headers.emplace_back("Authorization", who.find(' ') == std::string::npos ? tokens.at(who) : who);
    }
    const bool typed =
        std::any_of(headers.begin(), headers.end(), [](const auto& header) { return header.first == "Content-Type"; });
    if (!typed && !body.empty() && body.front() == '{') headers.emplace_back("Content-Type", "application/json");
    if (!typed && !body.empty() && body.front() == 'v') headers.emplace_back("Content-Type", "application/sdp");
    return {test::HttpClient(port).request(method, target, headers, body)};
  }

  test::TempDir dir;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<auth::Users> users;
  std::unique_ptr<base::SecretBox> secrets;
  std::unique_ptr<catalog::Cameras> cameras;
  std::unique_ptr<catalog::Sessions> sessions;
  std::unique_ptr<test::Process> process;
  std::map<std::string, std::string> tokens;
  int port = 0;

 private:
  std::filesystem::path find_database() const {
    for (const auto& entry : std::filesystem::directory_iterator(dir / "data"))
      if (entry.path().extension() == ".db") return entry.path();
    throw std::runtime_error("the program made no database");
  }
};

}  // namespace reallive::api::testing_only
