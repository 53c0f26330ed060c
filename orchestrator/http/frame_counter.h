// FrameCounter: follows the frames (RFC 6455 section 5.2) in what a WebSocket's client sends and says what each byte
// belongs to. Pure, bounded. Main loop's thread. It never keeps a payload and judges nothing: the library does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace reallive::http {

class FrameCounter {
 public:
  /// Bytes of one frame that lay beside each other.
  struct Part {
    size_t bytes = 0;            ///< taken, header and payload; at least one
    size_t payload = 0;          ///< how many of them were payload
    bool control = false;        ///< of a frame whose header has at least begun
    bool frame_ended = false;    ///< with the last of them; what follows is told only then
    bool message_ended = false;  ///< a data frame with FIN
    uint64_t pong = 0;           ///< a ping: bytes of the frame that answers it
  };

  /// Takes the first part off `bytes`, which must not be empty.
  Part take(std::span<const std::byte>& bytes);

 private:
  size_t header_wanted() const;

  std::array<uint8_t, 14> header_{};
  size_t header_size_ = 0;
  uint64_t payload_size_ = 0, payload_left_ = 0;
};

}  // namespace reallive::http
