// Cameras: the cameras of the database, scoped by organization. Blocking SQL of microseconds. Source addresses (they
// hold passwords) and stream keys are sealed on the disk. Any thread, but listeners are called on the thread that makes
// the change, after it is stored. It never starts or stops media; whoever does that subscribes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_box.h"
#include "base/time.h"
#include "catalog/camera.h"
#include "db/database.h"

namespace reallive::catalog {

struct CameraQuery {
  std::string organization_id;
  std::optional<std::string> owner_id;       ///< only this user's
  std::optional<std::string> stream_status;  ///< `?status=`
  std::optional<bool> is_active;
  std::optional<std::string> search;  ///< part of name, short name, location or place
  std::string sort = "name";          ///< `name`, `createdAt`, `updatedAt`, with `-` in front for descending
  size_t limit = 100;                 ///< 1 to 1000
  std::string cursor;                 ///< as a former page gave it; empty for the first
};

struct CameraPage {
  std::vector<Camera> items;
  std::string next_cursor;  ///< empty on the last page
};

struct CameraEvent {
  enum class Kind { created, changed, removed };
  Kind kind = Kind::changed;
  Camera camera;
};

/// What changes cameras belongs to one thread, as subscribers are told on it; the rest to any.
/// Error codes: VALIDATION_FAILED with a field, CAMERA_SERIAL_DUPLICATE (field serialNumber), CONFLICT (the short name
/// was asked for and is taken; field stream), CAMERA_NOT_FOUND, or those of db::Session.
class Cameras {
 public:
  using Subscriber = std::function<void(const CameraEvent&)>;

  Cameras(db::Database& database, const base::Clock& clock, const base::SecretBox& secrets)
      : database_(database), clock_(clock), secrets_(secrets) {}

  /// Seals what a former version stored in the clear, and leaves no trace of that in the file; when that fails, the
  /// next call does what is left. Fails when what is sealed was sealed with another key.
  base::Result<void> seal();

  base::Result<Camera> create(std::string_view organization_id, const CameraFields& fields);
  base::Result<Camera> update(std::string_view organization_id, std::string_view id, const CameraFields& fields);
  base::Result<Camera> new_stream_key(std::string_view organization_id, std::string_view id);
  base::Result<void> remove(std::string_view organization_id, std::string_view id);

  /// By id or short name, within an organization.
  base::Result<Camera> find(std::string_view organization_id, std::string_view name_or_id);
  /// By id or short name on the whole server: for /whip and /whep, whose callers are checked afterwards.
  base::Result<Camera> find_anywhere(std::string_view name_or_id);
  /// The camera that this key publishes to, on the whole server.
  base::Result<Camera> find_by_stream_key(std::string_view key);
  base::Result<CameraPage> list(const CameraQuery& query);
  /// Every camera of every organization.
  base::Result<std::vector<Camera>> all();
  /// Tells subscribers what changed since they were told: by another process, as the command line is one, or before
  /// the first call, which tells of every camera there is.
  base::Result<void> refresh();

  /// What media sees; does not touch updated_at and tells no subscriber.
  base::Result<void> set_status(std::string_view id, std::string_view stream_status, std::string_view status);
  /// Everything is offline until media says otherwise.
  base::Result<void> reset_status();

  /// For the life of this object.
  void subscribe(Subscriber subscriber) { subscribers_.push_back(std::move(subscriber)); }

 private:
  base::Result<Camera> store(db::Session& session, const Camera& before, const CameraFields& fields, bool is_new);
  void tell(CameraEvent::Kind kind, const Camera& camera);

  db::Database& database_;
  const base::Clock& clock_;
  const base::SecretBox& secrets_;
  std::vector<Subscriber> subscribers_;
  std::map<std::string, Camera> told_;  // by id, as subscribers know them
};

}  // namespace reallive::catalog
