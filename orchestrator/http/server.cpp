#include "http/server.h"

#include <algorithm>
#include <libsoup/soup.h>
#include <set>
#include <utility>

#include "base/id.h"
#include "base/log.h"
#include "base/time.h"
#include "http/gobject.h"
#include "http/listen_address.h"
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

std::string numeric_address(GSocketAddress* address) {
  if (!address || !G_IS_INET_SOCKET_ADDRESS(address)) return {};
  GInetAddress* inet = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));
  const std::unique_ptr<char, GFree> text(g_inet_address_to_string(inet));
  const std::string numeric = text.get();
  // One person, one address: an IPv4 client of an IPv6 socket looks like any other IPv4 client.
  return numeric.rfind("::ffff:", 0) == 0 && numeric.find('.') != std::string::npos ? numeric.substr(7) : numeric;
}

std::shared_ptr<Request> read_request(SoupServerMessage* message) {
  auto request = std::make_shared<Request>();
  request->id = base::random_token(9);
  request->method = soup_server_message_get_method(message);
  SoupMessageHeadersIter iterator;
  soup_message_headers_iter_init(&iterator, soup_server_message_get_request_headers(message));
  const char *name = nullptr, *value = nullptr;
  while (soup_message_headers_iter_next(&iterator, &name, &value))
    request->headers.add(name, value);
  request->remote_address = numeric_address(soup_server_message_get_remote_address(message));
  request->host = request->header("Host").value_or("");
  if (GUri* uri = soup_server_message_get_uri(message)) {
    request->path = g_uri_get_path(uri);
    if (request->path.empty()) request->path = "/";
    request->scheme = g_uri_get_scheme(uri);
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
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace(headers, "X-Request-Id", std::string(request_id).c_str());
  if (response.upgrade || response.stream) return;
  soup_message_headers_set_content_length(headers, static_cast<goffset>(response.body.size()));
  SoupMessageBody* body = soup_server_message_get_response_body(message);
  if (!response.body.empty())
    soup_message_body_append(body, SOUP_MEMORY_COPY, response.body.data(), response.body.size());
  soup_message_body_complete(body);
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

  void check_headers(const OpenPtr& open) {
    SoupMessageHeaders* headers = soup_server_message_get_request_headers(open->message);
    // The library serves any list of ranges, each as a copy of its own: a small request for much memory.
    soup_message_headers_remove(headers, "Range");
    if (soup_message_headers_get_content_length(headers) > static_cast<goffset>(config_.body_limit)) refuse(open);
  }

  void check_chunk(const OpenPtr& open, size_t bytes) {
    open->received += bytes;
    if (!open->refused && open->received > config_.body_limit) refuse(open);
    if (open->received > config_.body_limit + drain_limit) {
      g_socket_shutdown(soup_server_message_get_socket(open->message), TRUE, TRUE, nullptr);
    }
  }

  void handle(const OpenPtr& open) {
    open->begun = base::system_clock().steady();
    const auto request = read_request(open->message);
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
  void refuse(const OpenPtr& open) {
    open->refused = true;
    open->begun = base::system_clock().steady();
    soup_message_body_set_accumulate(soup_server_message_get_request_body(open->message), FALSE);
    const auto request = read_request(open->message);
    auto response =
        error_response(request->id, 413, "PAYLOAD_TOO_LARGE",
                       "A request's body may have at most " + std::to_string(config_.body_limit) + " bytes.");
    response.headers.add("Connection", "close");
    answer(open, request, std::move(response));
  }

  void answer(const OpenPtr& open, const RequestPtr& request, Response response) {
    if (!open->finished) {
      if (response.upgrade) prepare_upgrade(open, *request, response);
      add_cors_headers(config_.cors, *request, router_.allowed_methods(request->segments), response);
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

  const Config config_;
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

constexpr char open_key[] = "reallive-open";

class SoupHttpServer final : public Server {
 public:
  SoupHttpServer(const Config& config, const Router& router, Observer observer)
      : core_(std::make_shared<Core>(config, router, std::move(observer))),
        soup_(soup_server_new("raw-paths", TRUE, nullptr)) {
    g_signal_connect(soup_.get(), "request-started", G_CALLBACK(on_request_started), this);
    soup_server_add_handler(soup_.get(), nullptr, on_request, this, nullptr);
  }

  ~SoupHttpServer() override {
    core_.reset();
    soup_server_disconnect(soup_.get());
  }

  base::Result<void> listen(const std::string& text) {
    const auto parsed = parse_listen_address(text);
    if (!parsed) return tl::unexpected(parsed.error());
    if (!parsed->has_value()) return {};
    const ListenAddress& wanted = **parsed;
    GError* error = nullptr;
    if (wanted.host.empty()) {
      soup_server_listen_all(soup_.get(), wanted.port, SoupServerListenOptions(0), &error);
    } else {
      const Object<GSocketAddress> address(g_inet_socket_address_new_from_string(wanted.host.c_str(), wanted.port));
      soup_server_listen(soup_.get(), address.get(), SoupServerListenOptions(0), &error);
    }
    if (!error) return {};
    const std::string reason = error->message;
    g_error_free(error);
    return base::fail("listen", "cannot listen on " + text + ": " + reason);
  }

  std::vector<std::string> addresses() const override {
    std::vector<std::string> list;
    GSList* uris = soup_server_get_uris(soup_.get());
    for (GSList* at = uris; at; at = at->next) {
      auto* uri = static_cast<GUri*>(at->data);
      const std::string host = g_uri_get_host(uri);
      list.push_back(std::string(g_uri_get_scheme(uri)) + "://" +
                     (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
                     std::to_string(g_uri_get_port(uri)));
    }
    g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
    return list;
  }

 private:
  using Attached = std::pair<std::weak_ptr<Core>, OpenPtr>;

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
};

}  // namespace

base::Result<std::unique_ptr<Server>> Server::create(const Config& config, const Router& router, Observer observer) {
  auto server = std::make_unique<SoupHttpServer>(config, router, std::move(observer));
  for (const std::string& address : config.listen) {
    if (auto listening = server->listen(address); !listening) return tl::unexpected(listening.error());
  }
  return server;
}

}  // namespace reallive::http
