// Throttle: how many wrong passwords an account and an address may send before they have to wait. Main loop's thread.
// Every try counts as wrong until succeeded() takes it back, so tries at the same time gain nothing.
// It never holds more than `entries` of each kind, and never tells whether there is such an account.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace reallive::auth {

struct ThrottleConfig {
  unsigned account_failures = 10;      ///< that cost no waiting
  unsigned address_failures = 30;      ///< more, since an address may be a whole house
  std::chrono::seconds first_wait{2};  ///< doubles with each further failure
  std::chrono::seconds longest_wait{15 * 60};
  std::chrono::seconds forget_after{15 * 60};  ///< without a failure
  size_t entries = 4096;
  bool operator==(const ThrottleConfig&) const = default;
};

class Throttle {
 public:
  Throttle(const ThrottleConfig& config, const base::Clock& clock) : config_(config), clock_(clock) {}

  /// Zero: go ahead. Else how long to wait; such a try is not counted.
  std::chrono::seconds begin(std::string_view account, std::string_view address);
  /// Nothing was checked: takes back what begin() counted, and nothing else.
  void not_tried(std::string_view account, std::string_view address);
  /// The try was right: forgets the account's failures.
  void succeeded(std::string_view account, std::string_view address);

  size_t entries() const { return accounts_.size() + addresses_.size(); }

 private:
  struct Entry {
    unsigned failures = 0;
    std::chrono::milliseconds last{0}, blocked_until{0};
  };
  using Table = std::map<std::string, Entry, std::less<>>;

  std::chrono::milliseconds wait(Table& table, const std::string& key) const;
  void fail(Table& table, const std::string& key, unsigned free_failures) const;
  static void take_back(Table& table, const std::string& key, unsigned free_failures);

  const ThrottleConfig config_;
  const base::Clock& clock_;
  Table accounts_, addresses_;
};

/// What counts as one address: IPv4 whole, IPv6 by its /64, since whoever has one address there has them all.
std::string address_group(std::string_view address);

}  // namespace reallive::auth
