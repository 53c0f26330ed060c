#include "http/message.h"

#include <algorithm>

#include "base/time.h"

namespace reallive::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(items_, [&](const auto& item) { return equal_ignoring_case(item.first, name); });
  items_.emplace_back(std::string(name), std::move(value));
}

std::optional<std::string> Headers::get(std::string_view name) const {
  for (const auto& item : items_) {
    if (equal_ignoring_case(item.first, name)) return item.second;
  }
  return {};
}

size_t Headers::count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(items_.begin(), items_.end(),
                                           [&](const auto& item) { return equal_ignoring_case(item.first, name); }));
}

std::string Request::param(const std::string& name) const {
  const auto found = params.find(name);
  return found == params.end() ? std::string() : found->second;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (const auto& parameter : query) {
    if (parameter.first == name) return parameter.second;
  }
  return {};
}

std::string Request::content_type() const {
  const std::string value = headers.get("Content-Type").value_or("");
  std::string type(trim(std::string_view(value).substr(0, value.find(';'))));
  std::transform(type.begin(), type.end(), type.begin(), lower);
  return type;
}

Response Response::json(const base::Json& value, int status) {
  return Response{status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, value.dump()};
}

Response Response::text(std::string body, std::string content_type, int status) {
  return Response{status, {{"Content-Type", std::move(content_type)}}, std::move(body)};
}

Response Response::websocket(std::function<void(const std::shared_ptr<WebSocket>&)> opened) {
  Response response{101};
  response.upgrade = std::move(opened);
  return response;
}

Response Response::events(std::function<void(const std::shared_ptr<BodyStream>&)> opened) {
  Response response{
      200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}};
  response.stream = std::move(opened);
  return response;
}

Response&& Response::with(std::string name, std::string value) && {
  headers.add(std::move(name), std::move(value));
  return std::move(*this);
}

Response error_response(std::string_view request_id, int status, std::string_view code, std::string_view message,
                        const base::Json& details) {
  auto error = base::Json::object({{"code", code}, {"message", message}});
  error.set("details", details.is_null() ? base::Json::object() : details);
  error.set("timestamp", base::format_time(base::system_clock().now()));
  error.set("requestId", request_id);
  return Response::json(base::Json::object({{"success", false}, {"error", error}}), status);
}

bool etag_matches(std::string_view header, std::string_view etag, bool weak) {
  if (trim(header) == "*") return true;
  const auto opaque = [](std::string_view tag) { return tag.substr(0, 2) == "W/" ? tag.substr(2) : tag; };
  while (!header.empty()) {
    const size_t comma = header.find(',');
    const std::string_view one = trim(header.substr(0, comma));
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    if (weak ? opaque(one) == opaque(etag) : one == etag && one.substr(0, 2) != "W/") return true;
  }
  return false;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

}  // namespace reallive::http
