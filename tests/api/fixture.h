// The API on a real database with real accounts, asked without sockets. Media alone is a stand-in: these tests are
// about who may do what and what is answered; tests/api/server_test.py asks the real program with real media.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/api.h"
#include "auth/password.h"
#include "events/bus.h"
#include "support/manual_clock.h"
#include "support/queue_executor.h"
#include "support/record.h"
#include "support/temp_dir.h"

namespace reallive::api::testing_only {

inline constexpr char offer[] = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";

/// TEST DOUBLE for media::Media: answers at once what the test says, and keeps count.
class StandInMedia final : public media::Media {
 public:
  base::Result<std::shared_ptr<media::RtcAnchor>> open_address(const media::Config&) override { return nullptr; }
  void reconfigure(media::Config, std::shared_ptr<media::RtcAnchor>) override {}
  void set_source(const media::SourceSpec&) override {}
  void remove_source(const std::string&) override {}
  bool test_source(const pipeline::CameraSource& source, media::SourceTestCallback done) override {
    tried.push_back(source);
    if (tests_full) return false;
    media::SourceTestResult result;
    result.ok = true;
    result.code = "ok";
    result.status.video_codec = "H264";
    result.status.width = 640;
    result.status.height = 360;
    done(result);
    return true;
  }
  void view(const std::string& stream, const std::string&, media::SessionCallback done) override {
    answer(stream, "view", done);
  }
  void publish(const std::string& stream, const std::string&, media::SessionCallback done) override {
    answer(stream, "publish", done);
  }
  bool trickle(const std::string& session, const std::string&) override { return open.count(session) > 0; }
  base::Result<std::string> restart_ice(const std::string& session, const std::string&) override {
    if (open.count(session) == 0) return base::fail("no-such-session", "gone");
    return std::string("a=ice-ufrag:serv\r\n");
  }
  bool end_session(const std::string& session) override { return open.erase(session) > 0; }
  media::StreamStatus status(const std::string& stream) const override {
    const auto found = statuses.find(stream);
    return found == statuses.end() ? media::StreamStatus() : found->second;
  }
  std::vector<media::SessionStats> sessions() const override {
    std::vector<media::SessionStats> list;
    for (const auto& session : open)
      list.push_back(session.second);
    return list;
  }
  std::optional<media::SessionStats> session(const std::string& session) const override {
    const auto found = open.find(session);
    return found == open.end() ? std::nullopt : std::optional(found->second);
  }
  uint16_t webrtc_port() const override { return 8189; }
  void shutdown() override {}

  void answer(const std::string& stream, const std::string& kind, const media::SessionCallback& done) {
    if (hold) return held.push_back([=, this] { answer(stream, kind, done); });
    if (error) return done(base::fail(*error, "media's own reason"));
    media::SessionStats stats;
    stats.session = "media-" + std::to_string(++count);
    stats.stream = stream;
    stats.kind = kind;
    stats.connected = true;
    open[stats.session] = stats;
    done(media::SessionReply{stats.session, "v=0\r\nanswer"});
  }

  /// From now on offers wait until release().
  void release() {
    hold = false;
    for (const auto& one : std::exchange(held, {}))
      one();
  }

  bool hold = false;
  std::vector<std::function<void()>> held;
  std::optional<std::string> error;
  std::map<std::string, media::SessionStats> open;
  std::map<std::string, media::StreamStatus> statuses;
  int count = 0;
  std::vector<pipeline::CameraSource> tried;
  bool tests_full = false;
};

/// A server without a single setting: for who may ask. What settings do is asked of the real server.
struct NoSettings : SettingsPort {
  std::vector<Setting> settings() const override { return {}; }
  base::Result<void> change(const Changes&) override { return {}; }
};

struct Answer {
  int status = 0;
  http::Response response;
  base::Json json;

  std::string code() const { return json.get("error").get_string("code").value_or(""); }
  std::string field() const { return json.get("error").get("details").get_string("field").value_or(""); }
  std::string header(const std::string& name) const { return response.headers.get(name).value_or(""); }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

class ApiTest : public testing::Test {
 protected:
  ApiTest() { make_api({}); }
  ~ApiTest() override {
    api.reset();
    authenticator.reset();
    executor.run();
  }
  void make_api(Config config, size_t password_queue = 64) {
    api.reset();
    authenticator.reset();
    authenticator = std::move(*auth::Authenticator::create({.queue = password_queue, .bcrypt_cost = 4}, dir.path(),
                                                           users, logins, executor, clock));
    router = http::Router();
    const auto reach = [] { return Reach{{"http://192.0.2.1:8080"}, {"https://192.0.2.1:8443"}, "certificate"}; };
    api = std::make_unique<Api>(std::move(config),
                                Dependencies{*authenticator, users, logins, invitations, cameras, sessions, media, live,
                                             executor, clock, reach, &no_settings});
    api->install(router);
  }

