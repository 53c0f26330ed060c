// Reach: the addresses under which people find this server: what it listens on, times what this machine is called.
// Pure functions. It never tells an address of another machine, and loopback only where there is nothing else.
#pragma once

#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/host.h"
#include "http/listener.h"

namespace reallive::app {

/// `https://192.168.1.7:8443/cams`, best first: listeners on all addresses give one for each of `host`'s.
std::vector<std::string> reachable_urls(const std::vector<http::Listening>& listening, const HostNames& host,
                                        const std::string& base_path, bool secure);

/// Where the page of a server with these settings is, https first. Without listeners whose port is chosen at the start.
std::vector<std::string> configured_urls(const Configuration& configuration, const HostNames& host);

}  // namespace reallive::app
