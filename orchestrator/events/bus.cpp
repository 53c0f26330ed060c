#include "events/bus.h"

namespace reallive::events {

Subscription Bus::subscribe(Subscriber subscriber) {
  const uint64_t id = ++last_;
  subscribers_->emplace(id, std::move(subscriber));
  return Subscription([table = std::weak_ptr(subscribers_), id] {
    if (const auto alive = table.lock()) alive->erase(id);
  });
}

void Bus::publish(const Event& event) {
  const uint64_t newest = last_;
  const auto table = subscribers_;
  for (auto at = table->begin(); at != table->end() && at->first <= newest;) {
    const uint64_t id = at->first;
    const Subscriber subscriber = at->second;  // a copy: it may end its own subscription
    subscriber(event);
    at = table->upper_bound(id);
  }
}

}  // namespace reallive::events
