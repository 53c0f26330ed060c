#include "http/server.h"

#include <algorithm>
#include <libsoup/soup.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "base/time.h"
#include "http/connection.h"
#include "http/forwarded.h"
#include "http/gobject.h"
#include "http/soup_body_stream.h"
#include "http/soup_websocket.h"

namespace reallive::http {
namespace {

/// After a body was refused, this much more is read and thrown away so that an honest client can hear the 413; then
/// the connection is cut.
constexpr size_t drain_limit = 8 << 20;

/// What is known of one message while it lives; the last of the message and its Reply to go frees it.
struct Open {
  SoupServerMessage* message = nullptr;  // not ours; valid until `finished`
  bool finished = false;                 // the library is done with it, with or without an answer
  bool paused = false;
  bool refused = false;
  size_t received = 0;
  std::chrono::milliseconds begun{0};
};
using OpenPtr = std::shared_ptr<Open>;

Connection& connection_of(SoupServerMessage* message) {
  return *http::connection_of(soup_server_message_get_remote_address(message));
}

/// `/cams/whip/door` → `/whip/door` where `/cams` is the base path; else nothing changes.
std::string without_base(const std::string& path, const std::string& base_path) {
  if (base_path.empty() || path.compare(0, base_path.size(), base_path) != 0) return path;
  if (path.size() == base_path.size()) return "/";
  return path[base_path.size()] == '/' ? path.substr(base_path.size()) : path;
}

std::shared_ptr<Request> read_request(SoupServerMessage* message, const Config& config) {
  auto request = std::make_shared<Request>();
  request->id = base::random_token(9);
  request->method = soup_server_message_get_method(message);
  SoupMessageHeadersIter iterator;
  soup_message_headers_iter_init(&iterator, soup_server_message_get_request_headers(message));
  const char *name = nullptr, *value = nullptr;
  while (soup_message_headers_iter_next(&iterator, &name, &value))
    request->headers.add(name, value);
  const Connection& connection = connection_of(message);
  const ClientView direct{connection.remote_address(), connection.is_secure() ? "https" : "http",
                          request->header("Host").value_or("")};
  const ClientView view = see_client(direct, request->headers, config.trusted_proxies);
  request->remote_address = view.remote_address;
  request->scheme = view.scheme;
  request->host = view.host;
  request->base_path = config.base_path;
  if (GUri* uri = soup_server_message_get_uri(message)) {
    request->path = without_base(g_uri_get_path(uri), config.base_path);
    if (request->path.empty()) request->path = "/";
  }
  return request;
}

/// The path as it may be logged: a session's id in it is a key to that session.
std::string log_path(const std::string& path) {
  constexpr size_t shortest_key = 40, shown = 6;
  std::string result;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin + 1), path.size());
    const bool is_key = end - begin > shortest_key;
    result += path.substr(begin, is_key ? shown + 1 : end - begin);
    if (is_key) result += "***";
    begin = end;
  }
  return base::valid_utf8(result);
}

void write_response(SoupServerMessage* message, const Response& response, std::string_view request_id) {
  soup_server_message_set_status(message, static_cast<guint>(response.status), reason_phrase(response.status).data());
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  for (const auto& [name, value] : response.headers) {
    // A line break in a value would end the header: such a value can only be somebody's attack or our own mistake.
    if (value.find_first_of("\r\n") == std::string::npos) {
      soup_message_headers_append(headers, name.c_str(), value.c_str());
    }
  }
  soup_message_headers_replace(headers, "X-Request-Id", std::string(request_id).c_str());
  if (response.upgrade || response.stream) return;
  soup_message_headers_set_content_length(headers, static_cast<goffset>(response.body.size()));
  SoupMessageBody* body = soup_server_message_get_response_body(message);
  if (!response.body.empty())
    soup_message_body_append(body, SOUP_MEMORY_COPY, response.body.data(), response.body.size());
  soup_message_body_complete(body);
}

/// Of the request's line and headers, as they were sent.
size_t header_size(SoupServerMessage* message) {
  const std::unique_ptr<char, GFree> uri(g_uri_to_string(soup_server_message_get_uri(message)));
  size_t size = std::char_traits<char>::length(soup_server_message_get_method(message)) +
                std::char_traits<char>::length(uri.get());
  SoupMessageHeadersIter iterator;
  soup_message_headers_iter_init(&iterator, soup_server_message_get_request_headers(message));
  const char *name = nullptr, *value = nullptr;
  while (soup_message_headers_iter_next(&iterator, &name, &value))
    size += std::char_traits<char>::length(name) + std::char_traits<char>::length(value) + 4;
  return size;
}

