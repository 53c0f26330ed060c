#include "http/router.h"

#include <algorithm>

namespace reallive::http {
namespace {

bool is_parameter(const std::string& part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler) {
  std::vector<std::string> parts;
  for (std::string_view rest = pattern.substr(1); !rest.empty();) {
    const size_t slash = rest.find('/');
    parts.emplace_back(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  routes_.push_back({std::move(method), std::string(pattern), std::move(parts), std::move(handler)});
}

bool Router::Route::matches(const std::vector<std::string>& segments) const {
  return std::equal(
      parts.begin(), parts.end(), segments.begin(), segments.end(),
      [](const std::string& part, const std::string& segment) { return is_parameter(part) || part == segment; });
}

const Router::Route* Router::find(std::string_view method, const std::vector<std::string>& segments) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
    return route.method == method && route.matches(segments);
  });
  return found == routes_.end() ? nullptr : &*found;
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> list;
  for (const Route& route : routes_)
    list.emplace_back(route.method, route.pattern);
  return list;
}

std::string Router::allowed_methods(const std::vector<std::string>& segments) const {
  std::vector<std::string> methods;
  const auto add_once = [&](const std::string& method) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  };
  for (const Route& route : routes_) {
    if (!route.matches(segments)) continue;
    add_once(route.method);
    if (route.method == "GET") add_once("HEAD");
  }
  if (methods.empty()) return {};
  add_once("OPTIONS");
  std::string list;
  for (const std::string& method : methods)
    list += (list.empty() ? "" : ", ") + method;
  return list;
}

void Router::dispatch(const std::shared_ptr<Request>& request, const Reply& reply) const {
  const Route* route = find(request->method, request->segments);
  if (!route && request->method == "HEAD") route = find("GET", request->segments);
  if (route) {
    request->route = route->pattern;
    for (size_t i = 0; i < route->parts.size(); ++i) {
      const std::string& part = route->parts[i];
      if (is_parameter(part)) request->params[part.substr(1, part.size() - 2)] = request->segments[i];
    }
    return route->handler(request, reply);
  }
  const std::string allowed = allowed_methods(request->segments);
  if (!allowed.empty()) {
    if (request->method == "OPTIONS") return reply(Response::empty(204).with("Allow", allowed));
    return reply(error_response(request->id, 405, "METHOD_NOT_ALLOWED", "This address answers " + allowed + ".")
                     .with("Allow", allowed));
  }
  if (fallback_ && (request->method == "GET" || request->method == "HEAD")) return fallback_(request, reply);
  reply.error(404, "NOT_FOUND", "There is nothing at this address.");
}

}  // namespace reallive::http
