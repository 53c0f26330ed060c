// GET /healthz: the process answers. GET /readyz: it can do its work.
#include "api/context.h"

namespace reallive::api {

void install_health(http::Router& router, Context& context) {
  router.add("GET", "/healthz", [](const http::RequestPtr&, const http::Reply& reply) {
    reply(http::Response::json(base::Json::object({{"status", "ok"}})));
  });
  router.add("GET", "/readyz", [&context](const http::RequestPtr&, const http::Reply& reply) {
    const auto database = context.deps.users.count();
    const bool ready = database && !context.draining;
    reply(http::Response::json(
        base::Json::object({{"status", ready ? "ready" : "unavailable"},
                            {"checks", base::Json::object({{"database", database ? "ok" : "failed"},
                                                           {"draining", context.draining}})}}),
        ready ? 200 : 503));
  });
}

}  // namespace reallive::api
