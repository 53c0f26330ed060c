#include "catalog/cameras.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/id.h"
#include "catalog/cursor.h"

namespace reallive::catalog {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view columns =
    "SELECT id, name, stream, company, model, serial_number, location, place, resolution, source_url, "
    "source_transport, source_on_demand, source_transcode, is_active, is_recording, is_public, stream_status, status, "
    "assigned_node, "
    "stream_key, owner_id, organization_id, created_at, updated_at FROM cameras ";

std::string place_of(const char* column, const std::string& id) {
  return std::string("cameras.") + column + ":" + id;
}

Result<Camera> from_row(const db::Row& row, const base::SecretBox& secrets) {
  Camera camera;
  camera.id = row["id"].text();
  auto url = secrets.open(row["source_url"].text(), place_of("source_url", camera.id));
  if (!url) return tl::unexpected(url.error());
  auto key = secrets.open(row["stream_key"].text(), place_of("stream_key", camera.id));
  if (!key) return tl::unexpected(key.error());
  camera.name = row["name"].text();
  camera.stream = row["stream"].text();
  camera.company = row["company"].text();
  camera.model = row["model"].text();
  camera.serial_number = row["serial_number"].text();
  camera.location = row["location"].text();
  camera.place = row["place"].text();
  camera.resolution = row["resolution"].text();
  camera.source = {std::move(*url), row["source_transport"].text(), row["source_on_demand"].integer() != 0,
                   row["source_transcode"].text()};
  camera.is_active = row["is_active"].integer() != 0;
  camera.is_recording = row["is_recording"].integer() != 0;
  camera.is_public = row["is_public"].integer() != 0;
  camera.stream_status = row["stream_status"].text();
  camera.status = row["status"].text();
  camera.assigned_node = row["assigned_node"].text();
  camera.stream_key = std::move(*key);
  camera.owner_id = row["owner_id"].text();
  camera.organization_id = row["organization_id"].text();
  camera.created_at = row["created_at"].text();
  camera.updated_at = row["updated_at"].text();
  return camera;
}

// But for how it goes, which media says to everybody itself. The time of the last change is not enough: an owner's
// account that is removed takes itself out of its cameras.
bool is_described_alike(Camera one, const Camera& other) {
  one.stream_status = other.stream_status;
  one.status = other.status;
  return one == other;
}

// Absent and empty are one thing for columns that are unique or refer to another table.
db::Value null_if_empty(const std::string& text) {
  return text.empty() ? db::Value() : db::Value(text);
}

tl::unexpected<base::Error> no_such_camera() {
  return fail("CAMERA_NOT_FOUND", "there is no such camera");
}

template <typename T>
void apply(T& target, const std::optional<T>& value) {
  if (value) target = *value;
}

void apply(Camera& camera, const CameraFields& fields) {
  apply(camera.name, fields.name);
  apply(camera.stream, fields.stream);
  apply(camera.company, fields.company);
  apply(camera.model, fields.model);
  apply(camera.serial_number, fields.serial_number);
  apply(camera.location, fields.location);
  apply(camera.place, fields.place);
  apply(camera.resolution, fields.resolution);
  apply(camera.source.url, fields.source_url);
  apply(camera.source.transport, fields.source_transport);
  apply(camera.source.on_demand, fields.source_on_demand);
  apply(camera.source.transcode, fields.source_transcode);
  apply(camera.is_active, fields.is_active);
  apply(camera.is_recording, fields.is_recording);
  apply(camera.is_public, fields.is_public);
  apply(camera.owner_id, fields.owner_id);
}

db::Bindings bindings_of(const Camera& camera, const base::SecretBox& secrets) {
  return {{"id", camera.id},
          {"name", camera.name},
          {"stream", camera.stream},
          {"company", camera.company},
          {"model", camera.model},
          {"serial_number", null_if_empty(camera.serial_number)},
          {"location", camera.location},
          {"place", camera.place},
          {"resolution", camera.resolution},
          {"source_url", secrets.seal(camera.source.url, place_of("source_url", camera.id))},
          {"source_transport", camera.source.transport},
          {"source_on_demand", camera.source.on_demand},
          {"source_transcode", camera.source.transcode},
          {"is_active", camera.is_active},
          {"is_recording", camera.is_recording},
          {"is_public", camera.is_public},
          {"stream_key", secrets.seal(camera.stream_key, place_of("stream_key", camera.id))},
          {"stream_key_digest", secrets.digest(camera.stream_key)},
          {"owner_id", null_if_empty(camera.owner_id)},
          {"organization_id", camera.organization_id},
          {"updated_at", camera.updated_at}};
}

Result<std::vector<Camera>> select(db::Session& session, const base::SecretBox& secrets, std::string_view where,
                                   const db::Bindings& bindings) {
  auto rows = session.query(std::string(columns) + std::string(where), bindings);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Camera> cameras;
  cameras.reserve(rows->size());
  for (const db::Row& row : *rows) {
    auto camera = from_row(row, secrets);
    if (!camera) return tl::unexpected(camera.error());
    cameras.push_back(std::move(*camera));
  }
  return cameras;
}

Result<Camera> one(db::Session& session, const base::SecretBox& secrets, std::string_view where,
                   const db::Bindings& bindings) {
  auto found = select(session, secrets, where, bindings);
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) return no_such_camera();
  return std::move(found->front());
}

