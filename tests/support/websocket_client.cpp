#include "support/websocket_client.h"

#include <utility>

#include "support/record.h"

namespace reallive::test {
namespace {

constexpr unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};

size_t number(const std::string& bytes, size_t at, size_t count) {
  size_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Length of the header, and of the payload behind it; {0, 0} while the header is not whole.
std::pair<size_t, size_t> sizes(const std::string& bytes) {
  if (bytes.size() < 2) return {0, 0};
  const size_t small = static_cast<unsigned char>(bytes[1]) & 0x7f;
  if (small < 126) return {2, small};
  const size_t more = small == 126 ? 2 : 8;
  if (bytes.size() < 2 + more) return {0, 0};
  return {2 + more, number(bytes, 2, more)};
}

}  // namespace

int WebSocketClient::Frame::close_code() const {
  return opcode == 8 && payload.size() >= 2 ? static_cast<int>(number(payload, 0, 2)) : 0;
}

WebSocketClient::WebSocketClient(int port, const std::string& target, HttpFields headers, std::function<void()> pump)
    : connection_(port, std::move(pump)) {
  headers.insert(headers.end(), {{"Upgrade", "websocket"},
                                 {"Connection", "Upgrade"},
                                 {"Sec-WebSocket-Version", "13"},
                                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  answer_ = connection_.request("GET", target, headers);
}

bool WebSocketClient::send_text(const std::string& text) {
  record(Record::said, text);
  return send_frame(1, text);
}

bool WebSocketClient::send_frame(int opcode, const std::string& payload, bool last) {
  std::string frame(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  const size_t more = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  frame.push_back(static_cast<char>(0x80 | (more == 0 ? payload.size() : more == 2 ? 126u : 127u)));
  for (size_t i = more; i > 0; --i)
    frame.push_back(static_cast<char>(payload.size() >> (8 * (i - 1))));
  frame.append(reinterpret_cast<const char*>(mask), 4);
  for (size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return connection_.send(frame);
}

std::optional<WebSocketClient::Frame> WebSocketClient::receive_frame(std::chrono::milliseconds limit) {
  size_t header = 0;
  const auto bytes = connection_.take(
      [&](const std::string& buffer) -> size_t {
        const auto [before, payload] = sizes(buffer);
        header = before;
        return before > 0 && buffer.size() >= before + payload ? before + payload : 0;
      },
      limit);
  if (!bytes) return {};
  return Frame{(*bytes)[0] & 0x0f, bytes->substr(header)};
}

std::string WebSocketClient::receive_text(std::chrono::milliseconds limit) {
  for (;;) {
    const auto frame = receive_frame(limit);
    if (!frame) return {};
    if (frame->opcode == 1) {
      record(Record::said, frame->payload);
      return frame->payload;
    }
    if (frame->opcode != 9) return {};
    send_frame(10, frame->payload);
  }
}

}  // namespace reallive::test
