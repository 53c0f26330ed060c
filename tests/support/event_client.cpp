#include "support/event_client.h"

#include <utility>

namespace reallive::test {

EventClient::EventClient(int port, const std::string& target, const HttpFields& headers, std::function<void()> pump)
    : connection_(port, std::move(pump)) {
  answer_ = connection_.request("GET", target, headers);
}

bool EventClient::read_chunk(std::chrono::milliseconds limit) {
  const auto chunk = connection_.take(
      [](const std::string& buffer) -> size_t {
        const size_t line = buffer.find("\r\n");
        if (line == std::string::npos) return 0;
        const size_t whole = line + 2 + std::stoul(buffer, nullptr, 16) + 2;
        return buffer.size() >= whole ? whole : 0;
      },
      limit);
  if (!chunk) return false;
  const size_t begin = chunk->find("\r\n") + 2;
  text_ += chunk->substr(begin, chunk->size() - begin - 2);
  return chunk->size() > begin + 2;
}

std::optional<EventClient::Event> EventClient::receive(std::chrono::milliseconds limit) {
  for (;;) {
    size_t end = 0;
    while ((end = text_.find("\n\n")) == std::string::npos)
      if (!read_chunk(limit)) return {};
    Event event;
    const std::string block = text_.substr(0, end + 1);
    text_.erase(0, end + 2);
    for (size_t at = 0; at < block.size();) {
      const size_t line_end = block.find('\n', at);
      const std::string line = block.substr(at, line_end - at);
      at = line_end + 1;
      if (line.rfind("id: ", 0) == 0) event.id = line.substr(4);
      if (line.rfind("data: ", 0) == 0) event.data += line.substr(6);
      if (line.rfind(':', 0) == 0) ++heartbeats_;
    }
    if (!event.data.empty()) return event;
  }
}

}  // namespace reallive::test
