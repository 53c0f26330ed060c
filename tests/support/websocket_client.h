// WebSocketClient: RFC 6455 from the client's side, frame by frame where a test wants that. The test's thread.
// It answers no ping by itself, so that a test can be a dead client.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "support/http_client.h"

namespace reallive::test {

class WebSocketClient {
 public:
  struct Frame {
    int opcode = 0;  ///< 1 text, 8 close, 9 ping, 10 pong
    std::string payload;

    /// Of a close frame; 0 without one.
    int close_code() const;
  };

  /// Shakes hands; answer() tells how that went.
  WebSocketClient(int port, const std::string& target, HttpFields headers = {}, std::function<void()> pump = {});

  const HttpAnswer& answer() const { return answer_; }
  bool open() const { return answer_.status == 101; }
  bool send_text(const std::string& text);
  bool send_frame(int opcode, const std::string& payload, bool last = true);
  /// Nothing when the server closed without a word or the limit passed.
  std::optional<Frame> receive_frame(std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// The next text, pings passed over; empty when something else came, or nothing.
  std::string receive_text(std::chrono::milliseconds limit = std::chrono::seconds(10));
  HttpClient& connection() { return connection_; }

 private:
  HttpClient connection_;
  HttpAnswer answer_;
};

}  // namespace reallive::test
