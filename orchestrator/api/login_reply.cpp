#include "api/login_reply.h"

#include <utility>
#include <vector>

namespace reallive::api {
namespace {

std::string cookie(const Context& context, const http::Request& request, const std::string& value,
                   const std::string& more) {
  const bool secure = request.scheme == "https" || context.config.public_url.rfind("https://", 0) == 0;
  return std::string(refresh_cookie) + "=" + value +
         "; Path=" + (request.base_path.empty() ? context.base_path() : request.base_path) +
         "/api; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "") + more;
}

// Every cookie of that name (RFC 6265 section 5.4): more than one means that somebody else put one beside ours.
std::vector<std::string> cookies_named(const http::Request& request, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [header, text] : request.headers) {
    if (!http::equal_ignoring_case(header, "Cookie")) continue;
    for (std::string_view rest = text; !rest.empty();) {
      const size_t end = rest.find(';');
      std::string_view one = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      while (!one.empty() && one.front() == ' ')
        one.remove_prefix(1);
      if (one.substr(0, one.find('=')) == name && one.size() > name.size())
        values.emplace_back(one.substr(name.size() + 1));
    }
  }
  return values;
}

// Browsers say with every POST where it comes from; programs do not.
bool is_same_origin(const Context& context, const http::Request& request) {
  const std::string site = request.header("Sec-Fetch-Site").value_or("same-origin");
  if (site != "same-origin" && site != "none") return false;
  const auto origin = request.header("Origin");
  if (!origin) return true;
  const auto is_of = [&](const std::string& base) {
    const size_t host = base.find("://");
    return host != std::string::npos && *origin == base.substr(0, base.find('/', host + 3));
  };
  if (is_of(context.base_url(request))) return true;
  // A proxy that ends TLS may not have said so: the page's own https address is no foreign one.
  return request.scheme == "http" && is_of("https://" + request.host);
}

}  // namespace

base::Json permissions_json(auth::Role role) {
  auto list = base::Json::array();
  for (const std::string_view permission : auth::permissions(role))
    list.push(permission);
  return list;
}

base::Json user_json(const auth::User& user) {
  return base::Json::object({
      {"id", user.id},
      {"username", user.username},
      {"email", user.email.empty() ? base::Json() : base::Json(user.email)},
      {"organizationId", user.organization_id},
      {"role", auth::to_string(user.role)},
      {"isActive", user.is_active},
      {"createdAt", user.created_at},
      {"updatedAt", user.updated_at},
  });
}

http::Response login_response(Context& context, const http::Request& request, const auth::OpenLogin& login,
                              int status) {
  const auth::Principal& principal = login.principal;
  const auto left = std::chrono::round<std::chrono::seconds>(login.token.expires_at - context.deps.clock.now());
  const bool in_body = login.delivery == auth::Delivery::body;
  auto response =
      http::Response::json(base::Json::object({
                               {"token", login.token.token},
                               {"refreshToken", in_body ? base::Json(login.refresh_token) : base::Json()},
                               {"expiresIn", static_cast<int64_t>(left.count())},
                               {"user", base::Json::object({{"id", principal.user_id},
                                                            {"username", principal.username},
                                                            {"role", auth::to_string(principal.role)},
                                                            {"permissions", permissions_json(principal.role)}})},
                           }),
                           status);
  if (!in_body) {
    const auto life = std::chrono::seconds(auth::refresh_life).count();
    const bool stays = login.delivery == auth::Delivery::cookie;
    response.headers.add("Set-Cookie", cookie(context, request, login.refresh_token,
                                              stays ? "; Max-Age=" + std::to_string(life) : std::string()));
  }
  return response;
}

std::string cleared_cookie(const Context& context, const http::Request& request) {
  return cookie(context, request, "", "; Max-Age=0");
}

auth::Delivery read_delivery(JsonInput& input) {
  const auto remember = input.boolean("remember");
  if (!remember) return auth::Delivery::body;
  return *remember ? auth::Delivery::cookie : auth::Delivery::session_cookie;
}

base::Result<std::optional<RefreshToken>> read_refresh_token(Context& context, const http::Request& request) {
  if (!request.body.empty()) {
    auto input = JsonInput::parse(request);
    if (!input) return tl::unexpected(input.error());
    const auto token = input->text("refreshToken");
    if (auto finished = input->finish(); !finished) return tl::unexpected(finished.error());
    if (token && !token->empty()) return RefreshToken{*token, false};
  }
  const auto cookies = cookies_named(request, refresh_cookie);
  if (cookies.empty()) return std::nullopt;
  if (request.content_type() != "application/json")
    return base::fail("UNSUPPORTED_MEDIA_TYPE", "With the cookie, this needs Content-Type: application/json.");
  if (!is_same_origin(context, request) || cookies.size() > 1 || cookies.front().empty())
    return base::fail("AUTH_TOKEN_INVALID", "The cookie is not accepted here; log in again.");
  return RefreshToken{cookies.front(), true};
}

}  // namespace reallive::api
