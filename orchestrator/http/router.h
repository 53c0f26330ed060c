// Router: finds the handler for a method and a path. Filled once at start, then only read, on the main loop's thread.
// Answers 404, 405 with Allow, HEAD by GET's handler, and OPTIONS where no route of its own does.
// It never looks into bodies and never decides who may ask.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/reply.h"

namespace reallive::http {

class Router {
 public:
  /// `pattern` such as `/whep/{stream}/{session}`: each `{name}` takes one segment. Routes added first win.
  void add(std::string method, std::string_view pattern, Handler handler);
  /// For GET and HEAD of paths without a route: the page's files.
  void set_fallback(Handler handler) { fallback_ = std::move(handler); }

  /// Fills `request->route` and `request->params` and calls the handler.
  void dispatch(const std::shared_ptr<Request>& request, const Reply& reply) const;

  /// Every method and pattern that was added, in that order.
  std::vector<std::pair<std::string, std::string>> routes() const;

  /// What a path allows, for Allow and for CORS preflights: `GET, HEAD, OPTIONS`; empty when there is no route.
  std::string allowed_methods(const std::vector<std::string>& segments) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> parts;
    Handler handler;

    bool matches(const std::vector<std::string>& segments) const;
  };
  const Route* find(std::string_view method, const std::vector<std::string>& segments) const;

  std::vector<Route> routes_;
  Handler fallback_;
};

}  // namespace reallive::http
