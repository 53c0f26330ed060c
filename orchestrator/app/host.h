// Host: by which names and addresses other devices reach this machine, and word of when that changes.
// Main loop's thread; names come from the machine itself, nothing is asked on the network.
// It never tells link-local addresses: they mean nothing without an interface.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/main_loop.h"
#include "base/network.h"

namespace reallive::app {

struct HostNames {
  std::vector<std::string> names;          ///< `hut`, `hut.local`, `hut.example.org`, `localhost`
  std::vector<base::IpAddress> addresses;  ///< loopback last; private IPv4 first, as people have it at home
  bool operator==(const HostNames&) const = default;

  /// Those that other devices can use.
  std::vector<base::IpAddress> reachable() const;
};
HostNames host_names();

/// Tells of changes of this machine's addresses, by netlink.
class AddressWatch {
 public:
  /// Null where the kernel does not tell.
  static std::unique_ptr<AddressWatch> create(MainLoop& loop, std::function<void()> on_change);
  ~AddressWatch();
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

 private:
  AddressWatch(MainLoop& loop, int descriptor) : loop_(loop), descriptor_(descriptor) {}
  MainLoop& loop_;
  int descriptor_;
  MainLoop::Timer watch_ = 0;
};

}  // namespace reallive::app
