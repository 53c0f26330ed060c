#include "auth/logins.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "auth/digest.h"
#include "base/id.h"

namespace reallive::auth {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view columns = "SELECT id, user_id, credential_version, refresh_hash, delivery FROM logins ";
constexpr size_t most_replaced = 16;  // of one login within the grace: tabs that were opened all at once
constexpr std::array<std::string_view, 3> delivery_names = {"body", "session_cookie", "cookie"};

Delivery delivery_of(const std::string& name) {
  for (size_t i = 0; i < delivery_names.size(); ++i)
    if (delivery_names[i] == name) return static_cast<Delivery>(i);
  return Delivery::body;
}

Login from_row(const db::Row& row) {
  return {row["id"].text(),
          row["user_id"].text(),
          row["credential_version"].integer(),
          delivery_of(row["delivery"].text()),
          {}};
}

tl::unexpected<base::Error> invalid_token() {
  return fail("AUTH_TOKEN_INVALID", "the login is over; log in again");
}

// A refresh token names its login, so that one that was used before still says whose it was. It does so by what the id
// is the digest of: the id itself stands in every access token, and whoever has seen one must not be able to end the
// login.
struct Parts {
  std::string family, secret;
  std::string id() const { return token_digest(family); }
};
std::optional<Parts> take_apart(std::string_view token) {
  const size_t dot = token.find('.');
  if (token.size() > 200 || dot == std::string_view::npos) return std::nullopt;
  return Parts{std::string(token.substr(0, dot)), std::string(token.substr(dot + 1))};
}

// The row that is still good, with the hash of its refresh token.
Result<std::optional<std::pair<Login, std::string>>> open_row(db::Session& session, std::string_view id,
                                                              const std::string& now) {
  auto rows = session.query(std::string(columns) + "WHERE id = :id AND expires_at > :now", {{"id", id}, {"now", now}});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return std::pair(from_row(rows->front()), rows->front()["refresh_hash"].text());
}

}  // namespace

Result<Login> Logins::start(std::string_view user_id, int64_t version, Delivery delivery) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  const std::string now = base::format_time(clock_.now());
  const std::string family = base::random_token(16), secret = base::random_token(32);
  Login login{token_digest(family), std::string(user_id), version, delivery, {}};
  auto done = session->transaction(db::Durability::relaxed, [&]() -> Result<void> {
    auto cleared = session->execute(
        "DELETE FROM logins WHERE user_id = :user AND (expires_at <= :now OR id IN (SELECT id FROM logins WHERE "
        "user_id = :same ORDER BY used_at DESC, id LIMIT 1000000 OFFSET :most))",
        {{"user", user_id}, {"now", now}, {"same", user_id}, {"most", most_logins - 1}});
    if (!cleared) return tl::unexpected(cleared.error());
    auto inserted = session->execute(
        "INSERT INTO logins (id, user_id, credential_version, refresh_hash, delivery, created_at, used_at, expires_at) "
        "VALUES (:id, :user_id, :version, :hash, :delivery, :created_at, :used_at, :expires_at)",
        {{"id", login.id},
         {"user_id", user_id},
         {"version", version},
         {"hash", token_digest(secret)},
         {"delivery", delivery_names[static_cast<size_t>(delivery)]},
         {"created_at", now},
         {"used_at", now},
         {"expires_at", base::format_time(clock_.now() + refresh_life)}});
    if (!inserted) return tl::unexpected(inserted.error());
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  login.refresh_token = family + "." + secret;
  return login;
}

Result<Login> Logins::rotate(std::string_view refresh_token) {
  const auto parts = take_apart(refresh_token);
  if (!parts) return invalid_token();
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  const std::string now = base::format_time(clock_.now());
  std::optional<Login> rotated;
  bool reused = false;
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto found = open_row(*session, parts->id(), now);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return {};
    auto& [login, hash] = **found;
    const std::string given = token_digest(parts->secret);
    const bool by_cookie = login.delivery != Delivery::body;
    if (!base::constant_time_equal(hash, given)) {
      if (const auto successor = by_cookie ? successor_of(login.id, given) : std::nullopt) {
        login.refresh_token = parts->family + "." + *successor;
        rotated = std::move(login);
        return {};
      }
      // Somebody has a token that was given out and used before: one of the two is a thief, so neither goes on.
      reused = true;
      auto ended = session->execute("DELETE FROM logins WHERE id = :id", {{"id", login.id}});
      if (!ended) return tl::unexpected(ended.error());
      return {};
    }
    const std::string secret = base::random_token(32);
    auto changed = session->execute(
        "UPDATE logins SET refresh_hash = :hash, used_at = :now, expires_at = :expires_at WHERE id = :id",
        {{"hash", token_digest(secret)},
         {"now", now},
         {"expires_at", base::format_time(clock_.now() + refresh_life)},
         {"id", login.id}});
    if (!changed) return tl::unexpected(changed.error());
    if (by_cookie) remember(login.id, hash, secret);
    login.refresh_token = parts->family + "." + secret;
    rotated = std::move(login);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  if (reused) return fail("AUTH_TOKEN_REUSED", "this refresh token was used before; log in again");
  if (!rotated) return invalid_token();
  return std::move(*rotated);
}

std::optional<std::string> Logins::successor_of(const std::string& id, const std::string& hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = replaced_.find(id);
  if (found == replaced_.end()) return std::nullopt;
  for (const Replaced& one : found->second)
    if (one.at + cookie_grace > clock_.steady() && base::constant_time_equal(one.hash, hash)) return one.successor;
  return std::nullopt;
}

void Logins::remember(const std::string& id, const std::string& hash, const std::string& successor) {
  const std::lock_guard lock(mutex_);
  const auto oldest = clock_.steady() - cookie_grace;
  for (auto login = replaced_.begin(); login != replaced_.end();) {
    std::erase_if(login->second, [oldest](const Replaced& one) { return one.at <= oldest; });
    login = login->second.empty() ? replaced_.erase(login) : std::next(login);
  }
  auto& known = replaced_[id];
  if (known.size() >= most_replaced) known.erase(known.begin());
  known.push_back({hash, successor, clock_.steady()});
}

Result<Login> Logins::find_by_token(std::string_view refresh_token) {
  const auto parts = take_apart(refresh_token);
  if (!parts) return invalid_token();
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto found = open_row(*session, parts->id(), base::format_time(clock_.now()));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return invalid_token();
  const std::string given = token_digest(parts->secret);
  const bool in_grace = (*found)->first.delivery != Delivery::body && successor_of((*found)->first.id, given);
  if (!in_grace && !base::constant_time_equal((*found)->second, given)) return invalid_token();
  return std::move((*found)->first);
}

Result<Login> Logins::find(std::string_view id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto found = open_row(*session, id, base::format_time(clock_.now()));
  if (!found) return tl::unexpected(found.error());
  if (!*found) return invalid_token();
  return std::move((*found)->first);
}

Result<void> Logins::end(std::string_view id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto ended = session->execute("DELETE FROM logins WHERE id = :id", {{"id", id}});
    if (!ended) return tl::unexpected(ended.error());
    return {};
  });
}

Result<void> Logins::end_all(std::string_view user_id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto ended = session->execute("DELETE FROM logins WHERE user_id = :user", {{"user", user_id}});
    if (!ended) return tl::unexpected(ended.error());
    return {};
  });
}

}  // namespace reallive::auth
