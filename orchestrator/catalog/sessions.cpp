#include "catalog/sessions.h"

#include <utility>

#include "base/id.h"
#include "base/json.h"
#include "catalog/cursor.h"

namespace reallive::catalog {

using base::Result;

namespace {

constexpr std::string_view columns =
    "SELECT id, camera_id, organization_id, user_id, kind, protocol, start_time, end_time, status, remote_address, "
    "user_agent, bytes, error FROM sessions ";
constexpr size_t longest_foreign_text = 300;  // user agents are as long as their senders like

std::string bounded(std::string_view text) {
  return base::valid_utf8(text.substr(0, longest_foreign_text));
}

db::Value null_if_empty(const std::string& text) {
  return text.empty() ? db::Value() : db::Value(text);
}

Session from_row(const db::Row& row) {
  Session session;
  session.id = row["id"].text();
  session.camera_id = row["camera_id"].text();
  session.organization_id = row["organization_id"].text();
  session.user_id = row["user_id"].text();
  session.kind = row["kind"].text();
  session.protocol = row["protocol"].text();
  session.start_time = row["start_time"].text();
  session.end_time = row["end_time"].text();
  session.status = row["status"].text();
  session.remote_address = row["remote_address"].text();
  session.user_agent = row["user_agent"].text();
  session.bytes = row["bytes"].integer();
  session.error = row["error"].text();
  return session;
}

}  // namespace

Result<std::string> Sessions::start(const NewSession& session) {
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  std::string id = base::uuid_v4();
  auto inserted = connection->execute(
      "INSERT INTO sessions (id, camera_id, organization_id, user_id, kind, protocol, start_time, remote_address, "
      "user_agent) VALUES (:id, :camera_id, :organization_id, :user_id, :kind, :protocol, :start_time, "
      ":remote_address, :user_agent)",
      {{"id", id},
       {"camera_id", session.camera_id},
       {"organization_id", session.organization_id},
       {"user_id", null_if_empty(session.user_id)},
       {"kind", session.kind},
       {"protocol", session.protocol},
       {"start_time", base::format_time(clock_.now())},
       {"remote_address", bounded(session.remote_address)},
       {"user_agent", bounded(session.user_agent)}});
  if (!inserted) return tl::unexpected(inserted.error());
  return id;
}

Result<void> Sessions::end(std::string_view id, int64_t bytes, std::string_view error) {
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  auto changed = connection->execute(
      "UPDATE sessions SET end_time = :end_time, status = :status, bytes = :bytes, error = :error "
      "WHERE id = :id AND status = 'active'",
      {{"end_time", base::format_time(clock_.now())},
       {"status", error.empty() ? "ended" : "error"},
       {"bytes", bytes},
       {"error", bounded(error)},
       {"id", id}});
  if (!changed) return tl::unexpected(changed.error());
  return {};
}

Result<int64_t> Sessions::close_stale() {
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  return connection->execute(
      "UPDATE sessions SET end_time = :end_time, status = 'error', error = 'the server stopped without notice' "
      "WHERE status = 'active'",
      {{"end_time", base::format_time(clock_.now())}});
}

Result<int64_t> Sessions::end_active() {
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  return connection->execute("UPDATE sessions SET end_time = :end_time, status = 'ended' WHERE status = 'active'",
                             {{"end_time", base::format_time(clock_.now())}});
}

Result<int64_t> Sessions::prune(base::Time before, int64_t most) {
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  return connection->execute(
      "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE status <> 'active' AND start_time < :before "
      "ORDER BY start_time LIMIT :most)",
      {{"before", base::format_time(before)}, {"most", most}});
}

Result<Session> Sessions::find(std::string_view id) {
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  auto rows = connection->query(std::string(columns) + "WHERE id = :id", {{"id", id}});
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return base::fail("SESSION_NOT_FOUND", "there is no such session");
  return from_row(rows->front());
}

Result<SessionPage> Sessions::list(const SessionQuery& query) {
  if (query.limit < 1 || query.limit > 1000) return base::invalid("limit", "expected 1 to 1000");
  std::string where = "WHERE organization_id = :organization";
  db::Bindings bindings = {{"organization", query.organization_id}};
  const auto and_equal = [&](const char* column, const std::optional<std::string>& value) {
    if (!value) return;
    where += std::string(" AND ") + column + " = :" + column;
    bindings.emplace_back(column, *value);
  };
  and_equal("camera_id", query.camera_id);
  and_equal("user_id", query.user_id);
  and_equal("kind", query.kind);
  and_equal("status", query.status);
  if (query.visible_to) {
    where += " AND (user_id = :self OR camera_id IN (SELECT id FROM cameras WHERE owner_id = :owner))";
    bindings.emplace_back("self", *query.visible_to);
    bindings.emplace_back("owner", *query.visible_to);
  }
  if (!query.cursor.empty()) {
    const auto cursor = read_cursor(query.cursor);
    if (!cursor) return base::invalid("cursor", "not a cursor of this list");
    where += " AND (start_time < :before OR (start_time = :same AND id < :before_id))";
    bindings.emplace_back("before", cursor->value);
    bindings.emplace_back("same", cursor->value);
    bindings.emplace_back("before_id", cursor->id);
  }
  bindings.emplace_back("limit", static_cast<int64_t>(query.limit) + 1);  // one more tells whether there is a next page
  auto connection = database_.session();
  if (!connection) return tl::unexpected(connection.error());
  auto rows =
      connection->query(std::string(columns) + where + " ORDER BY start_time DESC, id DESC LIMIT :limit", bindings);
  if (!rows) return tl::unexpected(rows.error());
  SessionPage page;
  for (const db::Row& row : *rows)
    page.items.push_back(from_row(row));
  if (page.items.size() > query.limit) {
    page.items.pop_back();
    page.next_cursor = write_cursor({page.items.back().start_time, page.items.back().id});
  }
  return page;
}

}  // namespace reallive::catalog
