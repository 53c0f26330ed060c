// EventClient: reads an event stream (server-sent events) as it comes. The test's thread.
// It never reconnects.
#pragma once

#include <optional>
#include <string>

#include "support/http_client.h"

namespace reallive::test {

class EventClient {
 public:
  struct Event {
    std::string id, data;
  };

  EventClient(int port, const std::string& target, const HttpFields& headers = {}, std::function<void()> pump = {});

  const HttpAnswer& answer() const { return answer_; }
  /// The next event; heartbeats are passed over and counted. Nothing at the body's end or after the limit.
  std::optional<Event> receive(std::chrono::milliseconds limit = std::chrono::seconds(10));
  int heartbeats() const { return heartbeats_; }
  HttpClient& connection() { return connection_; }

 private:
  bool read_chunk(std::chrono::milliseconds limit);

  HttpClient connection_;
  HttpAnswer answer_;
  std::string text_;
  int heartbeats_ = 0;
};

}  // namespace reallive::test
