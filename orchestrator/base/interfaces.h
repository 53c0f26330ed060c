// Interfaces: the addresses of this machine's own interfaces, as they are now. One question to the kernel each time.
// Any thread. It never keeps what it was told: addresses come and go.
#pragma once

#include <vector>

#include "base/network.h"

namespace reallive::base {

/// Of interfaces that are up, loopback and link-local ones among them; empty when the kernel does not tell.
std::vector<IpAddress> own_addresses();

}  // namespace reallive::base