// Ids are UUIDs and short names never look like one, so a text names at most one camera.
std::string where_key(std::string_view name_or_id) {
  return base::is_uuid(name_or_id) ? "WHERE id = lower(:key)" : "WHERE stream = :key";
}

Result<bool> is_taken(db::Session& session, const std::string& stream, const std::string& except_id) {
  auto rows = session.query("SELECT id FROM cameras WHERE stream = :stream AND id <> :id",
                            {{"stream", stream}, {"id", except_id}});
  if (!rows) return tl::unexpected(rows.error());
  return !rows->empty();
}

tl::unexpected<base::Error> store_error(const base::Error& error) {
  if (error.code == "unique" && error.message.find("serial_number") != std::string::npos)
    return tl::unexpected(
        base::Error{"CAMERA_SERIAL_DUPLICATE", "another camera has this serial number", "serialNumber"});
  if (error.code == "unique" && error.message.find("stream") != std::string::npos)
    return tl::unexpected(base::Error{"CONFLICT", "another camera has this short name", "stream"});
  if (error.code == "foreign-key") return base::invalid("ownerId", "there is no such user");
  return tl::unexpected(error);
}

struct Sorting {
  std::string_view name, column;
};
constexpr std::array<Sorting, 3> sortings = {
    {{"name", "name"}, {"createdAt", "created_at"}, {"updatedAt", "updated_at"}}};

// The text for LIKE with its own wildcards taken literally (ESCAPE '\').
std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

}  // namespace

Result<Camera> Cameras::store(db::Session& session, const Camera& before, const CameraFields& fields, bool is_new) {
  Camera camera = before;
  apply(camera, fields);
  camera.updated_at = base::format_time(clock_.now());
  if (is_new && !fields.stream) {
    auto free = free_short_name(short_name(camera.name),
                                [&](const std::string& name) { return is_taken(session, name, camera.id); });
    if (!free) return tl::unexpected(free.error());
    camera.stream = *free;
  }
  if (!camera.owner_id.empty() && camera.owner_id != before.owner_id) {
    auto owner = session.query("SELECT id FROM users WHERE id = :id AND organization_id = :organization",
                               {{"id", camera.owner_id}, {"organization", camera.organization_id}});
    if (!owner) return tl::unexpected(owner.error());
    if (owner->empty()) return base::invalid("ownerId", "there is no such user");
  }
  db::Bindings bindings = bindings_of(camera, secrets_);
  if (is_new) {
    camera.created_at = camera.updated_at;
    bindings.emplace_back("created_at", camera.created_at);
  }
  auto stored = session.execute(
      is_new ? "INSERT INTO cameras (id, name, stream, company, model, serial_number, location, place, resolution, "
               "source_url, source_transport, source_on_demand, source_transcode, is_active, is_recording, is_public, "
               "stream_key, "
               "stream_key_digest, owner_id, organization_id, updated_at, created_at) VALUES (:id, :name, :stream, "
               ":company, :model, "
               ":serial_number, :location, :place, :resolution, :source_url, :source_transport, :source_on_demand, "
               ":source_transcode, "
               ":is_active, :is_recording, :is_public, :stream_key, :stream_key_digest, :owner_id, :organization_id, "
               ":updated_at, "
               ":created_at)"
             : "UPDATE cameras SET name = :name, stream = :stream, company = :company, model = :model, serial_number "
               "= :serial_number, location = :location, place = :place, resolution = :resolution, source_url = "
               ":source_url, source_transport = :source_transport, source_on_demand = :source_on_demand, "
               "source_transcode = :source_transcode, is_active = "
               ":is_active, is_recording = :is_recording, is_public = :is_public, stream_key = :stream_key, "
               "stream_key_digest = :stream_key_digest, owner_id "
               "= :owner_id, updated_at = :updated_at WHERE id = :id AND organization_id = :organization_id",
      bindings);
  if (!stored) return store_error(stored.error());
  return camera;
}

