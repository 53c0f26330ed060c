// HTTPS of the real server as devices meet it: the local authority, its certificates, and the owner's own.
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"
#include "support/http_client.h"
#include "support/process.h"
#include "support/taken_port.h"
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

// A connection that stays: requests go in line by line, answers come out.
class Held {
 public:
  Held(const test::TempDir& dir, std::vector<std::string> command) {
    const std::string pipe = (dir / "held").string();
    mkfifo(pipe.c_str(), 0600);
    input_ = open(pipe.c_str(), O_RDWR | O_CLOEXEC);
    command.insert(command.begin(), {"sh", "-c", "exec \"$@\" < \"$0\"", pipe});
    process_ = std::make_unique<test::Process>(command);
  }
  ~Held() { close(input_); }
  bool asks(size_t answers) {
    const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (write(input_, request.data(), request.size()) != static_cast<ssize_t>(request.size())) return false;
    return test::eventually([&] {
      const std::string output = process_->output();
      size_t seen = 0;
      for (size_t at = output.find("HTTP/1.1 200"); at != std::string::npos; at = output.find("HTTP/1.1 200", at + 1))
        ++seen;
      return seen == answers;
    });
  }
  std::string output() const { return process_->output(); }

 private:
  int input_ = -1;
  std::unique_ptr<test::Process> process_;
};

// In a network and with a host name of its own, so that both can change.
TEST_F(HttpsTest, NewNamesAndAddressesGetACertificateWhileConnectionsStay) {
  // Root needs no user namespace, and gets none in a chroot.
  const bool is_root = geteuid() == 0;
  const std::vector<std::string> apart = {
      "unshare", is_root ? "-nu" : "-rnu", "sh", "-c", "ip link set lo up && hostname hut-one && exec \"$@\"", "sh"};
  auto command = apart;
  command.push_back("true");
  if (test::run(command).exit_code != 0) GTEST_SKIP() << "no namespaces here";
  command = command_line();
  command.insert(command.begin(), apart.begin(), apart.end());
  server_ = std::make_unique<test::Process>(command);
  ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
  port_ = port_of("https");
  const auto inside = [&](std::vector<std::string> what) {
    std::vector<std::string> all = {"nsenter", "-t", std::to_string(server_->pid()), "-n", "-u"};
    if (!is_root) all.insert(all.end(), {"-U", "--preserve-credentials"});
    all.insert(all.end(), what.begin(), what.end());
    return all;
  };
  const std::string port = std::to_string(port_);
  const auto trusts = [&](const std::string& host) {
    return test::run(inside({"curl", "-sS", "--noproxy", "*", "-m", "20", "--cacert", authority_, "--connect-to",
                             host + ":" + port + ":127.0.0.1:" + port, "https://" + host + ":" + port + "/healthz"}))
               .exit_code == 0;
  };
  ASSERT_TRUE(trusts("hut-one.local")) << server_->output();
  EXPECT_FALSE(trusts("192.0.2.9"));
  EXPECT_FALSE(trusts("hut-two.local"));
  Held held(dir_, inside({"openssl", "s_client", "-quiet", "-connect", "127.0.0.1:" + port, "-CAfile", authority_}));
  ASSERT_TRUE(held.asks(1)) << held.output();

  ASSERT_EQ(test::run(inside({"ip", "addr", "add", "192.0.2.9/32", "dev", "lo"})).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return trusts("192.0.2.9"); }, std::chrono::seconds(30))) << server_->output();
  ASSERT_EQ(test::run(inside({"hostname", "hut-two"})).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return trusts("hut-two.local"); }, std::chrono::seconds(30))) << server_->output();
  EXPECT_TRUE(held.asks(2)) << "it stayed open: " << held.output();
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
  put(*authority->issue({"next.example"}, {}, now_s()));
  server_->signal(SIGHUP);
  ASSERT_TRUE(server_->wait_output("the settings were read anew")) << server_->output();
  EXPECT_EQ(curl(other, url("/healthz", "next.example"),
                 {"--resolve", "next.example:" + std::to_string(port_) + ":127.0.0.1"})
                .exit_code,
            0)
      << "at once" << server_->output();
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

TEST_F(HttpsTest, ARefusedChangeLeavesACertificateThatCouldNotBeReadAgain) {
  const auto authority = *tls::Authority::open(dir_ / "other", now_s());
  const std::string other = (dir_ / "other/ca.crt").string(), settings = (dir_ / "r.toml").string();
  const auto write = [&](const std::string& name, int http_port) {
    const auto identity = *authority->issue({name}, {}, now_s());
    const std::string certificate = (dir_ / (name + ".crt")).string(), key = (dir_ / (name + ".key")).string();
    ASSERT_TRUE(tls::write_file(key, identity.key_pem));
    ASSERT_TRUE(tls::write_file(certificate, identity.certificate_pem));
    std::ofstream(settings) << "[http]\nlisten = \"127.0.0.1:" << http_port << "\"\n[https]\ncertificate = \""
                            << certificate << "\"\nkey = \"" << key << "\"\n";
  };
  write("first.example", 0);
  std::vector<std::string> arguments = {"reallive", "serve", "--data", data_, "-c", settings};
  for (const char* set : {"https.listen=127.0.0.1:0", "webrtc.listen=127.0.0.1:0"})
    arguments.insert(arguments.end(), {"--set", set});
  server_ = std::make_unique<test::Process>(arguments);
  ASSERT_TRUE(server_->wait_output("listening webrtc ")) << server_->output();
  port_ = port_of("https");
  ASSERT_TRUE(std::filesystem::remove(dir_ / "first.example.crt"));
  const test::TakenPort taken(SOCK_STREAM, "127.0.0.1", 0);
  write("second.example", taken.port());
  server_->signal(SIGHUP);
  ASSERT_TRUE(server_->wait_output("the settings before stay in use")) << server_->output();
  EXPECT_EQ(curl(other, url("/healthz", "first.example"),
                 {"--resolve", "first.example:" + std::to_string(port_) + ":127.0.0.1"})
                .exit_code,
            0)
      << server_->output();
}

}  // namespace
}  // namespace reallive::app
