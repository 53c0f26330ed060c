#include "app/serve.h"

#include <iostream>
#include <optional>
#include <signal.h>
#include <sys/resource.h>
#include <utility>

#include "api/api.h"
#include "api/live.h"
#include "app/certificates.h"
#include "app/control.h"
#include "app/host.h"
#include "app/main_loop.h"
#include "app/module_configs.h"
#include "app/notify.h"
#include "app/places.h"
#include "app/reach.h"
#include "app/settings.h"
#include "app/setup_link.h"
#include "app/sources.h"
#include "auth/authenticator.h"
#include "base/id.h"
#include "base/log.h"
#include "events/bus.h"
#include "http/router.h"
#include "http/server.h"
#include "http/static_files.h"
#include "media/media.h"

namespace reallive::app {

using base::Result;

namespace {

namespace log = base::log;

/// What other commands would take.
Result<void> check_serving(const Configuration& configuration) {
  if (configuration.webrtc_listen != "off") return {};
  return base::fail("configuration", "webrtc.listen: off would leave no way to watch: there is no other protocol yet");
}

// Its members are made in this order and go in the opposite one: whoever uses another stands below it.
class Server {
 public:
  Server(const CommonOptions& options, Configuration configuration, std::unique_ptr<Store> store)
      : configuration_(std::move(configuration)),
        store_(std::move(store)),
        settings_(options, [this](const Configuration& next) { return apply(next); }) {}

  Result<void> start() {
    // First: whoever reads that the server listens may stop it at once.
    for (const int number : {SIGTERM, SIGINT})
      loop_.on_signal(number, [this] { stop(); });
    if (auto loaded = settings_.load(); !loaded) return tl::unexpected(loaded.error());
    if (auto ready = prepare_database(); !ready) return ready;
    auto authenticator = auth::Authenticator::create(auth_config(configuration_), store_->data_dir.path(),
                                                     store_->users, store_->logins, loop_, base::system_clock());
    if (!authenticator) return tl::unexpected(authenticator.error());
    authenticator_ = std::move(*authenticator);

    use_own_plugins();
    auto media = media::Media::create(media_config(configuration_), live_);
    if (!media) return tl::unexpected(media.error());
    media_ = std::move(*media);
    sources_ = std::make_unique<Sources>(*media_);
    store_->cameras.subscribe([this](const catalog::CameraEvent& event) { sources_->apply(event); });
    if (auto loaded = store_->cameras.refresh(); !loaded) return loaded;

    if (auto made = make_setup_token(); !made) return made;
    api_ = std::make_unique<api::Api>(
        api_config(configuration_, setup_token_),
        api::Dependencies{*authenticator_, store_->users, store_->logins, store_->invitations, store_->cameras,
                          store_->sessions, *media_, live_, loop_, base::system_clock(), [this] { return reach(); },
                          &settings_});
    api_->install(router_);
    router_.set_fallback(http::StaticFiles(web_dir()));
    auto http = http::Server::create(http_config(configuration_), router_, api_->observer());
    if (!http) return tl::unexpected(http.error());
    http_ = std::move(*http);
    if (configuration_.https_listen != "off") {
      auto ready = certificates_.prepare(certificate_config(configuration_));
      if (!ready) return tl::unexpected(ready.error());
      certificates_.use(std::move(*ready));
    }

    auto control = ControlServer::create(store_->data_dir, loop_, [this] { reload(); });
    if (!control) return tl::unexpected(control.error());
    control_ = std::move(*control);
    loop_.on_signal(SIGHUP, [this] { reload_settings(); });
    return {};
  }

  void announce() {
    for (const http::Listening& at : http_->listening()) {
      const std::string url = at.to_string();
      const size_t scheme = url.find("://");
      std::cout << "listening " << url.substr(0, scheme) << ' ' << url.substr(scheme + 3) << std::endl;
    }
    const std::string& webrtc = configuration_.webrtc_listen;
    std::cout << "listening webrtc " << webrtc.substr(0, webrtc.rfind(':')) << ':' << media_->webrtc_port()
              << std::endl;
    const api::Reach reach = this->reach();
    for (const auto* urls : {&reach.http, &reach.https})
      for (const std::string& url : *urls)
        std::cout << "open " << url << " in a browser" << std::endl;
    if (!reach.https.empty() && !reach.authority_pem.empty())
      std::cout << "other devices do not know this server's certificate yet: " << reach.https.front()
                << "/trust tells how they learn to trust it" << std::endl;
    std::string missing = "webrtc by TCP";
    for (const auto& [name, address] :
         {std::pair{"rtsp", &configuration_.rtsp_listen}, std::pair{"rtsps", &configuration_.rtsps_listen},
          std::pair{"rtmp", &configuration_.rtmp_listen}, std::pair{"rtmps", &configuration_.rtmps_listen},
          std::pair{"srt", &configuration_.srt_listen}})
      if (*address != "off") missing += ", " + std::string(name) + " (" + *address + ")";
    std::cout << "not there yet in this version: " << missing << std::endl;
    if (!setup_token_.empty()) {
      std::vector<std::string> urls = reach.https;
      urls.insert(urls.end(), reach.http.begin(), reach.http.end());
      announce_setup(urls, setup_token_, store_->data_dir.path());
    }
    if (store_->data_dir.is_open_to_others())
      log::warning("app", "others on this machine may look into the data directory",
                   {{"directory", store_->data_dir.path().string()}});
  }

