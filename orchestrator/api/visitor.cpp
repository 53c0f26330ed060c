#include "api/visitor.h"

namespace reallive::api {

void identify_visitor(Context& context, const http::Reply& reply, Context::WithAnybody then) {
  context.identify(reply, std::move(then));
}

void identify_token(Context& context, const std::string& token, const WithResult& then) {
  then(context.deps.authenticator.verify_token(token));
}

base::Result<auth::Principal> let_in_again(Context& context, const auth::Principal& principal) {
  const auto user = context.deps.users.find(principal.user_id);
  if (!user && user.error().code != "USER_NOT_FOUND") return tl::unexpected(user.error());
  if (!user || !user->is_active) return base::fail("AUTH_TOKEN_INVALID", "This account is not there any more.");
  return user->principal();
}

}  // namespace reallive::api