Result<Camera> Cameras::create(std::string_view organization_id, const CameraFields& fields) {
  if (auto checked = check_fields(fields, true); !checked) return tl::unexpected(checked.error());
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  Camera fresh;
  fresh.id = base::uuid_v4();
  fresh.stream_key = base::uuid_v4();
  fresh.organization_id = organization_id;
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto stored = store(*session, fresh, fields, true);
    if (!stored) return tl::unexpected(stored.error());
    fresh = std::move(*stored);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  tell(CameraEvent::Kind::created, fresh);
  return fresh;
}

Result<Camera> Cameras::update(std::string_view organization_id, std::string_view id, const CameraFields& fields) {
  if (auto checked = check_fields(fields, false); !checked) return tl::unexpected(checked.error());
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  Camera camera;
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto before = one(*session, secrets_, "WHERE id = :id AND organization_id = :organization",
                      {{"id", id}, {"organization", organization_id}});
    if (!before) return tl::unexpected(before.error());
    auto stored = store(*session, *before, fields, false);
    if (!stored) return tl::unexpected(stored.error());
    camera = std::move(*stored);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  tell(CameraEvent::Kind::changed, camera);
  return camera;
}

Result<Camera> Cameras::new_stream_key(std::string_view organization_id, std::string_view id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  Camera camera;
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto before = one(*session, secrets_, "WHERE id = :id AND organization_id = :organization",
                      {{"id", id}, {"organization", organization_id}});
    if (!before) return tl::unexpected(before.error());
    before->stream_key = base::uuid_v4();
    auto stored = store(*session, *before, {}, false);
    if (!stored) return tl::unexpected(stored.error());
    camera = std::move(*stored);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  tell(CameraEvent::Kind::changed, camera);
  return camera;
}

Result<void> Cameras::remove(std::string_view organization_id, std::string_view id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  Camera camera;
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto before = one(*session, secrets_, "WHERE id = :id AND organization_id = :organization",
                      {{"id", id}, {"organization", organization_id}});
    if (!before) return tl::unexpected(before.error());
    camera = std::move(*before);
    auto removed = session->execute("DELETE FROM cameras WHERE id = :id", {{"id", id}});
    if (!removed) return tl::unexpected(removed.error());
    return {};
  });
  if (!done) return done;
  tell(CameraEvent::Kind::removed, camera);
  return {};
}

Result<Camera> Cameras::find(std::string_view organization_id, std::string_view name_or_id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return one(*session, secrets_, where_key(name_or_id) + " AND organization_id = :organization",
             {{"key", name_or_id}, {"organization", organization_id}});
}

Result<Camera> Cameras::find_anywhere(std::string_view name_or_id) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return one(*session, secrets_, where_key(name_or_id), {{"key", name_or_id}});
}

Result<Camera> Cameras::find_by_stream_key(std::string_view key) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return one(*session, secrets_, "WHERE stream_key_digest = :digest", {{"digest", secrets_.digest(key)}});
}

// A row has no digest until nothing of it lies open in the file any more: what fails on the way there is done again
// at the next start.
Result<void> Cameras::seal() {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  std::vector<std::pair<std::string, std::string>> keys;  // of the rows without a digest, by id
  auto done = session->transaction(db::Durability::full, [&]() -> Result<void> {
    auto rows = session->query("SELECT id, source_url, stream_key, stream_key_digest FROM cameras");
    if (!rows) return tl::unexpected(rows.error());
    for (const db::Row& row : *rows) {
      const std::string id = row["id"].text(), url = row["source_url"].text(), key = row["stream_key"].text();
      const bool has_digest = !row["stream_key_digest"].is_null();
      if (has_digest || base::SecretBox::is_sealed(key)) {
        auto opened = secrets_.open(key, place_of("stream_key", id));
        if (!opened) return tl::unexpected(opened.error());
        if (!has_digest) keys.emplace_back(id, std::move(*opened));
        continue;
      }
      keys.emplace_back(id, key);
      auto sealed = session->execute("UPDATE cameras SET source_url = :url, stream_key = :key WHERE id = :id",
                                     {{"url", secrets_.seal(url, place_of("source_url", id))},
                                      {"key", secrets_.seal(key, place_of("stream_key", id))},
                                      {"id", id}});
      if (!sealed) return tl::unexpected(sealed.error());
    }
    return {};
  });
  if (!done || keys.empty()) return done;
  if (auto forgotten = database_.forget_deleted(); !forgotten) return forgotten;
  return session->transaction(db::Durability::full, [&]() -> Result<void> {
    for (const auto& [id, key] : keys) {
      auto noted = session->execute("UPDATE cameras SET stream_key_digest = :digest WHERE id = :id",
                                    {{"digest", secrets_.digest(key)}, {"id", id}});
      if (!noted) return tl::unexpected(noted.error());
    }
    return {};
  });
}

