// Context: what the resources of the API share: their dependencies, who is asking, errors in one form.
// Main loop's thread; it outlives no Api, and callbacks that come later find it gone.
// It never answers more than once to a request.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/api.h"
#include "api/idempotency.h"
#include "api/metrics.h"
#include "api/seats.h"
#include "api/session_pruner.h"
#include "auth/authorization.h"
#include "auth/principal.h"
#include "auth/throttle.h"
#include "http/router.h"

namespace reallive::api {

/// Status of an error code; 500 for codes that no client can do anything about.
int status_of(std::string_view code);
/// The message of a server's own failure (500) is logged, not sent.
void reply_error(const http::Reply& reply, const base::Error& error);
/// 401 with the challenges of RFC 9110 section 11.6.1.
void reply_unauthenticated(const http::Reply& reply, const base::Error& error);
/// Allowed is no error. `subject` as in "camera": 404 says that there is no such one.
std::optional<base::Error> access_error(auth::Access access);

/// Hands signaling's questions to media.
class MediaAdapter final : public signaling::MediaPort {
 public:
  MediaAdapter(media::Media& media, Live& live) : media_(media), live_(live) {}
  void view(const std::string& stream, const std::string& offer, Callback done) override;
  void publish(const std::string& stream, const std::string& offer, Callback done) override;
  bool trickle(const std::string& session, const std::string& fragment) override;
  base::Result<std::string> restart_ice(const std::string& session, const std::string& fragment) override;
  bool end_session(const std::string& session) override;

 private:
  media::Media& media_;
  Live& live_;
};

class EventFeeds;
class SignalingSockets;

class Context : public std::enable_shared_from_this<Context> {
 public:
  using WithPrincipal = std::function<void(const auth::Principal&)>;
  using WithAnybody = std::function<void(const std::optional<auth::Principal>&)>;

  Context(Config configuration, const Dependencies& dependencies);
  ~Context();

  /// Who is asking, nobody included; wrong credentials are answered here. `then` comes later, unless there are none.
  void identify(const http::Reply& reply, WithAnybody then);
  /// As identify(), but nobody is answered 401.
  void require(const http::Reply& reply, WithPrincipal then);
  /// As require(), for admins; others are answered 403.
  void require_admin(const http::Reply& reply, WithPrincipal then);
  /// The camera that `{id}` names, if the one who asks may do this with it; everything else is answered here.
  void with_camera(const http::Reply& reply, auth::Action action,
                   const std::function<void(const auth::Principal&, const catalog::Camera&)>& then);

  /// `https://cam.example.org`, as the client reaches this server.
  std::string base_url(const http::Request& request) const;

  /// The path in front of every address, as a proxy adds it: `/live`, or empty.
  std::string base_path() const;

  /// `[{urls: [URL], username?, credential?}]`, as RTCPeerConnection takes them.
  base::Json ice_servers_json(const std::string& user_id) const;

  /// Reads media's counters every few seconds.
  void keep_sampling();
  /// Ends the sessions of those who would not be let in any more: logged out, switched off, removed, a new password, a
  /// camera with another owner or no longer public. Of one camera, or of all.
  void recheck_sessions(const std::string& camera_id = {});
  /// Rechecks a camera's sessions whenever it changes.
  void watch_cameras();

  Config config;
  const Dependencies deps;
  MediaAdapter media_port;
  signaling::Endpoint endpoint;
  Metrics metrics;
  IdempotencyKeys idempotency;
  Seats seats;  ///< of connections that stay open
  std::unique_ptr<EventFeeds> event_feeds;
  std::unique_ptr<SignalingSockets> signaling_sockets;
  SessionPruner session_pruner;
  auth::Throttle registrations;
  std::string setup_token;  ///< empty once there is an account
  bool draining = false;

 private:
  bool may_go_on(const base::Result<catalog::Camera>& camera, signaling::Kind kind, const signaling::Caller& caller);

  base::Executor::Timer timer_ = 0;
};

auth::Resource resource_of(const catalog::Camera& camera);
/// Whether all that is known of it may be told. Else who asks may at most watch it, since it is public: then no address
/// of it and nothing of its place or its people leaves the server.
bool may_view(const std::optional<auth::Principal>& principal, const catalog::Camera& camera);
/// Instead of why something is wrong with a camera, which names hosts and ports. Empty stays empty.
std::string fault_for_watchers(const std::string& fault);
/// The same of why a session ended: "failed" without the sentence behind it.
std::string end_for_watchers(std::string_view reason);

/// The resources, one file each.
void install_addresses(http::Router& router, Context& context);
void install_auth(http::Router& router, Context& context);
void install_registration(http::Router& router, Context& context);
void install_users(http::Router& router, Context& context);
void install_sessions(http::Router& router, Context& context);
void install_camera_key(http::Router& router, Context& context);
void install_cameras(http::Router& router, Context& context);
void install_camera_stream(http::Router& router, Context& context);
void install_camera_test(http::Router& router, Context& context);
void install_whip_whep(http::Router& router, Context& context);
void install_signaling(http::Router& router, Context& context);
void install_events(http::Router& router, Context& context);
void install_health(http::Router& router, Context& context);
void install_metrics(http::Router& router, Context& context);
void install_settings(http::Router& router, Context& context);

}  // namespace reallive::api
