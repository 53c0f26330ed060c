// Authenticator: says who a request is from. Owns the bcrypt workers, the JWT key and the memory of checked passwords.
// Lives on the main loop's thread: calls are made there and callbacks come there, always later, never inside the call.
// It never blocks, never tells whether a user exists, and never keeps a password in the clear.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "auth/authorization.h"
#include "auth/logins.h"
#include "auth/principal.h"
#include "auth/throttle.h"
#include "auth/users.h"
#include "base/executor.h"
#include "base/result.h"
#include "base/time.h"

namespace reallive::auth {

struct Config {
  std::chrono::seconds token_life{24 * 3600};
  std::chrono::seconds stream_token_life{15 * 60};
  std::chrono::seconds remember_password{60};  ///< a checked password is not hashed again for this long
  unsigned workers = 1;                        ///< bcrypt threads
  size_t queue = 64;                           ///< checks that may wait; beyond that the answer is RATE_LIMIT_EXCEEDED
  int bcrypt_cost = 12;                        ///< of new hashes
  ThrottleConfig throttle = {};
  bool operator==(const Config&) const = default;
};

struct IssuedToken {
  std::string token;  ///< JWT, HS256
  base::Time expires_at;
};

/// Somebody who is logged in from now on, with what they show from now on.
struct OpenLogin {
  Principal principal;
  IssuedToken token;
  std::string refresh_token;  ///< good once, for refresh()
  Delivery delivery = Delivery::body;
};

/// What a stream token is good for. Tokens of `events` name no stream.
enum class StreamUse { view, publish, events, snapshot };
struct StreamAccess {
  Principal principal;
  std::string stream;  ///< the camera's id
  StreamUse use = StreamUse::view;
};

/// Error codes: AUTH_TOKEN_MISSING (no header), AUTH_TOKEN_INVALID (malformed, forged, expired, revoked),
/// AUTH_TOKEN_REUSED (refresh() only: its login is over now),
/// AUTH_CREDENTIALS_INVALID (wrong name or password, or the account is off), RATE_LIMIT_EXCEEDED (too many wrong
/// passwords, or too many wait), and those of db::Session.
class Authenticator {
 public:
  using PrincipalCallback = std::function<void(base::Result<Principal>)>;
  using HashCallback = std::function<void(base::Result<std::string>)>;

  /// Reads the JWT key from `data_dir`/jwt.key or makes it (32 random bytes, mode 0600).
  static base::Result<std::unique_ptr<Authenticator>> create(const Config& config,
                                                             const std::filesystem::path& data_dir, Users& users,
                                                             Logins& logins, base::Executor& executor,
                                                             const base::Clock& clock);
  virtual ~Authenticator() = default;

  /// How long the tokens of logins last that are issued from now on.
  virtual void set_token_life(std::chrono::seconds life) = 0;

  /// By the request's Authorization header: a JWT as Bearer, or user and password. `address` is the client's: wrong
  /// passwords are counted by it, too.
  virtual void authenticate(const Authorization& authorization, std::string_view address, PrincipalCallback done) = 0;
  virtual void verify_password(std::string_view username, std::string_view password, std::string_view address,
                               PrincipalCallback done) = 0;
  /// Answers at once. User and login are looked up, so that removal, logout, a new role and a new password count
  /// immediately.
  virtual base::Result<Principal> verify_token(std::string_view token) = 0;
  /// Whether who was let in as this one would be let in again now; their present role.
  virtual base::Result<Principal> verify_again(const Principal& principal) = 0;

  virtual base::Result<OpenLogin> open_login(const Principal& principal, Delivery delivery) = 0;
  virtual base::Result<OpenLogin> refresh(std::string_view refresh_token) = 0;

  /// For addresses that are opened where no header can be sent: `?token=`.
  virtual base::Result<IssuedToken> issue_stream_token(const Principal& principal, std::string_view stream,
                                                       StreamUse use) = 0;
  virtual base::Result<StreamAccess> verify_stream_token(std::string_view token) = 0;

  /// For new passwords; checks the rule first.
  virtual void hash_new_password(std::string_view password, std::string_view username, HashCallback done) = 0;
  /// Passwords hashed to compare them, since the start.
  virtual uint64_t passwords_checked() const = 0;
};

}  // namespace reallive::auth
