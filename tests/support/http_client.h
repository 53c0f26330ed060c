// HttpClient: one connection to a server on loopback, byte by byte where a test wants that. The test's thread.
// `pump` runs the server's main loop where it lives in this process. It never retries and never follows redirects.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace reallive::test {

struct HttpAnswer {
  int status = 0;  ///< 0: the server closed the connection without an answer, or none came in time
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The first of that name, whatever its case; empty when there is none.
  std::string header(const std::string& name) const;
  size_t count(const std::string& name) const;
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

class HttpClient {
 public:
  explicit HttpClient(int port, std::function<void()> pump = {}, const std::string& host = "127.0.0.1");
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends what it is given, pumping while the socket is full; false when the server closed.
  bool send(const std::string& bytes);
  /// The next answer. `head`: it has no body, whatever its headers say.
  HttpAnswer receive(bool head = false, std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// What came behind the last answer: waits until there is something that `enough` accepts, and takes as many bytes as
  /// it says. Nothing when the server closed before or the limit passed.
  std::optional<std::string> take(const std::function<size_t(const std::string&)>& enough,
                                  std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// True once the server has closed the connection.
  bool closed_by_server(std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// Ends the connection with a reset, as a client that crashed.
  void abort();

  /// One whole request and its answer.
  HttpAnswer request(const std::string& method, const std::string& target, const HttpFields& headers = {},
                     const std::string& body = {});

 private:
  bool read_some();

  int socket_ = -1;
  bool closed_ = false;
  std::string buffer_;
  std::function<void()> pump_;
};

}  // namespace reallive::test
