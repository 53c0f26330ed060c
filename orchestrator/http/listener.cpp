#include "http/listener.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <glib-unix.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/log.h"
#include "base/time.h"

namespace reallive::http {

using base::fail;
using base::Result;

namespace {

constexpr int accept_at_once = 32;
constexpr int backlog = 512;
/// When no descriptor is left, accepting waits this long instead of spinning.
constexpr guint exhausted_ms = 200;

union Address {
  sockaddr base;
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
  sockaddr_storage storage;
};

base::IpAddress ip_of(const Address& address) {
  if (address.base.sa_family == AF_INET)
    return base::IpAddress::from_bytes(reinterpret_cast<const uint8_t*>(&address.ipv4.sin_addr), 4);
  return base::IpAddress::from_bytes(address.ipv6.sin6_addr.s6_addr, 16);
}

/// One household: an IPv4 address, or the /64 that a provider gives away.
std::string household(const base::IpAddress& address) {
  const auto& bytes = address.bytes();
  const size_t count = address.is_ipv4() ? bytes.size() : 8;
  return std::string(reinterpret_cast<const char*>(bytes.data()), count);
}

/// A listening socket, or -1 with errno. IPv6 takes IPv4 clients too.
int open_socket(const ListenAddress& wanted, bool ipv6) {
  Address address{};
  socklen_t size = 0;
  if (ipv6) {
    address.ipv6.sin6_family = AF_INET6;
    address.ipv6.sin6_port = htons(wanted.port);
    address.ipv6.sin6_addr = in6addr_any;
    if (!wanted.host.empty()) inet_pton(AF_INET6, wanted.host.c_str(), &address.ipv6.sin6_addr);
    size = sizeof address.ipv6;
  } else {
    address.ipv4.sin_family = AF_INET;
    address.ipv4.sin_port = htons(wanted.port);
    if (!wanted.host.empty()) inet_pton(AF_INET, wanted.host.c_str(), &address.ipv4.sin_addr);
    size = sizeof address.ipv4;
  }
  const int descriptor = socket(address.base.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1, off = 0;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (ipv6) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, wanted.host.empty() ? &off : &on, sizeof on);
  if (bind(descriptor, &address.base, size) == 0 && ::listen(descriptor, backlog) == 0) return descriptor;
  const int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

int open_socket(const ListenAddress& wanted) {
  if (!wanted.host.empty()) return open_socket(wanted, wanted.host.find(':') != std::string::npos);
  const int both = open_socket(wanted, true);
  // A machine without IPv6.
  return both < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) ? open_socket(wanted, false) : both;
}

}  // namespace

struct Listener::Socket {
  Listener* owner = nullptr;
  std::string text;
  ListenAddress wanted;
  bool secure = false;
  int descriptor = -1;
  uint16_t port = 0;
  guint source = 0, pause = 0;

  ~Socket() {
    if (source) g_source_remove(source);
    if (pause) g_source_remove(pause);
    if (descriptor >= 0) close(descriptor);
  }
  void watch() { source = g_unix_fd_add(descriptor, G_IO_IN, &Socket::on_ready, this); }
  void wait() {
    g_source_remove(std::exchange(source, 0));
    pause = g_timeout_add(
        exhausted_ms,
        [](gpointer data) -> gboolean {
          auto& self = *static_cast<Socket*>(data);
          self.pause = 0;
          self.watch();
          return G_SOURCE_REMOVE;
        },
        this);
  }
  static gboolean on_ready(gint, GIOCondition, gpointer data) {
    auto& self = *static_cast<Socket*>(data);
    self.owner->accept_some(self);
    return G_SOURCE_CONTINUE;
  }
};

std::string Listening::to_string() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return std::string(secure ? "https://" : "http://") + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Listener::Listener(Connected connected) : connected_(std::move(connected)) {}

Listener::~Listener() {
  if (timer_) g_source_remove(timer_);
}

void Listener::set_limits(const Limits& limits, std::vector<base::Network> trusted) {
  trusted_ = std::move(trusted);
  limits_ = limits;
  if (timer_) g_source_remove(timer_);
  // Often enough for the shortest limit, seldom enough to cost nothing.
  const auto shortest = std::min({limits.header_time, limits.idle_time, limits.stall_time}) / 8;
  const auto interval = std::clamp(shortest, std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
  timer_ = g_timeout_add(
      static_cast<guint>(interval.count()),
      [](gpointer self) -> gboolean {
        static_cast<Listener*>(self)->check();
        return G_SOURCE_CONTINUE;
      },
      this);
}

Result<void> Listener::listen(const std::vector<std::string>& plain, const std::vector<std::string>& secure) {
  std::vector<std::unique_ptr<Socket>> next;
  std::vector<std::pair<size_t, size_t>> kept;  // index in next, index in sockets_
  for (const bool is_secure : {false, true}) {
    for (const std::string& text : is_secure ? secure : plain) {
      const auto parsed = parse_listen_address(text);
      if (!parsed) return tl::unexpected(parsed.error());
      if (!*parsed) continue;
      const auto known = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& socket) {
        return socket->secure == is_secure && socket->wanted == **parsed;
      });
      if (known != sockets_.end()) {
        kept.emplace_back(next.size(), known - sockets_.begin());
        next.push_back(nullptr);
        continue;
      }
      auto socket = std::make_unique<Socket>();
      socket->owner = this;
      socket->wanted = **parsed;
      socket->secure = is_secure;
      socket->descriptor = open_socket(**parsed);
      if (socket->descriptor < 0) return fail("listen", "cannot listen on " + text + ": " + std::strerror(errno));
      Address bound{};
      socklen_t size = sizeof bound;
      getsockname(socket->descriptor, &bound.base, &size);
      socket->port = ntohs(bound.base.sa_family == AF_INET ? bound.ipv4.sin_port : bound.ipv6.sin6_port);
      next.push_back(std::move(socket));
    }
  }
  for (const auto& [to, from] : kept)
    next[to] = std::move(sockets_[from]);
  sockets_ = std::move(next);
  for (const auto& socket : sockets_)
    if (!socket->source && !socket->pause) socket->watch();
  return {};
}

