// The smallest thing that a WHEP client can talk to: answers POSTed offers on a loopback port.
// Blocking, on the thread that calls it. One request at a time, no authentication: for comparators, not for serving.
#pragma once

#include <functional>
#include <string>

namespace reallive::load {

/// Prints its URL as a line of JSON, then serves until the process is killed. An empty answer becomes 400.
[[noreturn]] void serve_offers(const std::function<std::string(const std::string& offer)>& answer_to);

}  // namespace reallive::load
