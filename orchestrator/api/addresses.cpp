// GET /api/v1/addresses: where other devices find this server, for QR codes. GET /ca.crt: what they must trust.
#include <utility>

#include "api/context.h"
#include "api/json_output.h"

namespace reallive::api {
namespace {

void addresses(Context& context, const http::Reply& reply) {
  context.require(reply, [&context, reply](const auth::Principal&) {
    const Reach reach = context.deps.reach ? context.deps.reach() : Reach{};
    base::Json ca_url;
    if (!reach.authority_pem.empty()) {
      // A device that does not trust the certificate yet has it easier without TLS, where that is open to it.
      const bool plain = !reach.http.empty() && reach.http.front().find("//localhost") == std::string::npos &&
                         reach.http.front().find("//127.") == std::string::npos &&
                         reach.http.front().find("//[::1]") == std::string::npos;
      const std::string base = plain ? reach.http.front() : !reach.https.empty() ? reach.https.front() : std::string();
      if (!base.empty()) ca_url = base + "/ca.crt";
    }
    const std::string& public_url = context.config.public_url;
    reply(http::Response::json(
        base::Json::object({{"http", strings_json(reach.http)},
                            {"https", strings_json(reach.https)},
                            {"publicUrl", public_url.empty() ? base::Json() : base::Json(public_url)},
                            {"caUrl", ca_url}})));
  });
}

}  // namespace

void install_addresses(http::Router& router, Context& context) {
  router.add("GET", "/api/v1/addresses",
             [&context](const http::RequestPtr&, const http::Reply& reply) { addresses(context, reply); });
  router.add("GET", "/ca.crt", [&context](const http::RequestPtr&, const http::Reply& reply) {
    const std::string pem = context.deps.reach ? context.deps.reach().authority_pem : std::string();
    if (pem.empty()) return reply.error(404, "NOT_FOUND", "This server has no authority of its own.");
    reply(http::Response::text(pem, "application/x-x509-ca-cert")
              .with("Content-Disposition", "attachment; filename=\"reallive-ca.crt\"")
              .with("Cache-Control", "no-cache"));
  });
}

}  // namespace reallive::api
