#include "http/cors.h"

#include <algorithm>

namespace reallive::http {

void add_cors_headers(const CorsPolicy& policy, const Request& request, std::string_view allowed_methods,
                      Response& response) {
  const auto lists = [&](std::string_view origin) {
    return std::find(policy.origins.begin(), policy.origins.end(), origin) != policy.origins.end();
  };
  const bool any =
      lists("*") || std::any_of(policy.open_prefixes.begin(), policy.open_prefixes.end(),
                                [&](const std::string& prefix) { return request.path.rfind(prefix, 0) == 0; });
  if (!any && !policy.origins.empty()) response.headers.add("Vary", "Origin");
  const auto origin = request.header("Origin");
  if (!origin) return;
  if (!any && !lists(*origin)) return;

  response.headers.set("Access-Control-Allow-Origin", any ? "*" : *origin);
  response.headers.set("Access-Control-Expose-Headers",
                       "Location, Link, ETag, Accept-Patch, Retry-After, X-Request-Id");
  if (request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method")) {
    response.headers.set("Access-Control-Allow-Methods", std::string(allowed_methods));
    response.headers.set("Access-Control-Allow-Headers",
                         "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key");
    response.headers.set("Access-Control-Max-Age", "600");
  }
}

}  // namespace reallive::http
