#include "app/host.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/interfaces.h"

namespace reallive::app {
namespace {

bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == '_';
  });
}

/// What people most probably can reach comes first.
int rank(const base::IpAddress& address) {
  if (address.is_loopback()) return 4;
  if (address.is_ipv4()) return address.is_private() ? 0 : 1;
  return address.is_private() ? 3 : 2;
}

}  // namespace

std::vector<base::IpAddress> HostNames::reachable() const {
  std::vector<base::IpAddress> result;
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(result),
               [](const base::IpAddress& address) { return !address.is_loopback(); });
  return result;
}

HostNames host_names() {
  HostNames host;
  const auto add_name = [&host](const std::string& name) {
    if (is_host_name(name) && std::find(host.names.begin(), host.names.end(), name) == host.names.end())
      host.names.push_back(name);
  };
  char text[256] = {};
  if (gethostname(text, sizeof text - 1) == 0) {
    const std::string name = text;
    const std::string first = name.substr(0, name.find('.'));
    add_name(name);
    add_name(first);
    if (!first.empty() && first != "localhost") add_name(first + ".local");
  }
  add_name("localhost");

  for (const base::IpAddress& address : base::own_addresses())
    if (!address.is_link_local()) host.addresses.push_back(address);
  for (const char* always : {"127.0.0.1", "::1"})
    host.addresses.push_back(*base::IpAddress::parse(always));
  std::sort(host.addresses.begin(), host.addresses.end(),
            [](const auto& a, const auto& b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
  host.addresses.erase(std::unique(host.addresses.begin(), host.addresses.end()), host.addresses.end());
  return host;
}

std::unique_ptr<AddressWatch> AddressWatch::create(MainLoop& loop, std::function<void()> on_change) {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return nullptr;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(descriptor);
    return nullptr;
  }
  std::unique_ptr<AddressWatch> watch(new AddressWatch(loop, descriptor));
  watch->watch_ = loop.on_readable(descriptor, [descriptor, on_change = std::move(on_change)] {
    // Only that something changed counts: the addresses are read anew, also when messages were lost.
    char message[8192];
    while (recv(descriptor, message, sizeof message, 0) > 0) {
    }
    on_change();
    return true;
  });
  return watch;
}

AddressWatch::~AddressWatch() {
  loop_.cancel(watch_);
  close(descriptor_);
}

}  // namespace reallive::app
