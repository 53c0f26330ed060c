#include "api/api.h"

#include <utility>

#include "api/context.h"

namespace reallive::api {

Api::Api(Config config, const Dependencies& dependencies)
    : context_(std::make_shared<Context>(std::move(config), dependencies)) {
  context_->keep_sampling();
  context_->watch_cameras();
}

Api::~Api() = default;

void Api::install(http::Router& router) {
  install_addresses(router, *context_);
  install_auth(router, *context_);
  install_registration(router, *context_);
  install_users(router, *context_);
  install_sessions(router, *context_);
  install_cameras(router, *context_);
  install_camera_key(router, *context_);
  install_camera_stream(router, *context_);
  install_camera_test(router, *context_);
  install_whip_whep(router, *context_);
  install_signaling(router, *context_);
  install_events(router, *context_);
  install_health(router, *context_);
  install_metrics(router, *context_);
  install_settings(router, *context_);
}

http::Observer Api::observer() {
  return [context = std::weak_ptr(context_)](const http::Exchange& exchange) {
    if (const auto alive = context.lock()) alive->metrics.count(exchange);
  };
}

void Api::recheck_sessions() {
  context_->recheck_sessions();
}

void Api::reconfigure(Config config) {
  context_->endpoint.reconfigure(config.signaling);
  context_->session_pruner.set_keep(config.keep_sessions);
  context_->config = std::move(config);
}

void Api::drain() {
  context_->draining = true;
  context_->deps.live.sample();  // the last chance: media's sessions end next
}

}  // namespace reallive::api