/// How many headers say where the body ends.
size_t lengths_of(SoupMessageHeaders* headers) {
  size_t count = 0;
  SoupMessageHeadersIter iterator;
  soup_message_headers_iter_init(&iterator, headers);
  const char *name = nullptr, *value = nullptr;
  while (soup_message_headers_iter_next(&iterator, &name, &value))
    if (g_ascii_strcasecmp(name, "Content-Length") == 0 || g_ascii_strcasecmp(name, "Transfer-Encoding") == 0) ++count;
  return count;
}

/// Everything that outlives a callback; Replies hold it weakly, so one that comes late finds nobody.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const Config& config, const Router& router, Observer observer)
      : config_(config), router_(router), observer_(std::move(observer)) {}
  ~Core() {
    for (const auto& socket : sockets_)
      socket->end();
    for (const auto& stream : streams_)
      stream->end();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  const Config& config() const { return config_; }
  void set_config(const Config& config) { config_ = config; }

  void check_headers(const OpenPtr& open) {
    SoupMessageHeaders* headers = soup_server_message_get_request_headers(open->message);
    // The library serves any list of ranges, each as a copy of its own: a small request for much memory.
    soup_message_headers_remove(headers, "Range");
    connection_of(open->message).enter(Connection::Phase::body);
    if (header_size(open->message) > config_.limits.header) return cut(open, 431);
    // RFC 9112, 6.3: a proxy in front may have counted by the other of the two and taken the rest for another request.
    if (lengths_of(headers) > 1) return cut(open, 400);
    if (soup_message_headers_get_content_length(headers) > static_cast<goffset>(config_.limits.body)) refuse(open);
  }

  void check_chunk(const OpenPtr& open, size_t bytes) {
    open->received += bytes;
    if (!open->refused && open->received > config_.limits.body) refuse(open);
    if (open->received > config_.limits.body + drain_limit) connection_of(open->message).cut();
  }

  void handle(const OpenPtr& open) {
    if (open->refused) return;
    open->begun = base::system_clock().steady();
    connection_of(open->message).enter(Connection::Phase::working);
    const auto request = read_request(open->message, config_);
    GUri* uri = soup_server_message_get_uri(open->message);
    auto segments = split_path(request->path);
    auto query = parse_query(g_uri_get_query(uri) ? g_uri_get_query(uri) : "");
    const SoupMessageBody* body = soup_server_message_get_request_body(open->message);
    if (body->length > 0) request->body.assign(body->data, static_cast<size_t>(body->length));

    const Reply reply(request, [core = weak_from_this(), open, request](const Response& response) {
      if (const auto alive = core.lock()) alive->answer(open, request, response);
    });
    if (!segments || !query) return reply.error(400, "VALIDATION_FAILED", "The address of this request is malformed.");
    request->segments = std::move(*segments);
    request->query = std::move(*query);
    try {
      router_.dispatch(request, reply);
    } catch (const std::exception& error) {
      base::log::error("http", "a handler threw", {{"request", request->id}, {"what", error.what()}});
      reply.error(500, "INTERNAL_ERROR", "The server failed while it answered this request.");
    }
    if (!reply.answered()) {
      open->paused = true;
      soup_server_message_pause(open->message);
    }
  }

 private:
  /// A body that came with its headers is read all the same, and must lead to nothing.
  static void cut(const OpenPtr& open, int status) {
    open->refused = true;
    connection_of(open->message).refuse(status);
  }

  void refuse(const OpenPtr& open) {
    open->refused = true;
    open->begun = base::system_clock().steady();
    soup_message_body_set_accumulate(soup_server_message_get_request_body(open->message), FALSE);
    const auto request = read_request(open->message, config_);
    auto response =
        error_response(request->id, 413, "PAYLOAD_TOO_LARGE",
                       "A request's body may have at most " + std::to_string(config_.limits.body) + " bytes.");
    response.headers.add("Connection", "close");
    answer(open, request, std::move(response));
  }

  void answer(const OpenPtr& open, const RequestPtr& request, Response response) {
    if (!open->finished) {
      if (response.upgrade) prepare_upgrade(open, *request, response);
      add_cors_headers(config_.cors, *request, router_.allowed_methods(request->segments), response);
      add_security_headers(*request, response);
      write_response(open->message, response, request->id);
      if (response.stream && request->method != "HEAD") open_stream(open, response);
      if (open->paused) soup_server_message_unpause(open->message);
    }
    observe(open, request, response);
  }

  /// Where it may not be, `response` becomes the refusal.
  void prepare_upgrade(const OpenPtr& open, const Request& request, Response& response) {
    if (!origin_may_connect(config_.cors, request)) {
      response = error_response(request.id, 403, "AUTH_ROLE_RESTRICTED", "Pages of this origin may not connect.");
      return;
    }
    const auto opened = [core = weak_from_this(), handler = response.upgrade](const auto& socket) {
      const auto alive = core.lock();
      if (!alive) return;
      socket->on_ended = [core, socket = socket.get()] {
        const auto still = core.lock();
        if (!still) return;
        std::erase_if(still->sockets_, [socket](const auto& one) { return one.get() == socket; });
      };
      alive->sockets_.insert(socket);
      handler(socket);
    };
    const auto accepted = SoupWebSocket::accept(open->message, config_.websocket, opened);
    if (accepted) return;
    const bool required = accepted.error().code == "UPGRADE_REQUIRED";
    response = error_response(request.id, required ? 426 : 400, accepted.error().code, accepted.error().message);
    if (required) response.headers.add("Upgrade", "websocket");
  }

  void open_stream(const OpenPtr& open, const Response& response) {
    const auto stream = std::make_shared<SoupBodyStream>(open->message);
    stream->on_ended = [core = weak_from_this(), stream = stream.get()] {
      const auto alive = core.lock();
      if (!alive) return;
      std::erase_if(alive->streams_, [stream](const auto& one) { return one.get() == stream; });
    };
    streams_.insert(stream);
    response.stream(stream);
  }

  void add_security_headers(const Request& request, Response& response) const {
    // Handlers know nothing of the path in front.
    const auto location = response.headers.get("Location");
    if (location && !request.base_path.empty() && location->rfind('/', 0) == 0)
      response.headers.set("Location", request.base_path + *location);
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Referrer-Policy", "no-referrer");
    // What is no page of ours shall not become one. (What 304 says replaces what was kept with the page.)
    if (response.status != 304 && !response.headers.has("Content-Security-Policy"))
      response.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    if (config_.strict_transport && request.scheme == "https")
      response.headers.add("Strict-Transport-Security", "max-age=31536000");
  }

  void observe(const OpenPtr& open, const RequestPtr& request, const Response& response) {
    const auto duration = base::system_clock().steady() - open->begun;
    // Files of the page, probes and scrapes are many and say little.
    const bool quiet =
        response.status < 400 && (request->route.empty() || request->route.find('/', 1) == std::string::npos);
    base::log::write(quiet ? base::log::Level::debug : base::log::Level::info, "http",
                     request->method + " " + log_path(request->path) + " " + std::to_string(response.status),
                     {{"request", request->id},
                      {"remote", request->remote_address},
                      {"ms", std::to_string(duration.count())},
                      {"bytes", std::to_string(response.body.size())}});
    if (observer_) observer_(Exchange{request, response.status, response.body.size(), duration});
  }

  Config config_;
  const Router& router_;
  const Observer observer_;
  std::set<std::shared_ptr<SoupWebSocket>> sockets_;
  std::set<std::shared_ptr<SoupBodyStream>> streams_;
};

