// Api: the server's HTTP surface: accounts, cameras, WHIP, WHEP, health and metrics. Main loop's thread.
// Owns the table of WebRTC sessions; everything else it uses belongs to app and must outlive it.
// It never starts or stops sources: whoever subscribes to catalog::Cameras does, before and after each change.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/live.h"
#include "api/settings_port.h"
#include "api/source_rules.h"
#include "auth/authenticator.h"
#include "auth/invitations.h"
#include "auth/logins.h"
#include "auth/users.h"
#include "base/executor.h"
#include "base/time.h"
#include "catalog/cameras.h"
#include "catalog/sessions.h"
#include "http/server.h"
#include "media/media.h"
#include "signaling/endpoint.h"

namespace reallive::api {

struct Config {
  signaling::Config signaling = {};
  std::string public_url = {};          ///< `https://cam.example.org`; empty: as the client's Host header says
  std::string registration = "closed";  ///< who may make an account: `closed`, `invite` or `open`
  std::string setup_token = {};         ///< makes the first account, while there is none; empty: no such link was made
  std::chrono::days keep_sessions{90};  ///< rows of sessions that are over; 0 keeps them for ever
  SourceRules sources = {};             ///< what `source.url` may be
  bool operator==(const Config&) const = default;
};

/// Where other devices find this server at the moment.
struct Reach {
  std::vector<std::string> http, https;  ///< `https://192.168.1.7:8443/cams`, best first
  std::string authority_pem;             ///< the local authority's certificate; empty when there is none to trust
};

struct Dependencies {
  auth::Authenticator& authenticator;
  auth::Users& users;
  auth::Logins& logins;
  auth::Invitations& invitations;
  catalog::Cameras& cameras;
  catalog::Sessions& sessions;
  media::Media& media;
  Live& live;  ///< the same that media was created with as its listener
  base::Executor& executor;
  const base::Clock& clock;
  std::function<Reach()> reach = {};
  SettingsPort* settings = nullptr;  ///< null: there is no resource of that name
};

class Context;

class Api {
 public:
  Api(Config config, const Dependencies& dependencies);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// Adds every route. The router's handlers need this object as long as they are called.
  void install(http::Router& router);
  /// What http::Server reports its exchanges to, for /metrics.
  http::Observer observer();
  /// Ends the sessions of those who may not have them any more: somebody else changed the accounts.
  void recheck_sessions();
  /// For requests from now on.
  void reconfigure(Config config);
  /// From now on /readyz answers 503, so that balancers send nobody here any more.
  void drain();

 private:
  std::shared_ptr<Context> context_;
};

}  // namespace reallive::api
