// LoginReply: what somebody gets who is logged in, and the cookie that keeps them so. Main loop's thread.
// The cookie is for the page: no script reads it, no other site sends it, and it is good for refresh and logout only.
// It never puts a refresh token into an answer that also sets the cookie.
#pragma once

#include <optional>
#include <string>

#include "api/context.h"
#include "api/json_input.h"
#include "auth/authenticator.h"

namespace reallive::api {

inline constexpr char refresh_cookie[] = "reallive_refresh";

/// `{token, refreshToken, expiresIn, user}`, and Set-Cookie where that is how the refresh token goes.
http::Response login_response(Context& context, const http::Request& request, const auth::OpenLogin& login,
                              int status = 200);
/// Set-Cookie that takes the cookie away.
std::string cleared_cookie(const Context& context, const http::Request& request);

/// `remember` as clients send it: absent: in the body; true: a cookie that stays; false: one that ends with the
/// browser.
auth::Delivery read_delivery(JsonInput& input);

struct RefreshToken {
  std::string token;
  bool from_cookie = false;
};
/// The one refresh token of this request: in its body, else in its cookie; nothing when there is none. A cookie counts
/// only in requests that no other site can make a browser send: JSON, and from the same origin.
/// AUTH_TOKEN_INVALID, UNSUPPORTED_MEDIA_TYPE, VALIDATION_FAILED.
base::Result<std::optional<RefreshToken>> read_refresh_token(Context& context, const http::Request& request);

base::Json permissions_json(auth::Role role);
/// A user as admins and they themselves see them.
base::Json user_json(const auth::User& user);

}  // namespace reallive::api
