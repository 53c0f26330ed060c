#include "base/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace reallive::base {

std::vector<IpAddress> own_addresses() {
  std::vector<IpAddress> addresses;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return addresses;
  for (const ifaddrs* at = list; at; at = at->ifa_next) {
    if (!at->ifa_addr || !(at->ifa_flags & IFF_UP)) continue;
    if (at->ifa_addr->sa_family == AF_INET) {
      const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      addresses.push_back(IpAddress::from_bytes(reinterpret_cast<const uint8_t*>(&ipv4->sin_addr), 4));
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
      addresses.push_back(IpAddress::from_bytes(ipv6->sin6_addr.s6_addr, 16));
    }
  }
  freeifaddrs(list);
  return addresses;
}

}  // namespace reallive::base