void on_got_headers(SoupServerMessage*, gpointer data) {
  guard([data] {
    const auto& [core, open] = *static_cast<std::pair<std::weak_ptr<Core>, OpenPtr>*>(data);
    if (const auto alive = core.lock()) alive->check_headers(open);
  });
}

void on_got_chunk(SoupServerMessage*, GBytes* chunk, gpointer data) {
  guard([chunk, data] {
    const auto& [core, open] = *static_cast<std::pair<std::weak_ptr<Core>, OpenPtr>*>(data);
    if (const auto alive = core.lock()) alive->check_chunk(open, g_bytes_get_size(chunk));
  });
}

void on_finished(SoupServerMessage*, gpointer data) {
  guard([data] { static_cast<std::pair<std::weak_ptr<Core>, OpenPtr>*>(data)->second->finished = true; });
}

void on_done(SoupServerMessage* message, gpointer) {
  guard([message] {
    Connection& connection = connection_of(message);
    if (connection.phase() != Connection::Phase::upgraded) connection.enter(Connection::Phase::idle);
  });
}

void on_informational(SoupServerMessage* message, gpointer) {
  guard([message] {
    if (soup_server_message_get_status(message) == 101) connection_of(message).enter(Connection::Phase::upgraded);
  });
}

constexpr char open_key[] = "reallive-open";

