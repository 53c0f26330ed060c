// IdempotencyKeys: answers of POSTs that named an Idempotency-Key, so that a repeated request does nothing twice.
// Main loop's thread. Keys belong to one user and one address and are forgotten after a day.
// It never keeps more than `capacity` answers: the oldest go first.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace reallive::api {

class IdempotencyKeys {
 public:
  explicit IdempotencyKeys(size_t capacity = 1000) : capacity_(capacity) {}

  /// The stored answer, if this user sent this key to this address before; CONFLICT when the body was another one.
  /// VALIDATION_FAILED when the key is longer than 255 bytes.
  base::Result<std::optional<http::Response>> find(const std::string& user_id, const http::Request& request,
                                                   std::chrono::milliseconds now);
  /// Does nothing without the header.
  void remember(const std::string& user_id, const http::Request& request, const http::Response& response,
                std::chrono::milliseconds now);

 private:
  struct Entry {
    std::string name;
    size_t body_hash;  // of bodies only their hash is kept
    http::Response response;
    std::chrono::milliseconds at;
  };
  const size_t capacity_;
  std::list<Entry> entries_;  // oldest first
  std::map<std::string, std::list<Entry>::iterator> by_name_;
};

}  // namespace reallive::api
