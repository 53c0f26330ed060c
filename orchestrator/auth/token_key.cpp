#include "auth/token_key.h"

#include <memory>
#include <rhonabwy.h>

#include "base/id.h"
#include "base/key_file.h"

namespace reallive::auth {

namespace {

constexpr size_t most_token_bytes = 4096;

struct JwtDeleter {
  void operator()(jwt_t* jwt) const { r_jwt_free(jwt); }
};
using JwtPtr = std::unique_ptr<jwt_t, JwtDeleter>;

JwtPtr make_jwt() {
  jwt_t* jwt = nullptr;
  return r_jwt_init(&jwt) == RHN_OK ? JwtPtr(jwt) : JwtPtr();
}

std::string text_claim(jwt_t* jwt, const char* name) {
  const char* text = r_jwt_get_claim_str_value(jwt, name);
  return text ? text : "";
}

std::string audience_name(Audience audience) {
  return audience == Audience::login ? "reallive" : "reallive-stream";
}

int64_t seconds(base::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}
base::Time from_seconds(int64_t value) {
  return base::Time(std::chrono::seconds(value));
}

}  // namespace

base::Result<TokenKey> TokenKey::load_or_make(const std::filesystem::path& file) {
  auto key = base::load_or_make_key(file);
  if (!key) return tl::unexpected(key.error());
  return TokenKey(std::move(*key));
}

base::Result<std::string> TokenKey::sign(const Claims& claims) const {
  const JwtPtr jwt = make_jwt();
  if (!jwt) return base::fail("failed", "out of memory");
  const std::string id = base::random_token(12), audience = audience_name(claims.audience);
  bool ok = r_jwt_set_sign_alg(jwt.get(), R_JWA_ALG_HS256) == RHN_OK &&
            r_jwt_add_sign_key_symmetric(jwt.get(), key_.data(), key_.size()) == RHN_OK;
  for (const auto& [name, value] :
       {std::pair{"sub", &claims.user_id}, std::pair{"name", &claims.username}, std::pair{"role", &claims.role},
        std::pair{"org", &claims.organization_id}, std::pair{"jti", &id}, std::pair{"aud", &audience},
        std::pair{"sid", &claims.login_id}, std::pair{"stream", &claims.stream}, std::pair{"use", &claims.use}})
    ok = value->empty() ? ok : ok && r_jwt_set_claim_str_value(jwt.get(), name, value->c_str()) == RHN_OK;
  for (const auto& [name, value] : {std::pair{"ver", claims.version}, std::pair{"iat", seconds(claims.issued_at)},
                                    std::pair{"exp", seconds(claims.expires_at)}})
    ok = ok && r_jwt_set_claim_int_value(jwt.get(), name, value) == RHN_OK;
  if (!ok) return base::fail("failed", "the token could not be made");
  char* text = r_jwt_serialize_signed(jwt.get(), nullptr, 0);
  if (!text) return base::fail("failed", "the token could not be signed");
  std::string token = text;
  r_free(text);
  return token;
}

std::optional<Claims> TokenKey::verify(std::string_view token, Audience audience, base::Time now) const {
  if (token.empty() || token.size() > most_token_bytes) return std::nullopt;
  const JwtPtr jwt = make_jwt();
  // R_PARSE_NONE: keys that the header names (jwk, jku, x5c …) are not even looked at.
  if (!jwt || r_jwt_advanced_parsen(jwt.get(), token.data(), token.size(), R_PARSE_NONE, 0) != RHN_OK)
    return std::nullopt;
  if (r_jwt_get_type(jwt.get()) != R_JWT_TYPE_SIGN || r_jwt_get_sign_alg(jwt.get()) != R_JWA_ALG_HS256)
    return std::nullopt;
  if (r_jwt_add_sign_key_symmetric(jwt.get(), key_.data(), key_.size()) != RHN_OK ||
      r_jwt_verify_signature(jwt.get(), nullptr, 0) != RHN_OK)
    return std::nullopt;
  if (text_claim(jwt.get(), "aud") != audience_name(audience)) return std::nullopt;
  Claims claims{audience,
                text_claim(jwt.get(), "sub"),
                text_claim(jwt.get(), "name"),
                text_claim(jwt.get(), "role"),
                text_claim(jwt.get(), "org"),
                text_claim(jwt.get(), "sid"),
                text_claim(jwt.get(), "stream"),
                text_claim(jwt.get(), "use"),
                static_cast<int64_t>(r_jwt_get_claim_int_value(jwt.get(), "ver")),
                from_seconds(r_jwt_get_claim_int_value(jwt.get(), "iat")),
                from_seconds(r_jwt_get_claim_int_value(jwt.get(), "exp"))};
  if (claims.user_id.empty() || claims.expires_at <= now) return std::nullopt;
  return claims;
}

}  // namespace reallive::auth
