#include "app/reach.h"

#include <algorithm>

#include "app/module_configs.h"
#include "http/listen_address.h"

namespace reallive::app {

std::vector<std::string> reachable_urls(const std::vector<http::Listening>& listening, const HostNames& host,
                                        const std::string& base_path, bool secure) {
  std::vector<std::string> urls, own_urls;  // own: of this machine only
  const auto add = [&](const http::Listening& at, const std::string& address, bool loopback) {
    auto& list = loopback ? own_urls : urls;
    const std::string url = http::Listening{at.secure, address, at.port}.to_string() + base_path;
    if (std::find(list.begin(), list.end(), url) == list.end()) list.push_back(url);
  };
  for (const http::Listening& at : listening) {
    if (at.secure != secure) continue;
    const auto address = base::IpAddress::parse(at.host);
    if (address && !address->is_unspecified()) {
      add(at, at.host, address->is_loopback());
      continue;
    }
    for (const base::IpAddress& one : host.addresses) {
      const bool ipv4_only = address && address->is_ipv4();
      if (!ipv4_only || one.is_ipv4()) add(at, one.is_loopback() ? "localhost" : one.to_string(), one.is_loopback());
    }
  }
  return urls.empty() ? own_urls : urls;
}

std::vector<std::string> configured_urls(const Configuration& configuration, const HostNames& host) {
  if (!configuration.http_public_url.empty()) return {configuration.http_public_url};
  std::vector<http::Listening> listening;
  for (const bool secure : {true, false}) {
    const auto address = http::parse_listen_address(secure ? configuration.https_listen : configuration.http_listen);
    if (address && *address && (*address)->port != 0) listening.push_back({secure, (*address)->host, (*address)->port});
  }
  const std::string base_path = http_config(configuration).base_path;
  std::vector<std::string> urls = reachable_urls(listening, host, base_path, true);
  for (std::string& url : reachable_urls(listening, host, base_path, false))
    urls.push_back(std::move(url));
  return urls;
}

}  // namespace reallive::app