  /// An account; its token is tokens[name].
  auth::User add_user(const std::string& name, auth::Role role, const std::string& organization = "default") {
    const auth::NewUser user{name, "", role, *auth::hash_password("password-of-" + name, 4), organization};
    const auto created = users.create(user);
    EXPECT_TRUE(created) << created.error().message;
    tokens[name] = token_of(name);
    return *created;
  }
  std::string token_of(const std::string& name) {
    const auto principal = users.credentials(name)->principal();
    return authenticator->open_login(principal, auth::Delivery::body)->token.token;
  }
  catalog::Camera add_camera(const std::string& name, const std::string& owner_id,
                             const std::string& organization = "default") {
    catalog::CameraFields fields;
    fields.name = name;
    if (!owner_id.empty()) fields.owner_id = owner_id;
    const auto camera = cameras.create(organization, fields);
    EXPECT_TRUE(camera) << camera.error().message;
    return *camera;
  }
  void add_organization(const std::string& id) {
    auto session = database->session();
    ASSERT_TRUE(session->execute(
        "INSERT INTO organizations (id, name, created_at, updated_at) VALUES (:id, 'o', '', '')", {{"id", id}}));
  }

  /// `who`: a user's name (their token is sent), or empty for nobody.
  Answer ask(const std::string& method, const std::string& target, const std::string& who = {},
             const std::string& body = {}, Fields headers = {}) {
    const auto answer = begin(method, target, who, body, std::move(headers));
    EXPECT_TRUE(executor.run_until([&] { return answer->status != 0; })) << method << " " << target << ": no answer";
    return *answer;
  }
  /// As ask(), without waiting: the status is 0 until the answer comes.
  std::shared_ptr<Answer> begin(const std::string& method, const std::string& target, const std::string& who = {},
                                const std::string& body = {}, Fields headers = {}) {
    if (!who.empty()) headers.emplace_back("Authorization", "Bearer " + tokens.at(who));
    if (!body.empty() && body.front() == '{') headers.emplace_back("Content-Type", "application/json");
    if (!body.empty() && body.front() == 'v') headers.emplace_back("Content-Type", "application/sdp");
    auto request = std::make_shared<http::Request>();
    request->id = "request-1";
    request->method = method;
    request->path = target.substr(0, target.find('?'));
    request->segments = http::split_path(request->path).value();
    if (target.find('?') != std::string::npos) {
      request->query = http::parse_query(target.substr(target.find('?') + 1)).value();
    }
    for (const auto& [name, value] : headers)
      request->headers.add(name, value);
    request->body = body;
    std::string said = method + " " + target + "\n";
    for (const auto& [name, value] : headers)
      said += name + ": " + value + "\n";
    test::record(test::Record::said, said + body);
    request->remote_address = remote_address;
    request->scheme = "http";
    request->host = host;
    auto answer = std::make_shared<Answer>();
    router.dispatch(request, http::Reply(request, [this, answer, request](http::Response response) {
                      answer->status = response.status;
                      answer->response = std::move(response);
                      test::record(test::Record::said, answer->response.body);
                      if (auto json = base::Json::parse(answer->response.body)) answer->json = *json;
                      if (!api) return;
                      api->observer()(http::Exchange{request, answer->status, answer->response.body.size(),
                                                     std::chrono::milliseconds(3)});
                    }));
    return answer;
  }

  test::TempDir dir;
  test::ManualClock clock;
  test::QueueExecutor executor;
  std::unique_ptr<db::Database> database = std::move(*db::Database::open({dir / "t.db", 20}));
  auth::Users users{*database, clock};
  auth::Logins logins{*database, clock};
  auth::Invitations invitations{*database, clock};
  base::SecretBox secrets = *base::SecretBox::load_or_make(dir / "secrets.key");
  catalog::Cameras cameras{*database, clock, secrets};
  catalog::Sessions sessions{*database, clock};
  events::Bus bus;
  Live live{cameras, sessions, bus, clock};
  StandInMedia media;
  NoSettings no_settings;
  std::unique_ptr<auth::Authenticator> authenticator;
  http::Router router;
  std::unique_ptr<Api> api;
  std::map<std::string, std::string> tokens;
  std::string remote_address = "192.0.2.7", host = "cam.local:8080";
};

}  // namespace reallive::api::testing_only
