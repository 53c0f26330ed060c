// Request and Response: HTTP messages as plain values, so that no handler sees the library below.
// Any thread; a Request does not change once a handler has it.
// Nothing here trusts what it holds: header values and bodies are foreign bytes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "http/url.h"

namespace reallive::http {

/// Names are compared without case; order and repetitions are kept.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> items) : items_(items) {}

  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  /// The first of that name.
  std::optional<std::string> get(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  size_t count(std::string_view name) const;

  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

struct Request {
  std::string id;                             ///< ours, in every log line and error of this request
  std::string method;                         ///< upper case
  std::string path;                           ///< as sent, escapes and all, without base path and query
  std::vector<std::string> segments;          ///< of the path, decoded
  std::map<std::string, std::string> params;  ///< `{name}` of the route's pattern → decoded segment
  Query query;
  Headers headers;
  std::string body;
  std::string remote_address;  ///< numeric, without port; behind trusted proxies the client's own
  std::string scheme;          ///< `http` or `https`, as the client began
  std::string host;            ///< as the client named it, with its port
  std::string base_path;       ///< what stands before every path outside: `/cams`, or nothing
  std::string route;           ///< pattern of the route that matched; empty for files and for 404

  std::optional<std::string> header(std::string_view name) const { return headers.get(name); }
  /// Empty when absent: a pattern's parameters are never empty.
  std::string param(const std::string& name) const;
  /// The first of that name.
  std::optional<std::string> query_value(std::string_view name) const;
  /// `text/html` of `text/html; charset=utf-8`, in lower case; empty without the header.
  std::string content_type() const;
};
using RequestPtr = std::shared_ptr<const Request>;

class BodyStream;
class WebSocket;

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  /// Set: the connection becomes a WebSocket, unless the request is no handshake (426) or its Origin may not (403).
  std::function<void(const std::shared_ptr<WebSocket>&)> upgrade = {};
  /// Set: the body goes on; `body` is not sent. Called once the client's end is known to be there.
  std::function<void(const std::shared_ptr<BodyStream>&)> stream = {};

  static Response json(const base::Json& value, int status = 200);
  static Response text(std::string body, std::string content_type = "text/plain; charset=utf-8", int status = 200);
  static Response empty(int status) { return Response{status}; }
  static Response websocket(std::function<void(const std::shared_ptr<WebSocket>&)> opened);
  /// `text/event-stream`; nothing on the way may keep or collect it.
  static Response events(std::function<void(const std::shared_ptr<BodyStream>&)> opened);
  Response&& with(std::string name, std::string value) &&;
};

/// `{"success":false,"error":{code, message, details, timestamp, requestId}}`; without `details` an empty object.
Response error_response(std::string_view request_id, int status, std::string_view code, std::string_view message,
                        const base::Json& details = nullptr);

/// `etag` against an If-Match or If-None-Match value (RFC 9110 section 13.1): `*`, or a list of entity tags.
/// `weak`: as If-None-Match compares, `W/` ignored.
bool etag_matches(std::string_view header, std::string_view etag, bool weak);

bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view reason_phrase(int status);

}  // namespace reallive::http
