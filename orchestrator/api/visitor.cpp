#include "api/visitor.h"

namespace reallive::api {

void identify_visitor(Context& context, const http::Reply& reply, Context::WithAnybody then) {
  const http::Request& request = *reply.request();
  const auto token = request.query_value("token");
  if (!token || request.headers.has("Authorization")) return context.identify(reply, std::move(then));
  auto access = context.deps.authenticator.verify_stream_token(*token);
  if (access && access->use != auth::StreamUse::events)
    access = base::fail("AUTH_TOKEN_INVALID", "This token is for something else.");
  access ? then(access->principal) : reply_error(reply, access.error());
}

void identify_token(Context& context, const std::string& token, const WithResult& then) {
  then(context.deps.authenticator.verify_token(token));
}

base::Result<auth::Principal> let_in_again(Context& context, const auth::Principal& principal) {
  return context.deps.authenticator.verify_again(principal);
}

}  // namespace reallive::api
