// Listener: the listening sockets and the table of open connections with its limits. Main loop's thread.
// Owns sockets and timers; hands each new connection on as a stream.
// It never lets one client, or all of them, open more than the limits say, and never waits for one.
#pragma once

#include <functional>
#include <gio/gio.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/network.h"
#include "base/result.h"
#include "http/connection.h"
#include "http/listen_address.h"

namespace reallive::http {

/// One address that is listened on.
struct Listening {
  bool secure = false;
  std::string host;  ///< numeric; empty: all addresses of this machine
  uint16_t port = 0;
  /// `https://192.168.1.7:8443`; `https://:8443` for all addresses.
  std::string to_string() const;
};

class Listener {
 public:
  /// `connected` gets a stream, where it came in and from where; both addresses are inet addresses.
  using Connected = std::function<void(const ConnectionPtr& connection, GSocketAddress* local, GSocketAddress* remote)>;

  explicit Listener(Connected connected);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// For connections from now on. `trusted`: proxies, which may have all connections.
  void set_limits(const Limits& limits, std::vector<base::Network> trusted);
  /// For connections from now on.
  void set_identity(std::shared_ptr<tls::Context> context) { identity_ = std::move(context); }

  /// Listens on exactly these (see parse_listen_address()); what is listened on already stays as it is, and when one
  /// cannot be had everything does. Connections that are open stay. Codes `listen`, VALIDATION_FAILED.
  base::Result<void> listen(const std::vector<std::string>& plain, const std::vector<std::string>& secure);
  std::vector<Listening> listening() const;
  size_t connections() const { return connections_.size(); }

 private:
  struct Socket;
  void accept_some(Socket& socket);
  void adopt(int descriptor, const Socket& socket);
  bool make_room(const std::string& key);
  void forget(Connection& connection);
  void check();

  const Connected connected_;
  Limits limits_;
  std::vector<base::Network> trusted_;
  std::shared_ptr<tls::Context> identity_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::map<Connection*, std::string> connections_;  // each open one and whose it is
  std::map<std::string, size_t> counts_;            // by whose
  guint timer_ = 0;
  // Connections outlive the listener when the library still holds them.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reallive::http
