// TalkingCamera: a port that answers RTSP requests with whatever a test says, right or wrong; and a UDP port that
// counts. Construction and destruction belong to the test's thread; it answers on a thread of its own, one client at a
// time a thread. It never answers on its own account.
#pragma once

#include <atomic>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace reallive::media::test {

/// An RTSP answer to `request` (its CSeq) with `status` ("200 OK"), header lines and a body.
std::string answer(const std::string& request, const std::string& status,
                   std::initializer_list<std::string> headers = {}, const std::string& body = {});

class TalkingCamera {
 public:
  /// What to send for a request (its lines up to the empty one); any bytes, empty for silence.
  using Talk = std::function<std::string(const std::string& request)>;

  explicit TalkingCamera(Talk talk);
  ~TalkingCamera();
  TalkingCamera(const TalkingCamera&) = delete;
  TalkingCamera& operator=(const TalkingCamera&) = delete;

  int port() const { return port_; }
  std::string url() const { return "rtsp://127.0.0.1:" + std::to_string(port_) + "/camera"; }
  int connections() const { return connections_; }
  /// How often a method was asked.
  int requests(const std::string& method) const;
  /// Closes every connection there is; new ones are taken.
  void hang_up();

 private:
  void accept_all();
  void serve(int client);

  const Talk talk_;
  int socket_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, int> requests_;
  std::vector<int> clients_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
  std::thread acceptor_;
};

/// Counts the datagrams that come to a port of loopback.
class UdpPort {
 public:
  explicit UdpPort(const std::string& address = "127.0.0.1", int port = 0);
  ~UdpPort();
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;
  int port() const { return port_; }
  /// Datagrams so far.
  int received() const;

 private:
  int socket_;
  int port_ = 0;
  mutable int received_ = 0;
};

}  // namespace reallive::media::test
