#include "auth/users.h"

#include "base/id.h"
#include "base/json.h"

namespace reallive::auth {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view columns =
    "SELECT id, username, email, organization_id, role, password_hash, credential_version, is_active, created_at, "
    "updated_at FROM users ";

Credentials from_row(const db::Row& row) {
  User user{row["id"].text(),
            row["username"].text(),
            row["email"].text(),
            row["organization_id"].text(),
            parse_role(row["role"].text()).value_or(Role::viewer),
            row["is_active"].integer() != 0,
            row["created_at"].text(),
            row["updated_at"].text()};
  return {std::move(user), row["password_hash"].text(), row["credential_version"].integer()};
}

tl::unexpected<base::Error> no_such_user() {
  return fail("USER_NOT_FOUND", "there is no such user");
}

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("._@-").find(c) != std::string_view::npos;
}

Result<void> check_email(std::string_view email) {
  if (email.empty()) return {};
  const size_t at = email.find('@');
  if (email.size() > 254 || at == 0 || at == std::string_view::npos || at + 1 == email.size() ||
      email.find_first_of(" \t\r\n<>\",;") != std::string_view::npos || !base::is_utf8(email))
    return base::invalid("email", "expected an address such as ann@example.org");
  return {};
}

// Asked after a change, within its transaction. Who was no active admin before takes nobody away.
Result<void> check_admin_left(db::Session& session, const User& before) {
  if (before.role != Role::admin || !before.is_active) return {};
  auto rows = session.query(
      "SELECT count(*) AS number FROM users WHERE organization_id = :organization AND role = 'admin' AND is_active = 1",
      {{"organization", before.organization_id}});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->front()["number"].integer() > 0) return {};
  return fail("CONFLICT", "this is the last active admin; make another one first");
}

}  // namespace

Result<void> check_username(std::string_view username) {
  if (username.empty() || username.size() > 50) return base::invalid("username", "a user name has 1 to 50 characters");
  for (const char c : username)
    if (!is_name_character(c)) return base::invalid("username", "a user name is made of letters, digits and . _ @ -");
  return {};
}

Result<User> Users::create(const NewUser& user, const Condition& condition) {
  if (auto checked = check_username(user.username); !checked) return tl::unexpected(checked.error());
  if (auto checked = check_email(user.email); !checked) return tl::unexpected(checked.error());
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  const std::string now = base::format_time(clock_.now());
  const User created{base::uuid_v4(), user.username, user.email, user.organization_id, user.role, true, now, now};
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto inserted = session->execute(
        "INSERT INTO users (id, username, email, organization_id, role, password_hash, created_at, updated_at) "
        "VALUES (:id, :username, :email, :organization_id, :role, :password_hash, :created_at, :updated_at)",
        {{"id", created.id},
         {"username", created.username},
         {"email", created.email},
         {"organization_id", created.organization_id},
         {"role", to_string(created.role)},
         {"password_hash", user.password_hash},
         {"created_at", now},
         {"updated_at", now}});
    if (!inserted) return tl::unexpected(inserted.error());
    return condition ? condition(*session, created) : Result<void>();
  });
  if (done) return created;
  if (done.error().code == "unique")
    return tl::unexpected(base::Error{"CONFLICT", "there is a user called " + user.username + " already", "username"});
  return tl::unexpected(done.error());
}

Result<User> Users::create_first(const NewUser& user) {
  return create(user, [](db::Session& session, const User&) -> Result<void> {
    auto rows = session.query("SELECT count(*) AS number FROM users");
    if (!rows) return tl::unexpected(rows.error());
    if (rows->front()["number"].integer() != 1) return fail("AUTH_ROLE_RESTRICTED", "there is an account already");
    return {};
  });
}

Result<std::vector<User>> Users::page(const UserQuery& query) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto rows = session->query(
      std::string(columns) +
          "WHERE organization_id = :organization AND lower(username) > lower(:after) "
          "ORDER BY lower(username) LIMIT :limit",
      {{"organization", query.organization_id}, {"after", query.after}, {"limit", static_cast<int64_t>(query.limit)}});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<User> users;
  for (const db::Row& row : *rows)
    users.push_back(from_row(row).user);
  return users;
}

