#include "api/idempotency.h"

#include <functional>
#include <utility>

namespace reallive::api {
namespace {

constexpr std::chrono::hours life{24};

std::string name_of(const std::string& user_id, const http::Request& request, const std::string& key) {
  return user_id + '\n' + request.route + '\n' + key;
}

}  // namespace

base::Result<std::optional<http::Response>> IdempotencyKeys::find(const std::string& user_id,
                                                                  const http::Request& request,
                                                                  std::chrono::milliseconds now) {
  const auto key = request.header("Idempotency-Key");
  if (!key) return std::optional<http::Response>();
  if (key->empty() || key->size() > 255) {
    return base::invalid("Idempotency-Key", "An idempotency key has 1 to 255 bytes.");
  }
  const auto found = by_name_.find(name_of(user_id, request, *key));
  if (found == by_name_.end() || found->second->at + life < now) return std::optional<http::Response>();
  if (found->second->body_hash != std::hash<std::string>()(request.body)) {
    return base::fail("CONFLICT", "This idempotency key was used for another request.");
  }
  return std::optional<http::Response>(found->second->response);
}

void IdempotencyKeys::remember(const std::string& user_id, const http::Request& request, const http::Response& response,
                               std::chrono::milliseconds now) {
  const auto key = request.header("Idempotency-Key");
  if (!key) return;
  const std::string name = name_of(user_id, request, *key);
  if (const auto old = by_name_.find(name); old != by_name_.end()) {
    entries_.erase(old->second);
    by_name_.erase(old);
  }
  by_name_[name] = entries_.insert(entries_.end(), Entry{name, std::hash<std::string>()(request.body), response, now});
  while (entries_.size() > capacity_) {
    by_name_.erase(entries_.front().name);
    entries_.pop_front();
  }
}

}  // namespace reallive::api
