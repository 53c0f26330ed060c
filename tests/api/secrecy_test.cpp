// The real program with everything it can log: no secret of a camera or an account stands in its output, in what
// strangers are told, or in the list of processes.
#include <fstream>
#include <iterator>

#include "api/server.h"
#include "support/secret_watch.h"
#include "support/wait.h"

namespace reallive::api::testing_only {
namespace {

std::string file_of_process(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Secrecy, ACamerasPasswordIsToldToNobody) {
  Server server;
  const std::string owner = server.add_user("owner", auth::Role::operator_);
  const std::string viewer = server.add_user("viewer", auth::Role::viewer);
  const int closed = test::free_port();
  const std::string address = "@127.0.0.1:" + std::to_string(closed) + "/live?auth=query-secret-one";
  server.add_camera("door", owner, "rtsp://cam-user-name:swordfish-and-chips" + address);
  server.add_camera("hall", viewer, "rtsp://cam-user-name:swordfish-and-chips" + address);
  test::SecretWatch camera;
  for (const char* secret : {"swordfish-and-chips", "cam-user-name", "query-secret-one"}) {
    camera.add(secret);
    test::record(test::Record::secret, secret);
  }
  server.start({"owner", "viewer"}, {"log.level=debug", "streams.start_limit_ms=2000", "sources.allow=127.0.0.1"},
               {{"GST_DEBUG", "*:4"}});

  const std::string offer =
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
      "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\n"
      "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
      "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 "
      "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
      "a=setup:actpass\r\na=rtcp-mux\r\n";
  std::string answers;
  for (const char* who : {"owner", "viewer"}) {
    const std::string stream = who == std::string("owner") ? "door" : "hall";
    const HttpResult watched = server.ask("POST", "/whep/" + stream, who, offer);
    EXPECT_GE(watched.status, 400) << watched.body;
    answers += watched.body;
    for (const std::string& target :
         {std::string("/api/v1/cameras"), std::string("/api/v1/sessions"), "/api/v1/cameras/" + stream,
          "/api/v1/cameras/" + stream + "/status", "/api/v1/cameras/" + stream + "/stream", std::string("/metrics")})
      answers += server.ask("GET", target, who).body;
  }
  EXPECT_NE(server.ask("GET", "/api/v1/cameras/door/status", "owner").json().get_string("error").value_or(""), "");
  EXPECT_EQ(server.ask("GET", "/api/v1/cameras/door?token=swordfish-and-chips").status, 401);
  EXPECT_EQ(camera.told_by(answers), "");
  EXPECT_EQ(answers.find(server.cameras->find_anywhere("hall")->stream_key), std::string::npos) << "a viewer's answers";
  for (const char* name : {"cmdline", "environ", "comm"})
    EXPECT_EQ(camera.told_by(file_of_process(server.process->pid(), name)), "") << name;
  EXPECT_EQ(camera.told_by(server.process->output()), "");
}

}  // namespace
}  // namespace reallive::api::testing_only