Result<std::vector<User>> Users::list(std::string_view organization_id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto rows = session->query(std::string(columns) + "WHERE organization_id = :organization ORDER BY lower(username)",
                             {{"organization", organization_id}});
  if (!rows) return tl::unexpected(rows.error());
  std::vector<User> users;
  for (const db::Row& row : *rows)
    users.push_back(from_row(row).user);
  return users;
}

Result<Credentials> Users::one(std::string_view where, const db::Binding& binding) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto rows = session->query(std::string(columns) + std::string(where), {binding});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return no_such_user();
  return from_row(rows->front());
}

Result<Credentials> Users::credentials(std::string_view username) {
  return one("WHERE lower(username) = lower(:username)", {"username", username});
}

Result<Credentials> Users::credentials_by_id(std::string_view id) {
  return one("WHERE id = :id", {"id", id});
}

Result<User> Users::find(std::string_view id) {
  return credentials_by_id(id).map([](Credentials&& found) { return std::move(found.user); });
}

Result<User> Users::find_by_name(std::string_view username) {
  return credentials(username).map([](Credentials&& found) { return std::move(found.user); });
}

Result<void> Users::set_password_hash(std::string_view id, std::string_view hash) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto changed = session->execute(
        "UPDATE users SET password_hash = :hash, credential_version = credential_version + 1, updated_at = :now "
        "WHERE id = :id",
        {{"hash", hash}, {"now", base::format_time(clock_.now())}, {"id", id}});
    if (!changed) return tl::unexpected(changed.error());
    if (*changed == 0) return no_such_user();
    return {};
  });
}

Result<User> Users::update(std::string_view id, const UserChanges& changes) {
  if (changes.email) {
    if (auto checked = check_email(*changes.email); !checked) return tl::unexpected(checked.error());
  }
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  User changed;
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto rows = session->query(std::string(columns) + "WHERE id = :id", {{"id", id}});
    if (!rows) return tl::unexpected(rows.error());
    if (rows->empty()) return no_such_user();
    const Credentials before = from_row(rows->front());
    changed = before.user;
    changed.role = changes.role.value_or(changed.role);
    changed.is_active = changes.is_active.value_or(changed.is_active);
    changed.email = changes.email.value_or(changed.email);
    changed.updated_at = base::format_time(clock_.now());
    const bool voids = changes.password_hash || (before.user.is_active && !changed.is_active);
    auto updated = session->execute(
        "UPDATE users SET role = :role, is_active = :is_active, email = :email, password_hash = :hash, "
        "credential_version = :version, updated_at = :updated_at WHERE id = :id",
        {{"role", to_string(changed.role)},
         {"is_active", changed.is_active},
         {"email", changed.email},
         {"hash", changes.password_hash.value_or(before.password_hash)},
         {"version", before.version + (voids ? 1 : 0)},
         {"updated_at", changed.updated_at},
         {"id", id}});
    if (!updated) return tl::unexpected(updated.error());
    return check_admin_left(*session, before.user);
  });
  if (!done) return tl::unexpected(done.error());
  return changed;
}

Result<void> Users::remove(std::string_view id, LastAdmin last_admin) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto rows = session->query(std::string(columns) + "WHERE id = :id", {{"id", id}});
    if (!rows) return tl::unexpected(rows.error());
    if (rows->empty()) return no_such_user();
    auto removed = session->execute("DELETE FROM users WHERE id = :id", {{"id", id}});
    if (!removed) return tl::unexpected(removed.error());
    if (last_admin == LastAdmin::may_go) return {};
    return check_admin_left(*session, from_row(rows->front()).user);
  });
}

Result<int64_t> Users::count() {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto rows = session->query("SELECT count(*) AS number FROM users");
  if (!rows) return tl::unexpected(rows.error());
  return rows->front()["number"].integer();
}

}  // namespace reallive::auth
