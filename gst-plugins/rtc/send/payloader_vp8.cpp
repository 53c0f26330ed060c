// VP8 (RFC 7741): a descriptor with a 15-bit PictureID before each piece of the frame.

#include <algorithm>
#include <random>

#include "rtc/send/frame_builder.h"
#include "rtc/send/payloader.h"

namespace reallive::rtc {

namespace {

constexpr uint8_t kExtended = 0x80;   // X
constexpr uint8_t kStart = 0x10;      // S: this piece begins the first partition
constexpr uint8_t kPictureId = 0x80;  // I
constexpr uint8_t kLongId = 0x80;     // M: 15 bits
constexpr size_t kDescriptor = 4;

class Vp8Payloader final : public Payloader {
 public:
  explicit Vp8Payloader(size_t max_payload)
      : max_piece_(std::max<size_t>(max_payload, kDescriptor + 1) - kDescriptor),
        picture_id_(static_cast<uint16_t>(std::random_device{}() & 0x3fff)) {}

  Result<FramePtr> packetize(Bytes access_unit, const FrameMeta& meta) override {
    // The frame tag has three bytes (RFC 6386 section 9.1); its first bit is 0 on key frames.
    if (access_unit.size() < 3 || access_unit.size() > kMaxAccessUnit) {
      return fail("bad-access-unit", "a VP8 frame of " + std::to_string(access_unit.size()) + " bytes");
    }
    const size_t piece = equal_piece(access_unit.size(), max_piece_);
    FrameBuilder builder(CodecKind::kVp8, meta, access_unit.size() + (access_unit.size() / piece + 1) * kDescriptor);
    builder.frame().key = (access_unit[0] & 1) == 0;
    uint8_t descriptor[kDescriptor] = {kExtended | kStart, kPictureId};
    put_u16(descriptor + 2, picture_id_);
    descriptor[2] |= kLongId;
    for (Bytes rest = access_unit; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size()))) {
      builder.add(descriptor, rest.first(std::min(piece, rest.size())));
      descriptor[0] = kExtended;
    }
    picture_id_ = (picture_id_ + 1) & 0x7fff;
    return builder.finish(true);
  }

 private:
  const size_t max_piece_;
  uint16_t picture_id_;
};

}  // namespace

std::unique_ptr<Payloader> make_vp8_payloader(size_t max_payload) {
  return std::make_unique<Vp8Payloader>(max_payload);
}

}  // namespace reallive::rtc
