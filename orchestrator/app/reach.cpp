#include "app/reach.h"

#include <algorithm>

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

}  // namespace reallive::app
