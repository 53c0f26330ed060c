// Server: the HTTP/1.1 server. Owns the listening sockets and every connection; the only door to libsoup.
// Lives on the main loop's thread (GLib's default context); handlers and observers run there.
// It never logs queries, headers or bodies, and never keeps more of a body than its limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/cors.h"
#include "http/router.h"
#include "http/websocket.h"

namespace reallive::http {

struct Config {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  ///< see parse_listen_address(); `off` is skipped
  CorsPolicy cors = {};
  size_t body_limit = 1 << 20;  ///< bytes; more is answered 413
  WebSocketLimits websocket = {};
  bool operator==(const Config&) const = default;
};

/// One finished request, for logs and metrics.
struct Exchange {
  RequestPtr request;
  int status = 0;
  size_t response_bytes = 0;
  std::chrono::milliseconds duration{0};  ///< from the request's last byte to the answer's first
};
using Observer = std::function<void(const Exchange&)>;

class Server {
 public:
  /// Listens. `router` and whatever its handlers need must outlive the server. Code `listen` when an address is taken
  /// or not this machine's, VALIDATION_FAILED when one cannot be read.
  static base::Result<std::unique_ptr<Server>> create(const Config& config, const Router& router,
                                                      Observer observer = {});
  /// Closes every connection; a Reply that is still open then answers nobody.
  virtual ~Server() = default;

  /// What it listens on, with the ports it got: `http://127.0.0.1:8080`.
  virtual std::vector<std::string> addresses() const = 0;
};

}  // namespace reallive::http
