#include "auth/token_key.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <rhonabwy.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"

namespace reallive::auth {

namespace {

constexpr size_t key_bytes = 32;
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

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

// Written under another name first and linked into place, so that a crash or a second program never leaves half a key.
bool make_key_file(const std::filesystem::path& file) {
  std::array<uint8_t, key_bytes> key;
  base::random_bytes(key);
  const std::filesystem::path fresh = file.string() + "." + base::random_token(8);
  bool written = false;
  {
    const Descriptor descriptor(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    written = descriptor.get() >= 0 &&
              write(descriptor.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
              fsync(descriptor.get()) == 0;
  }
  const bool placed = written && (link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST);
  unlink(fresh.c_str());
  return placed;
}

}  // namespace

base::Result<TokenKey> TokenKey::load_or_make(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file) && !make_key_file(file))
    return base::fail("failed", "cannot write the key file " + file.string() + ": " + std::strerror(errno));
  const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (descriptor.get() < 0 || fstat(descriptor.get(), &info) != 0)
    return base::fail("failed", "cannot read the key file " + file.string() + ": " + std::strerror(errno));
  if ((info.st_mode & 077) != 0)
    return base::fail("failed", "others may read the key file " + file.string() + "; run: chmod 600 " + file.string());
  std::vector<uint8_t> key(key_bytes);
  if (read(descriptor.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    return base::fail("failed",
                      "the key file " + file.string() + " is too short; remove it and everybody logs in anew");
  return TokenKey(std::move(key));
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
