// Server: the HTTP/1.1 server, plain and over TLS. Owns the listening sockets and every connection; the only door to
// libsoup.
// Lives on the main loop's thread (GLib's default context); handlers and observers run there.
// It never logs queries, headers or bodies, and never keeps more of a body than its limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/network.h"
#include "base/result.h"
#include "http/cors.h"
#include "http/limits.h"
#include "http/listener.h"
#include "http/router.h"
#include "http/websocket.h"
#include "tls/session.h"

namespace reallive::http {

struct Config {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  ///< see parse_listen_address(); `off` is skipped
  std::vector<std::string> secure_listen = {};           ///< over TLS; nobody is let in before set_identity()
  CorsPolicy cors = {};
  WebSocketLimits websocket = {};
  Limits limits = {};
  std::string base_path = {};  ///< `/cams`: what a proxy puts in front of every path; taken away where it is there
  std::vector<base::Network> trusted_proxies = {};  ///< see see_client()
  bool strict_transport = false;                    ///< browsers that came over TLS shall never come without (HSTS)
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
  /// Closes every connection; a Reply that is still open then answers nobody.
  virtual ~Server() = default;
  /// Listens. `router` and whatever its handlers need must outlive the server. Code `listen` when an address is taken
  /// or not this machine's, VALIDATION_FAILED when one cannot be read.
  static base::Result<std::unique_ptr<Server>> create(const Config& config, const Router& router,
                                                      Observer observer = {});
  /// From the next request on; listeners that stay the same, and connections, are not disturbed. When it fails
  /// everything is as before. Codes as create().
  virtual base::Result<void> reconfigure(const Config& config) = 0;
  /// For TLS connections from now on.
  virtual void set_identity(std::shared_ptr<tls::Context> context) = 0;

  /// With the ports it got.
  virtual std::vector<Listening> listening() const = 0;
  virtual size_t connections() const = 0;
};

}  // namespace reallive::http
