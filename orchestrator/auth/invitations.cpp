#include "auth/invitations.h"

#include <utility>

#include "auth/digest.h"
#include "base/id.h"

namespace reallive::auth {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view columns =
    "SELECT id, organization_id, role, created_by, created_at, expires_at, used_at, used_by FROM invitations ";
constexpr std::chrono::hours remembered{30 * 24};
constexpr int64_t most_listed = 1000;

Invitation from_row(const db::Row& row) {
  return {
      row["id"].text(),         row["organization_id"].text(), parse_role(row["role"].text()).value_or(Role::viewer),
      row["created_by"].text(), row["created_at"].text(),      row["expires_at"].text(),
      row["used_at"].text(),    row["used_by"].text()};
}

tl::unexpected<base::Error> not_accepted() {
  return fail("AUTH_ROLE_RESTRICTED", "this invitation was used, has expired or was withdrawn; ask for a new one");
}

Result<Invitation> find_open(db::Session& session, std::string_view token, const std::string& now) {
  auto rows = session.query(std::string(columns) +
                                "WHERE token_hash = :hash AND used_at IS NULL AND expires_at > :now "
                                "AND created_by IN (SELECT id FROM users WHERE role = 'admin' AND is_active = 1)",
                            {{"hash", token_digest(token)}, {"now", now}});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return not_accepted();
  return from_row(rows->front());
}

}  // namespace

Result<Invitation> Invitations::create(const Principal& creator, Role role, std::chrono::hours life) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  const base::Time now = clock_.now();
  Invitation invitation{base::uuid_v4(),        creator.organization_id,       role, creator.user_id,
                        base::format_time(now), base::format_time(now + life), {},   {}};
  invitation.token = base::random_token(24);
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto cleared = session->execute("DELETE FROM invitations WHERE expires_at < :long_ago",
                                    {{"long_ago", base::format_time(now - remembered)}});
    if (!cleared) return tl::unexpected(cleared.error());
    auto inserted = session->execute(
        "INSERT INTO invitations (id, organization_id, role, token_hash, created_by, created_at, expires_at) "
        "VALUES (:id, :organization_id, :role, :token_hash, :created_by, :created_at, :expires_at)",
        {{"id", invitation.id},
         {"organization_id", invitation.organization_id},
         {"role", to_string(role)},
         {"token_hash", token_digest(invitation.token)},
         {"created_by", invitation.created_by},
         {"created_at", invitation.created_at},
         {"expires_at", invitation.expires_at}});
    if (!inserted) return tl::unexpected(inserted.error());
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return invitation;
}

Result<std::vector<Invitation>> Invitations::list(std::string_view organization_id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto rows = session->query(
      std::string(columns) + "WHERE organization_id = :organization ORDER BY created_at DESC, id LIMIT :most",
      {{"organization", organization_id}, {"most", most_listed}});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Invitation> list;
  for (const db::Row& row : *rows)
    list.push_back(from_row(row));
  return list;
}

Result<void> Invitations::remove(std::string_view organization_id, std::string_view id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto removed = session->execute("DELETE FROM invitations WHERE id = :id AND organization_id = :organization",
                                    {{"id", id}, {"organization", organization_id}});
    if (!removed) return tl::unexpected(removed.error());
    if (*removed == 0) return fail("INVITATION_NOT_FOUND", "there is no such invitation");
    return {};
  });
}

Result<Invitation> Invitations::check(std::string_view token) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return find_open(*session, token, base::format_time(clock_.now()));
}

Result<User> Invitations::redeem(std::string_view token, NewUser user, Users& users) {
  const auto invitation = check(token);
  if (!invitation) return tl::unexpected(invitation.error());
  user.role = invitation->role;
  user.organization_id = invitation->organization_id;
  return users.create(user, [&](db::Session& session, const User& created) -> Result<void> {
    const std::string now = base::format_time(clock_.now());
    auto used = session.execute(
        "UPDATE invitations SET used_at = :now, used_by = :user WHERE id = :id AND used_at IS NULL AND expires_at > "
        ":same",
        {{"now", now}, {"user", created.id}, {"id", invitation->id}, {"same", now}});
    if (!used) return tl::unexpected(used.error());
    if (*used == 0) return not_accepted();  // somebody was faster; the account is undone
    return {};
  });
}

}  // namespace reallive::auth
