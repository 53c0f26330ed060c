#include "api/event_feeds.h"

#include <map>
#include <optional>
#include <utility>

#include "api/json_output.h"
#include "api/visitor.h"
#include "base/id.h"

namespace reallive::api {
namespace {

constexpr std::chrono::seconds tick_interval{5};
constexpr unsigned ticks_a_heartbeat = 3;

base::Json status_data(const catalog::Camera& camera, const std::string& stream_status, const std::string& status,
                       const std::string& error) {
  return base::Json::object(
      {{"stream", camera.stream}, {"streamStatus", stream_status}, {"status", status}, {"error", text_or_null(error)}});
}

base::Json session_data(const events::SessionChanged& session, const std::string& error) {
  return base::Json::object({{"id", text_or_null(session.session_id)},
                             {"kind", session.kind},
                             {"status", session.active          ? "active"
                                        : session.error.empty() ? "ended"
                                                                : "error"},
                             {"userId", text_or_null(session.user_id)},
                             {"error", text_or_null(error)}});
}

base::Json event_json(const std::string& id, const char* type, const std::string& camera_id, base::Json data,
                      base::Time time) {
  auto json = base::Json::object({{"id", id}, {"type", type}});
  if (!camera_id.empty()) json.set("cameraId", camera_id);
  return json.set("data", std::move(data)).set("timestamp", base::format_time(time));
}

base::Json change_data(const events::CameraChanged& camera) {
  return base::Json::object({{"stream", camera.stream}, {"change", camera.change}});
}

/// One event, and who may hear it.
struct Told {
  const char* type;
  base::Json json;
  base::Json watchers_json;  ///< the same without what says why, for who may watch the camera and no more
  auth::Resource camera;
  std::string user_id;  ///< of a session's: they hear of it although the camera is not theirs

