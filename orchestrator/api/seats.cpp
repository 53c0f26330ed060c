#include "api/seats.h"

#include "auth/throttle.h"

namespace reallive::api {

Seat::~Seat() {
  if (!seats_) return;
  seats_->give_back(keys_.first);
  seats_->give_back(keys_.second);
  --seats_->taken_;
}

std::optional<Seat> Seats::take(const std::string& user, const std::string& address) {
  const auto has_room = [this](const std::string& key, size_t limit) {
    const auto found = counts_.find(key);
    return found == counts_.end() || found->second < limit;
  };
  const std::string user_key = user.empty() ? std::string() : "user " + user,
                    address_key = "address " + auth::address_group(address);
  if (taken_ >= limits_.all || !has_room(address_key, limits_.address)) return {};
  if (!user_key.empty() && !has_room(user_key, limits_.user)) return {};
  ++taken_;
  ++counts_[address_key];
  if (!user_key.empty()) ++counts_[user_key];
  return Seat(this, {user_key, address_key});
}

void Seats::give_back(const std::string& key) {
  const auto found = counts_.find(key);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace reallive::api
