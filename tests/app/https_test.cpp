// HTTPS of the real server as devices meet it: the local authority, its certificates, and the owner's own.
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <signal.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/time.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/temp_dir.h"
#include "support/wait.h"
#include "tls/authority.h"

namespace reallive::app {
namespace {

using base::Json;
using testing::HasSubstr;

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(base::system_clock().now().time_since_epoch()).count();
}

class HttpsTest : public testing::Test {
 protected:
  std::vector<std::string> command_line(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"reallive", "serve", "--data", data_};
    for (const char* set : {"http.listen=127.0.0.1:0", "https.listen=127.0.0.1:0", "webrtc.listen=127.0.0.1:0"})
      arguments.insert(arguments.end(), {"--set", set});
    for (const std::string& set : more)
      arguments.insert(arguments.end(), {"--set", set});
    return arguments;
  }
  int port_of(const std::string& scheme) {
    const std::string output = server_->output(), line = "listening " + scheme + " 127.0.0.1:";
    const size_t at = output.find(line);
    return at == std::string::npos ? 0 : std::stoi(output.substr(at + line.size()));
  }
  void start(std::vector<std::string> more = {}) {
    server_ = std::make_unique<test::Process>(command_line(std::move(more)));
    ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
    port_ = port_of("https");
    ASSERT_GT(port_, 0) << server_->output();
  }
  /// curl's exit code and output; 60: the certificate is not to be trusted.
  test::Finished curl(const std::string& authority, const std::string& url, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"curl", "-sS", "--noproxy", "*", "-m", "20", "--cacert", authority, url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run(arguments);
  }
  std::string url(const std::string& path, const std::string& host = "127.0.0.1") {
    return "https://" + host + ":" + std::to_string(port_) + path;
  }

  test::TempDir dir_;
  const std::string data_ = (dir_ / "data").string(), authority_ = data_ + "/tls/ca.crt";
  std::unique_ptr<test::Process> server_;
  int port_ = 0;
};

TEST_F(HttpsTest, ADeviceThatTrustsTheAuthorityGetsIn) {
  start();
  struct stat info {};
  for (const char* key : {"/tls/ca.key", "/tls/server.key"}) {
    ASSERT_EQ(stat((data_ + key).c_str(), &info), 0) << key;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << key;
  }
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto answer = curl(authority_, url("/healthz", host));
    EXPECT_EQ(answer.exit_code, 0) << answer.output;
    EXPECT_THAT(answer.output, HasSubstr("\"ok\""));
  }
  EXPECT_EQ(curl("/etc/ssl/certs/ca-certificates.crt", url("/healthz")).exit_code, 60);
  const auto plain = test::HttpClient(port_of("http")).request("GET", "/ca.crt");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.header("Content-Type"), "application/x-x509-ca-cert");
  EXPECT_EQ(plain.body, *tls::read_file(authority_));
  EXPECT_EQ(curl(authority_, url("/healthz"), {"--tls-max", "1.1"}).exit_code, 35);
  EXPECT_EQ(curl(authority_, url("/healthz"), {"--tls-max", "1.2"}).exit_code, 0);
  EXPECT_THAT(server_->output(), HasSubstr("open " + url("")));
  EXPECT_THAT(server_->output(), HasSubstr(url("/trust")));
  const auto headers = curl(authority_, url("/"), {"-D", "-", "-o", "/dev/null"}).output;
  EXPECT_THAT(headers, testing::Not(HasSubstr("Strict-Transport"))) << "a device may come to trust it no more";
  EXPECT_THAT(headers, HasSubstr("Referrer-Policy: no-referrer"));

  const std::string first = *tls::read_file(data_ + "/tls/server.crt");
  server_->signal(SIGTERM);
  ASSERT_EQ(server_->wait(), 0);
  start();
  EXPECT_EQ(*tls::read_file(data_ + "/tls/server.crt"), first) << "the same as long as it fits";
  server_->signal(SIGTERM);
  ASSERT_EQ(server_->wait(), 0);
  start({"http.public_url=https://cam.example.org"});
  const auto named = tls::read_certificate(*tls::read_file(data_ + "/tls/server.crt"));
  ASSERT_TRUE(named);
  EXPECT_THAT(named->names, testing::Contains("cam.example.org"));
  EXPECT_THAT(named->names, testing::Contains("localhost"));
}

TEST_F(HttpsTest, TellsWhereItIs) {
  start({"http.public_url=https://cam.example.org/cams"});
  const auto added =
      test::run({"reallive", "user", "add", "ann", "--role", "viewer", "--password-stdin", "--data", data_},
                "tangerine-harbour-42");
  ASSERT_EQ(added.exit_code, 0) << added.output;
  EXPECT_EQ(curl(authority_, url("/cams/api/v1/addresses"), {"-o", "/dev/null", "-w", "%{http_code}"}).output, "401");
  const auto answer = curl(authority_, url("/cams/api/v1/addresses"), {"-u", "ann:tangerine-harbour-42"});
  const auto json = Json::parse(answer.output);
  ASSERT_TRUE(json) << answer.output;
  EXPECT_EQ(json->get("https").at(0).as_string().value_or(""), url("/cams"));
  EXPECT_EQ(json->get_string("publicUrl"), "https://cam.example.org/cams");
  EXPECT_EQ(json->get_string("caUrl"), url("/cams/ca.crt"));
}

TEST_F(HttpsTest, TheOwnersCertificateAndItsSuccessor) {
  const auto authority = *tls::Authority::open(dir_ / "other", now_s());
  const std::string other = (dir_ / "other/ca.crt").string();
  const std::string certificate = (dir_ / "own.crt").string(), key = (dir_ / "own.key").string();
  const auto put = [&](const tls::Identity& identity) {
    ASSERT_TRUE(tls::write_file(key, identity.key_pem));
    ASSERT_TRUE(tls::write_file(certificate, identity.certificate_pem));
  };
  const std::vector<std::string> own = {"https.certificate=" + certificate, "https.key=" + key};
  put(*authority->issue({"wrong.example"}, {}, now_s()));
  start(own);
  EXPECT_EQ(curl(other, url("/healthz")).exit_code, 60) << "another name";
  const auto strict = curl(other, url("/", "wrong.example"),
                           {"--resolve", "wrong.example:" + std::to_string(port_) + ":127.0.0.1", "-D", "-"});
  EXPECT_THAT(strict.output, HasSubstr("Strict-Transport-Security: max-age="));
  EXPECT_EQ(test::HttpClient(port_of("http")).request("GET", "/ca.crt").status, 404);
  ASSERT_TRUE(tls::write_file(key, "half"));
  put(*authority->issue({"right.example"}, {"127.0.0.1"}, now_s()));
  EXPECT_TRUE(test::eventually([&] { return curl(other, url("/healthz")).exit_code == 0; })) << server_->output();
  server_->signal(SIGTERM);
  ASSERT_EQ(server_->wait(), 0);
  ASSERT_TRUE(tls::write_file(key, authority->issue({"x"}, {}, now_s())->key_pem));
  auto refused = test::run(command_line(own));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("the key does not belong to the certificate"));
  refused = test::run(command_line({"https.certificate=" + certificate}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("https.certificate and https.key: expected both"));
}

}  // namespace
}  // namespace reallive::app
