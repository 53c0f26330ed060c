#include "auth/throttle.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cstdint>

namespace reallive::auth {

namespace {

constexpr size_t longest_account = 64;  // no account has a longer name; what is cut off cannot be one

std::string account_key(std::string_view account) {
  std::string key(account.substr(0, longest_account));
  for (char& c : key)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

}  // namespace

std::string address_group(std::string_view address) {
  std::array<uint8_t, 16> bytes{};
  const std::string text(address.substr(0, address.find('%')));  // without the scope of a link-local address
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text.substr(0, 64);
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> group{};
  inet_ntop(AF_INET6, bytes.data(), group.data(), group.size());
  return std::string(group.data()) + "/64";
}

std::chrono::seconds Throttle::begin(std::string_view account, std::string_view address) {
  const std::string name = account_key(account), group = address_group(address);
  const auto left = std::max(wait(accounts_, name), wait(addresses_, group));
  if (left.count() > 0) return std::chrono::ceil<std::chrono::seconds>(left);
  fail(accounts_, name, config_.account_failures);
  fail(addresses_, group, config_.address_failures);
  return std::chrono::seconds(0);
}

void Throttle::succeeded(std::string_view account, std::string_view address) {
  accounts_.erase(account_key(account));
  // Only this try is taken back: whoever knows one password may still be guessing others.
  take_back(addresses_, address_group(address), config_.address_failures);
}

void Throttle::not_tried(std::string_view account, std::string_view address) {
  take_back(accounts_, account_key(account), config_.account_failures);
  take_back(addresses_, address_group(address), config_.address_failures);
}

void Throttle::take_back(Table& table, const std::string& key, unsigned free_failures) {
  const auto found = table.find(key);
  if (found == table.end()) return;
  Entry& entry = found->second;
  if (entry.failures > 0) --entry.failures;
  if (entry.failures < free_failures) entry.blocked_until = {};
  if (entry.failures == 0) table.erase(found);
}

std::chrono::milliseconds Throttle::wait(Table& table, const std::string& key) const {
  const auto found = table.find(key);
  if (found == table.end()) return {};
  const auto now = clock_.steady();
  if (found->second.blocked_until > now) return found->second.blocked_until - now;
  if (now - found->second.last > config_.forget_after) table.erase(found);
  return {};
}

void Throttle::fail(Table& table, const std::string& key, unsigned free_failures) const {
  const auto now = clock_.steady();
  if (table.size() >= config_.entries && table.find(key) == table.end()) {
    std::erase_if(table, [&](const auto& item) { return now - item.second.last > config_.forget_after; });
    if (table.size() >= config_.entries)
      table.erase(std::min_element(table.begin(), table.end(),
                                   [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  }
  Entry& entry = table[key];
  ++entry.failures;
  entry.last = now;
  if (entry.failures < free_failures) return;
  const unsigned doublings = std::min(entry.failures - free_failures, 20u);
  entry.blocked_until =
      now + std::min<std::chrono::seconds>(config_.first_wait * (1u << doublings), config_.longest_wait);
}

}  // namespace reallive::auth