  const base::Json& json_for(const auth::Principal& principal) const {
    return auth::can(principal, auth::Action::view, camera) == auth::Access::allowed ? json : watchers_json;
  }
  bool fits(const EventFeeds::Wish& wish) const {
    if (!wish.types.empty() && wish.types.count(type) == 0) return false;
    if (!user_id.empty() && user_id == wish.principal.user_id) return true;
    // Who watches is the business of those whose camera it is.
    const bool about_people = type == event_types[1];
    const auto action = about_people ? auth::Action::change : auth::Action::watch;
    return auth::can(wish.principal, action, camera) == auth::Access::allowed;
  }
};

/// What a replay of many events has found already.
using Found = std::map<std::string, std::optional<catalog::Camera>>;

/// Nothing when the camera is gone: nobody has a right to it any more, and that it went is all that is told of it.
std::optional<Told> prepare(Context& context, const events::Entry& entry, Found& found) {
  const auto camera_id = std::visit([](const auto& event) { return event.camera_id; }, entry.event);
  const auto time = std::visit([](const auto& event) { return event.time; }, entry.event);
  auto known = found.find(camera_id);
  if (known == found.end()) {
    const auto asked = context.deps.cameras.find_anywhere(camera_id);
    known = found.emplace(camera_id, asked ? std::optional(*asked) : std::nullopt).first;
  }
  const auto& camera = known->second;
  const auto* change = std::get_if<events::CameraChanged>(&entry.event);
  if (!camera && !(change && change->change == "removed")) return {};
  Told told;
  told.camera =
      camera ? resource_of(*camera) : auth::Resource{change->organization_id, change->owner_id, change->is_public};
  if (const auto* status = std::get_if<events::CameraStatus>(&entry.event)) {
    told.type = event_types[0];
    const auto json = [&](const std::string& error) {
      return event_json(entry.id, told.type, camera_id,
                        status_data(*camera, status->stream_status, status->status, error), time);
    };
    told.json = json(status->error);
    told.watchers_json = json(fault_for_watchers(status->error));
  } else if (const auto* session = std::get_if<events::SessionChanged>(&entry.event)) {
    told.type = event_types[1];
    told.user_id = session->user_id;
    told.json = event_json(entry.id, told.type, camera_id, session_data(*session, session->error), time);
    told.watchers_json =
        event_json(entry.id, told.type, camera_id, session_data(*session, end_for_watchers(session->error)), time);
  } else {
    told.type = event_types[2];
    told.json = told.watchers_json = event_json(entry.id, told.type, camera_id, change_data(*change), time);
  }
  return told;
}

}  // namespace

EventFeeds::EventFeeds(Context& context, events::Bus& bus) : context_(context), journal_(bus, base::random_token(6)) {
  journal_.set_listener([this](const events::Entry& entry) { tell(entry); });
  tick();
}

EventFeeds::~EventFeeds() {
  context_.deps.executor.cancel(timer_);
}

EventFeeds::Feed EventFeeds::open(Wish wish, Outlet outlet) {
  const Feed feed = ++last_;
  const Listener listener{std::move(wish), std::move(outlet)};
  feeds_.emplace(feed, listener);
  const auto missed = journal_.since(listener.wish.last_id);
  if (!missed) {
    send_snapshot(listener);
    return feed;
  }
  Found found;
  for (const events::Entry& entry : *missed) {
    const auto told = prepare(context_, entry, found);
    if (told && told->fits(listener.wish)) listener.outlet.send(entry.id, told->json_for(listener.wish.principal));
  }
  return feed;
}

void EventFeeds::send_snapshot(const Listener& listener) {
  const auto& types = listener.wish.types;
  if (!types.empty() && types.count(event_types[0]) == 0) return;
  std::vector<catalog::Camera> visible;
  if (auto cameras = context_.deps.cameras.all()) {
    visible = std::move(*cameras);
    std::erase_if(visible, [&](const catalog::Camera& camera) {
      return auth::can(listener.wish.principal, auth::Action::watch, resource_of(camera)) != auth::Access::allowed;
    });
  }
  // Every one has the newest event's id: who comes back with it has seen all up to here.
  const std::string id = journal_.last_id();
  const base::Time now = context_.deps.clock.now();
  const auto count = base::Json::object({{"cameras", static_cast<int64_t>(visible.size())}});
  listener.outlet.send(id, event_json(id, "snapshot", {}, count, now));
  for (const catalog::Camera& camera : visible) {
    const std::string error = context_.deps.media.status(camera.id).error;
    const auto data = status_data(camera, camera.stream_status, camera.status,
                                  may_view(listener.wish.principal, camera) ? error : fault_for_watchers(error));
    listener.outlet.send(id, event_json(id, event_types[0], camera.id, data, now));
  }
}

void EventFeeds::tell(const events::Entry& entry) {
  if (feeds_.empty()) return;
  Found found;
  const auto told = prepare(context_, entry, found);
  if (!told) return;
  for (const auto& [feed, listener] : feeds_)
    if (told->fits(listener.wish)) listener.outlet.send(entry.id, told->json_for(listener.wish.principal));
}

void EventFeeds::recheck() {
  std::vector<std::pair<Feed, std::string>> withdrawn;
  for (auto& [feed, listener] : feeds_) {
    auto principal = let_in_again(context_, listener.wish.principal);
    if (principal) {
      listener.wish.principal = std::move(*principal);
    } else if (status_of(principal.error().code) == 401) {  // not because a database does not answer right now
      withdrawn.emplace_back(feed, principal.error().message);
    }
  }
  for (const auto& [feed, reason] : withdrawn) {
    const auto node = feeds_.extract(feed);
    if (!node.empty()) node.mapped().outlet.end(reason);
  }
}

void EventFeeds::tick() {
  timer_ = context_.deps.executor.post_after(tick_interval, [this] { tick(); });
  if (feeds_.empty()) return;
  recheck();
  if (++ticks_ % ticks_a_heartbeat != 0) return;
  for (const auto& [feed, listener] : feeds_)
    if (listener.outlet.heartbeat) listener.outlet.heartbeat();
}

}  // namespace reallive::api
