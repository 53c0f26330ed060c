// Logins: one row for each login of a user: its refresh token (only a hash) and how that is delivered. Blocking SQL of
// microseconds; any thread. A refresh token is used once; one that comes a second time ends its login, but for a page's
// cookie within `cookie_grace`: an answer that was lost, by a page that was loaded again or left, is no theft.
// It never stores a token, and never keeps more than `most_logins` rows of a user: the longest unused go first.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace reallive::auth {

inline constexpr int most_logins = 1000;
inline constexpr std::chrono::hours refresh_life{30 * 24};  ///< since the last use
inline constexpr std::chrono::seconds cookie_grace{10};     ///< since it was replaced; kept in memory only

/// Where the refresh token goes: into the answer, or into a cookie that ends with the browser, or into one that stays.
enum class Delivery { body, session_cookie, cookie };

struct Login {
  std::string id, user_id;
  int64_t version = 0;  ///< Credentials::version at the login
  Delivery delivery = Delivery::body;
  std::string refresh_token;  ///< only from start() and rotate()
};

/// Error codes: AUTH_TOKEN_INVALID, AUTH_TOKEN_REUSED (and the login is over), and those of db::Session.
class Logins {
 public:
  Logins(db::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  base::Result<Login> start(std::string_view user_id, int64_t version, Delivery delivery);
  /// The login with its next refresh token. A token that was used before ends the login, but see above.
  base::Result<Login> rotate(std::string_view refresh_token);
  /// The login that a refresh token belongs to, which stays usable.
  base::Result<Login> find_by_token(std::string_view refresh_token);
  /// AUTH_TOKEN_INVALID when it is over.
  base::Result<Login> find(std::string_view id);
  base::Result<void> end(std::string_view id);
  base::Result<void> end_all(std::string_view user_id);

 private:
  struct Replaced {
    std::string hash, successor;  ///< of the secret that was used; the secret that came after it
    std::chrono::milliseconds at;
  };
  /// The secret that replaced one of this hash just now; nothing when none did.
  std::optional<std::string> successor_of(const std::string& id, const std::string& hash) const;
  void remember(const std::string& id, const std::string& hash, const std::string& successor);

  db::Database& database_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;                               // guards replaced_; a leaf
  std::map<std::string, std::vector<Replaced>> replaced_;  // by login
};

}  // namespace reallive::auth
