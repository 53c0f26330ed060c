#include "app/module_configs.h"

#include "app/sources.h"
#include "http/public_url.h"

namespace reallive::app {

http::Config http_config(const Configuration& configuration) {
  http::Config config;
  config.listen = {configuration.http_listen};
  config.secure_listen = {configuration.https_listen};
  config.cors.origins = configuration.http_allow_origins;
  config.limits = configuration.http_limits;
  config.base_path = configuration.http_base_path;
  if (const auto url = http::parse_public_url(configuration.http_public_url); url && config.base_path.empty())
    config.base_path = url->path;
  config.trusted_proxies = configuration.http_trusted_proxies;
  // Only a certificate that the world knows: with the local one a device that trusts it no more must still get in.
  config.strict_transport = !configuration.https_certificate.empty();
  return config;
}

CertificateConfig certificate_config(const Configuration& configuration) {
  CertificateConfig config{configuration.https_certificate, configuration.https_key, {}};
  if (const auto url = http::parse_public_url(configuration.http_public_url)) config.public_host = url->host;
  return config;
}

auth::Config auth_config(const Configuration& configuration) {
  return {.token_life = std::chrono::hours(configuration.auth_token_hours)};
}

media::Config media_config(const Configuration& configuration) {
  const media::RtcLimits limits = {
      .max_sessions = static_cast<unsigned>(configuration.webrtc_max_sessions),
      .handshakes_per_second = static_cast<unsigned>(configuration.webrtc_handshakes_per_second),
      .connect_timeout_ms = static_cast<unsigned>(configuration.webrtc_connect_timeout_s) * 1000,
      .max_sdp_bytes = static_cast<unsigned>(configuration.webrtc_max_sdp_bytes),
      .max_packet_bytes = static_cast<unsigned>(configuration.webrtc_max_packet_bytes)};
  return {.webrtc_listen = configuration.webrtc_listen,
          .announced_addresses = configuration.webrtc_announce,
          .limits = limits,
          .viewer_linger_ms = static_cast<unsigned>(configuration.streams_linger_ms),
          .start_limit_ms = static_cast<unsigned>(configuration.streams_start_limit_ms),
          .allow = address_rule(configuration.sources_allow),
          .probe_ms = static_cast<unsigned>(configuration.sources_probe_seconds) * 1000};
}

api::Config api_config(const Configuration& configuration, const std::string& setup_token) {
  api::Config config;
  config.signaling.ice = {configuration.webrtc_stun, configuration.webrtc_turn, configuration.webrtc_turn_secret,
                          std::chrono::seconds(configuration.webrtc_turn_ttl)};
  config.signaling.max_sessions = static_cast<size_t>(configuration.webrtc_max_sessions);
  config.signaling.max_sdp_bytes = static_cast<size_t>(configuration.webrtc_max_sdp_bytes);
  config.keep_sessions = std::chrono::days(configuration.sessions_keep_days);
  config.public_url = configuration.http_public_url;
  config.registration = configuration.auth_registration;
  config.setup_token = setup_token;
  config.sources = {.addresses = address_rule(configuration.sources_allow), .launch = configuration.sources_launch};
  return config;
}

}  // namespace reallive::app