std::vector<Listening> Listener::listening() const {
  std::vector<Listening> list;
  for (const auto& socket : sockets_)
    list.push_back({socket->secure, socket->wanted.host, socket->port});
  return list;
}

void Listener::accept_some(Socket& socket) {
  for (int i = 0; i < accept_at_once; ++i) {
    const int descriptor = accept4(socket.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      adopt(descriptor, socket);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      base::log::warning("http", "no connection can be accepted for now", {{"reason", std::strerror(errno)}});
      socket.wait();
    }
    return;
  }
}

void Listener::adopt(int descriptor, const Socket& socket) {
  Address local{}, remote{};
  socklen_t local_size = sizeof local, remote_size = sizeof remote;
  if (getsockname(descriptor, &local.base, &local_size) != 0 ||
      getpeername(descriptor, &remote.base, &remote_size) != 0) {
    close(descriptor);  // gone already
    return;
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const base::IpAddress address = ip_of(remote);
  const bool trusted = any_contains(trusted_, address);
  const std::string key = trusted ? std::string() : household(address);
  auto connection = std::make_shared<Connection>(descriptor, address.to_string(), socket.secure ? identity_ : nullptr,
                                                 limits_, [this, alive = std::weak_ptr(alive_)](Connection& gone) {
                                                   if (!alive.expired()) forget(gone);
                                                 });
  if ((socket.secure && !identity_) || !make_room(key)) {
    if (!socket.secure) connection->refuse(503);
    connection->close();
    return;
  }
  connections_[connection.get()] = key;
  ++counts_[key];
  GSocketAddress* const local_address = g_socket_address_new_from_native(&local, local_size);
  GSocketAddress* const remote_address = g_socket_address_new_from_native(&remote, remote_size);
  connected_(connection, local_address, remote_address);
  GSocketAddress *ours = local_address, *theirs = remote_address;
  g_clear_object(&ours);
  g_clear_object(&theirs);
}

bool Listener::make_room(const std::string& key) {
  const auto count = counts_.find(key);
  if (!key.empty() && count != counts_.end() && count->second >= limits_.address_connections) return false;
  if (connections_.size() < limits_.connections) return true;
  // Somebody who has finished makes room for somebody who has not begun.
  Connection* longest = nullptr;
  for (const auto& [connection, whose] : connections_) {
    if (connection->phase() != Connection::Phase::idle) continue;
    if (!longest || connection->order() < longest->order()) longest = connection;
  }
  if (!longest) return false;
  longest->cut();
  forget(*longest);
  return true;
}

void Listener::forget(Connection& connection) {
  const auto known = connections_.find(&connection);
  if (known == connections_.end()) return;
  const auto count = counts_.find(known->second);
  if (--count->second == 0) counts_.erase(count);
  connections_.erase(known);
}

void Listener::check() {
  const auto now = base::system_clock().steady();
  for (const auto& [connection, whose] : connections_)
    connection->check(now);
}

}  // namespace reallive::http
