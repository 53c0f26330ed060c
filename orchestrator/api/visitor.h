// Visitor: who is behind a connection that may not be able to send an Authorization header, and whether they still may
// stay. Main loop's thread.
// It never says why a token is refused beyond what the authenticator says.
#pragma once

#include <functional>
#include <string>

#include "api/context.h"

namespace reallive::api {

using WithResult = std::function<void(base::Result<auth::Principal>)>;

/// By the Authorization header, else by a stream token of use `events` in the query. Nobody when there is neither;
/// wrong credentials are answered here.
void identify_visitor(Context& context, const http::Reply& reply, Context::WithAnybody then);
/// By a token that came in a message. Code AUTH_TOKEN_INVALID.
void identify_token(Context& context, const std::string& token, const WithResult& then);
/// Whether who was let in would be let in again now, and as whom; AUTH_TOKEN_INVALID when not, and what db::Session
/// says when that cannot be found out.
base::Result<auth::Principal> let_in_again(Context& context, const auth::Principal& principal);

}  // namespace reallive::api