  void run() {
    notify_.ready();
    loop_.run();
    if (auto ended = store_->sessions.end_active(); !ended)
      log::warning("app", "the end of sessions could not be written", {{"reason", ended.error().message}});
  }

 private:
  api::Reach reach() const {
    const HostNames host = host_names();
    const std::string base_path = http_config(configuration_).base_path;
    return {reachable_urls(http_->listening(), host, base_path, false),
            reachable_urls(http_->listening(), host, base_path, true), certificates_.authority_pem()};
  }

  void reload_settings() {
    notify_.reloading();
    const auto done = settings_.reload();
    certificates_.refresh();  // files may be others under the same names
    log::write(done ? log::Level::info : log::Level::error, "app",
               done ? "the settings were read anew" : "the settings before stay in use",
               {{"reason", done ? "asked to" : done.error().message}});
    notify_.ready();
  }

  /// Each module hears of it only when its own share has changed. All that can be refused is tried before anything
  /// changes.
  Result<void> apply(Configuration next) {
    if (auto fine = check_serving(next); !fine) return fine;
    auto address = media_->open_address(media_config(next));
    if (!address) return base::invalid("webrtc.listen", address.error().message);
    std::optional<Certificates::Prepared> certificate;
    if (next.https_listen != "off" &&
        (certificate_config(next) != certificate_config(configuration_) || configuration_.https_listen == "off")) {
      auto prepared = certificates_.prepare(certificate_config(next));
      if (!prepared) return tl::unexpected(prepared.error());
      certificate = std::move(*prepared);
    }
    if (http_config(next) != http_config(configuration_)) {
      if (auto done = http_->reconfigure(http_config(next)); !done) return done;
    }

    if (certificate) certificates_.use(std::move(*certificate));
    media_->reconfigure(media_config(next), std::move(*address));
    authenticator_->set_token_life(auth_config(next).token_life);
    if (api_config(next, {}) != api_config(configuration_, {})) api_->reconfigure(api_config(next, setup_token_));
    if (next.log != configuration_.log) log::configure(next.log);
    configuration_ = std::move(next);
    return {};
  }

  Result<void> prepare_database() {
    auto stale = store_->sessions.close_stale();
    if (!stale) return tl::unexpected(stale.error());
    if (*stale > 0)
      log::warning("app", "the last server stopped without notice", {{"sessions", std::to_string(*stale)}});
    return store_->cameras.reset_status();
  }

  // In memory only: a server that is started anew makes a new link.
  Result<void> make_setup_token() {
    const auto users = store_->users.count();
    if (!users) return tl::unexpected(users.error());
    if (*users == 0) setup_token_ = base::random_token(24);
    return {};
  }

  // Accounts are looked up with each request; what runs already is asked about again.
  void reload() {
    if (auto loaded = store_->cameras.refresh(); !loaded)
      log::error("app", "cameras could not be read", {{"reason", loaded.error().message}});
    api_->recheck_sessions();
  }

  void stop() {
    if (std::exchange(stopping_, true)) return;
    log::info("app", "stopping");
    notify_.stopping();
    api_->drain();
    media_->shutdown();
    // What media posted about sessions that ended comes first.
    loop_.quit();
  }

  Configuration configuration_;
  std::unique_ptr<Store> store_;
  MainLoop loop_;
  Notify notify_{loop_};
  Settings settings_;
  events::Bus bus_;
  api::Live live_{store_->cameras, store_->sessions, bus_, base::system_clock()};
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<media::Media> media_;
  std::unique_ptr<Sources> sources_;
  std::string setup_token_;  // empty when there was an account at the start
  std::unique_ptr<api::Api> api_;
  http::Router router_;
  std::unique_ptr<http::Server> http_;
  Certificates certificates_{
      store_->data_dir.path() / "tls", loop_, base::system_clock(),
      [this](std::shared_ptr<tls::Context> context) { http_->set_identity(std::move(context)); }};
  std::unique_ptr<ControlServer> control_;
  bool stopping_ = false;
};

/// Connections, cameras and viewers take one each; the kernel's default of 1024 is for programs that use select().
void raise_descriptor_limit() {
  constexpr rlim_t wanted = 65'536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int serve(const CommonOptions& options) {
  auto configuration = configure(options);
  if (!configuration) return report(configuration.error());
  if (auto fine = check_serving(*configuration); !fine) return report(fine.error());
  log::configure(configuration->log);
  raise_descriptor_limit();
  auto data_dir = open_data_dir(*configuration);
  if (!data_dir) return report(data_dir.error());
  const auto lock = ServerLock::take(*data_dir);
  if (!lock) return report(lock.error());
  auto store = Store::open(std::move(*data_dir));
  if (!store) return report(store.error());
  Server server(options, std::move(*configuration), std::move(*store));
  if (auto started = server.start(); !started) return report(started.error());
  server.announce();
  server.run();
  return exit_done;
}

}  // namespace reallive::app