class SoupHttpServer final : public Server {
 public:
  SoupHttpServer(const Config& config, const Router& router, Observer observer)
      : core_(std::make_shared<Core>(config, router, std::move(observer))),
        soup_(soup_server_new("raw-paths", TRUE, nullptr)),
        listener_([this](const ConnectionPtr& connection, GSocketAddress* local, GSocketAddress* remote) {
          adopt(connection, local, remote);
        }) {
    g_signal_connect(soup_.get(), "request-started", G_CALLBACK(on_request_started), this);
    soup_server_add_handler(soup_.get(), nullptr, on_request, this, nullptr);
    keep_connections();
  }

  ~SoupHttpServer() override {
    core_.reset();
    soup_server_disconnect(soup_.get());
    if (silent_end_ >= 0) close(silent_end_);
  }

  base::Result<void> listen(const Config& config) {
    if (auto listening = listener_.listen(config.listen, config.secure_listen); !listening) return listening;
    listener_.set_limits(config.limits, config.trusted_proxies);
    return {};
  }

  base::Result<void> reconfigure(const Config& config) override {
    if (auto listening = listen(config); !listening) return listening;
    core_->set_config(config);
    return {};
  }

  void set_identity(std::shared_ptr<tls::Context> context) override { listener_.set_identity(std::move(context)); }
  std::vector<Listening> listening() const override { return listener_.listening(); }
  size_t connections() const override { return listener_.connections(); }

 private:
  using Attached = std::pair<std::weak_ptr<Core>, OpenPtr>;

  /// The library keeps a connection after an answer only while it listens somewhere itself: it gets one end of a pair
  /// of sockets, whose other end is silent.
  void keep_connections() {
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return;
    silent_end_ = ends[1];
    GError* error = nullptr;
    const Object<GSocket> socket(g_socket_new_from_fd(ends[0], &error));
    if (!socket) {
      close(ends[0]);
    } else if (soup_server_listen_socket(soup_.get(), socket.get(), SoupServerListenOptions(0), &error)) {
      return;
    }
    base::log::warning("http", "connections are not kept", {{"why", error ? error->message : ""}});
    g_clear_error(&error);
  }

  void adopt(const ConnectionPtr& connection, GSocketAddress* local, GSocketAddress* remote) {
    attach(remote, connection);
    const Object<GIOStream> stream(new_stream(connection));
    GError* error = nullptr;
    if (soup_server_accept_iostream(soup_.get(), stream.get(), local, remote, &error)) return;
    base::log::error("http", "a connection was not accepted", {{"why", error ? error->message : ""}});
    g_clear_error(&error);
    connection->close();
  }

  static void on_request_started(SoupServer*, SoupServerMessage* message, gpointer self) {
    guard([message, self] {
      auto open = std::make_shared<Open>();
      open->message = message;
      auto* attached = new Attached(static_cast<SoupHttpServer*>(self)->core_, std::move(open));
      g_object_set_data_full(G_OBJECT(message), open_key, attached, [](gpointer data) {
        auto* gone = static_cast<Attached*>(data);
        gone->second->finished = true;
        delete gone;
      });
      g_signal_connect(message, "got-headers", G_CALLBACK(on_got_headers), attached);
      g_signal_connect(message, "got-chunk", G_CALLBACK(on_got_chunk), attached);
      g_signal_connect(message, "finished", G_CALLBACK(on_finished), attached);
      g_signal_connect(message, "finished", G_CALLBACK(on_done), nullptr);
      g_signal_connect(message, "wrote-informational", G_CALLBACK(on_informational), nullptr);
      Connection& connection = connection_of(message);
      if (connection.phase() == Connection::Phase::idle) connection.enter(Connection::Phase::header);
    });
  }

  static void on_request(SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer self) {
    guard([message, self] {
      const auto* attached = static_cast<Attached*>(g_object_get_data(G_OBJECT(message), open_key));
      static_cast<SoupHttpServer*>(self)->core_->handle(attached->second);
    });
  }

  std::shared_ptr<Core> core_;
  Object<SoupServer> soup_;
  Listener listener_;
  int silent_end_ = -1;
};

}  // namespace

base::Result<std::unique_ptr<Server>> Server::create(const Config& config, const Router& router, Observer observer) {
  auto server = std::make_unique<SoupHttpServer>(config, router, std::move(observer));
  if (auto listening = server->listen(config); !listening) return tl::unexpected(listening.error());
  return server;
}

}  // namespace reallive::http
