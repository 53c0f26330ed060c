// One HTTP/1.1 request over plain TCP, and the sessions of WHIP and WHEP made of it.
// Blocking, for a thread that may wait. It never keeps connections, follows redirects or speaks TLS.
#pragma once

#include <map>
#include <string>

#include "common/result.h"

namespace reallive::load {

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct Request {
  std::string method = "GET";
  std::string url;  // http://HOST:PORT/PATH
  std::map<std::string, std::string> headers;
  std::string body;
};

/// Error code "http" when there is no answer at all; any status is an answer. Waits at most 10 s for each read.
Result<Response> send_request(const Request& request);

/// The value of an Authorization header: Bearer when `user` is empty.
std::string authorization(const std::string& user, const std::string& secret);

/// A WHIP or WHEP session: POST of an offer, DELETE of its resource.
class SignalingSession {
 public:
  SignalingSession(std::string url, std::string authorization)
      : url_(std::move(url)), authorization_(std::move(authorization)) {}
  /// The answer; error code "http" with status and body otherwise.
  Result<std::string> post(const std::string& offer);
  /// Ends the session; does nothing without one.
  void remove();

 private:
  std::string url_;
  std::string authorization_;
  std::string resource_;
};

}  // namespace reallive::load
