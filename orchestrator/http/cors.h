// Cors: which other origins' pages may read answers (the Fetch standard's CORS protocol). Pure.
// Any thread. It never allows cookies to "any origin", and never sends ICE servers' passwords to a preflight.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace reallive::http {

struct CorsPolicy {
  std::vector<std::string> origins;  ///< `https://page.example.org`; `*` for any
  /// Paths below these answer any origin: WHIP and WHEP players live on other sites, and what these paths give is
  /// asked for by an Authorization header that a foreign page does not have.
  std::vector<std::string> open_prefixes = {"/whip/", "/whep/"};
  bool operator==(const CorsPolicy&) const = default;
};

/// Adds the headers that `request`'s Origin is due; without an Origin, or for one that is not allowed, only `Vary`.
/// `allowed_methods` as Router::allowed_methods() gives them, for preflights.
void add_cors_headers(const CorsPolicy& policy, const Request& request, std::string_view allowed_methods,
                      Response& response);

}  // namespace reallive::http
