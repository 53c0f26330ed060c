// FrameBuilder: collects payloads into a Frame while a payloader cuts an access unit.
// Belongs to one packetize() call. It never looks into what it is given.
#pragma once

#include <initializer_list>
#include <memory>

#include "rtc/send/frame.h"

namespace reallive::rtc {

class FrameBuilder {
 public:
  /// `expected` bytes are reserved.
  FrameBuilder(CodecKind codec, const FrameMeta& meta, size_t expected) : frame_(std::make_shared<Frame>()) {
    frame_->codec = codec;
    frame_->meta = meta;
    frame_->data.reserve(expected);
  }

  Frame& frame() { return *frame_; }

  /// One payload made of `header` and `body`.
  void add(Bytes header, Bytes body) {
    Frame::Packet packet;
    packet.offset = static_cast<uint32_t>(frame_->data.size());
    packet.size = static_cast<uint16_t>(header.size() + body.size());
    append_bytes(frame_->data, header);
    append_bytes(frame_->data, body);
    frame_->packets.push_back(packet);
  }

  /// `marker` goes on the last packet.
  FramePtr finish(bool marker) {
    if (!frame_->packets.empty()) frame_->packets.back().marker = marker;
    return std::move(frame_);
  }

 private:
  std::shared_ptr<Frame> frame_;
};

/// How large each of the fewest equal pieces is that `size` bytes are cut into when one holds at most `limit`; the
/// last piece may be smaller. UDP segmentation needs equal datagrams.
constexpr size_t equal_piece(size_t size, size_t limit) {
  if (size == 0) return limit;
  const size_t pieces = (size + limit - 1) / limit;
  return (size + pieces - 1) / pieces;
}

}  // namespace reallive::rtc