Result<CameraPage> Cameras::list(const CameraQuery& query) {
  const bool descending = !query.sort.empty() && query.sort.front() == '-';
  const auto sorting = std::find_if(sortings.begin(), sortings.end(), [&](const Sorting& known) {
    return known.name == std::string_view(query.sort).substr(descending ? 1 : 0);
  });
  if (sorting == sortings.end()) return base::invalid("sort", "expected name, createdAt or updatedAt");
  if (query.limit < 1 || query.limit > 1000) return base::invalid("limit", "expected 1 to 1000");

  std::string where = "WHERE organization_id = :organization";
  db::Bindings bindings = {{"organization", query.organization_id}};
  const auto and_equal = [&](const char* column, const db::Value& value) {
    where += std::string(" AND ") + column + " = :" + column;
    bindings.emplace_back(column, value);
  };
  if (query.owner_id) and_equal("owner_id", *query.owner_id);
  if (query.stream_status) and_equal("stream_status", *query.stream_status);
  if (query.is_active) and_equal("is_active", *query.is_active);
  if (query.search) {
    where += R"( AND lower(name || ' ' || stream || ' ' || location || ' ' || place) LIKE lower(:search) ESCAPE '\')";
    bindings.emplace_back("search", like_pattern(*query.search));
  }
  const std::string column(sorting->column);
  if (!query.cursor.empty()) {
    const auto cursor = read_cursor(query.cursor);
    if (!cursor) return base::invalid("cursor", "not a cursor of this list");
    const std::string sign = descending ? "<" : ">";
    where += " AND (" + column + " " + sign + " :after OR (" + column + " = :same AND id " + sign + " :after_id))";
    bindings.emplace_back("after", cursor->value);
    bindings.emplace_back("same", cursor->value);
    bindings.emplace_back("after_id", cursor->id);
  }
  const std::string direction = descending ? " DESC" : "";
  where += " ORDER BY " + column + direction + ", id" + direction + " LIMIT :limit";
  bindings.emplace_back("limit", static_cast<int64_t>(query.limit) + 1);  // one more tells whether there is a next page

  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto found = select(*session, secrets_, where, bindings);
  if (!found) return tl::unexpected(found.error());
  CameraPage page{std::move(*found), {}};
  if (page.items.size() > query.limit) {
    page.items.pop_back();
    const Camera& last = page.items.back();
    page.next_cursor = write_cursor(
        {column == "name" ? last.name : (column == "created_at" ? last.created_at : last.updated_at), last.id});
  }
  return page;
}

Result<std::vector<Camera>> Cameras::all() {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  return select(*session, secrets_, "ORDER BY name, id", {});
}

Result<void> Cameras::refresh() {
  const auto cameras = all();
  if (!cameras) return tl::unexpected(cameras.error());
  std::map<std::string, Camera> gone = told_;
  for (const Camera& camera : *cameras) {
    const auto known = gone.extract(camera.id);
    if (known.empty())
      tell(CameraEvent::Kind::created, camera);
    else if (!is_described_alike(known.mapped(), camera))
      tell(CameraEvent::Kind::changed, camera);
  }
  for (const auto& [id, camera] : gone)
    tell(CameraEvent::Kind::removed, camera);
  return {};
}

Result<void> Cameras::set_status(std::string_view id, std::string_view stream_status, std::string_view status) {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto changed = session->execute("UPDATE cameras SET stream_status = :stream_status, status = :status WHERE id = :id",
                                  {{"stream_status", stream_status}, {"status", status}, {"id", id}});
  if (!changed) return tl::unexpected(changed.error());
  if (*changed == 0) return no_such_camera();
  return {};
}

Result<void> Cameras::reset_status() {
  auto session = database_.session();
  if (!session) return tl::unexpected(session.error());
  auto changed = session->execute(
      "UPDATE cameras SET stream_status = 'offline', status = 'offline' "
      "WHERE stream_status <> 'offline' OR status <> 'offline'");
  if (!changed) return tl::unexpected(changed.error());
  return {};
}

void Cameras::tell(CameraEvent::Kind kind, const Camera& camera) {
  if (kind == CameraEvent::Kind::removed)
    told_.erase(camera.id);
  else
    told_.insert_or_assign(camera.id, camera);
  for (const Subscriber& subscriber : subscribers_)
    subscriber({kind, camera});
}

}  // namespace reallive::catalog
