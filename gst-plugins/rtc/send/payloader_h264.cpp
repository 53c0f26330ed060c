// H.264 (RFC 6184, packetization-mode 1).

#include <algorithm>
#include <map>

#include "rtc/send/frame_builder.h"
#include "rtc/send/nal_units.h"
#include "rtc/send/payloader.h"

namespace reallive::rtc {

namespace {

enum NalType : uint8_t {
  kIdr = 5,
  kSps = 7,
  kPps = 8,
  kDelimiter = 9,
  kEndOfSequence = 10,
  kEndOfStream = 11,
  kFiller = 12,
  kStapA = 24,
  kFuA = 28,
};
constexpr uint8_t kTypeMask = 0x1f;
constexpr uint8_t kImportanceMask = 0x60;  // nal_ref_idc
constexpr uint8_t kFuStart = 0x80;
constexpr uint8_t kFuEnd = 0x40;
constexpr size_t kFuHeader = 2;
constexpr size_t kMaxParameterSets = 32;  // of each kind; H.264 itself allows 32 SPS and 256 PPS

class H264Payloader final : public Payloader {
 public:
  explicit H264Payloader(size_t max_payload) : max_payload_(std::clamp<size_t>(max_payload, kFuHeader + 1, 65000)) {}

  Result<FramePtr> packetize(Bytes access_unit, const FrameMeta& meta) override {
    if (access_unit.size() > kMaxAccessUnit) return fail("bad-access-unit", "an H.264 access unit is too large");
    NalReader reader(access_unit);
    if (!reader.starts_clean()) {
      return fail("bad-access-unit", "an H.264 access unit does not begin with a start code");
    }
    nals_.clear();
    bool key = false;
    bool parameter_sets = false;
    while (const auto nal = reader.next()) {
      switch ((*nal)[0] & kTypeMask) {
        case kSps:
        case kPps:
          if (keep_parameter_set(*nal)) parameter_sets = true;
          break;
        case kDelimiter:
        case kEndOfSequence:
        case kEndOfStream:
        case kFiller:
          break;
        case kIdr:
          key = true;
          [[fallthrough]];
        default:
          nals_.push_back(*nal);
      }
    }
    if (nals_.empty() && !parameter_sets) return fail("bad-access-unit", "an H.264 access unit holds nothing to send");

    FrameBuilder builder(CodecKind::kH264, meta, access_unit.size() + access_unit.size() / 64 + 512);
    builder.frame().key = key;
    if (key || parameter_sets) {
      add_parameter_sets(builder);
      builder.frame().has_parameter_sets = !sps_.empty() && !pps_.empty();
    }
    for (const Bytes nal : nals_)
      add_nal(builder, nal);
    return builder.finish(true);
  }

  std::string profile() const override { return profile_level_id_; }

 private:
  bool keep_parameter_set(Bytes nal) {
    const bool is_sps = (nal[0] & kTypeMask) == kSps;
    if (nal.size() > 65535 || nal.size() < (is_sps ? 5u : 2u)) return false;
    const auto id = read_golomb(nal, is_sps ? 32 : 8);
    if (!id) return false;
    auto& sets = is_sps ? sps_ : pps_;
    if (sets.size() == kMaxParameterSets && !sets.count(*id)) return false;
    sets[*id].assign(nal.begin(), nal.end());
    if (is_sps) {
      constexpr char kHex[] = "0123456789abcdef";
      profile_level_id_.clear();
      for (size_t i = 1; i <= 3; ++i) {
        profile_level_id_ += kHex[nal[i] >> 4];
        profile_level_id_ += kHex[nal[i] & 15];
      }
    }
    return true;
  }

  // All sets as one STAP-A (section 5.7.1), or one by one when they do not fit.
  void add_parameter_sets(FrameBuilder& builder) {
    stap_.assign(1, kStapA);
    for (const auto* sets : {&sps_, &pps_}) {
      for (const auto& [id, nal] : *sets) {
        stap_[0] = static_cast<uint8_t>(kStapA | std::max(stap_[0] & kImportanceMask, nal[0] & kImportanceMask));
        append_u16(stap_, static_cast<uint16_t>(nal.size()));
        append_bytes(stap_, nal);
      }
    }
    if (sps_.size() + pps_.size() > 1 && stap_.size() <= max_payload_) {
      builder.add({}, stap_);
      return;
    }
    for (const auto* sets : {&sps_, &pps_}) {
      for (const auto& [id, nal] : *sets)
        add_nal(builder, nal);
    }
  }

  // As it is, or in equal fragments (FU-A, section 5.8).
  void add_nal(FrameBuilder& builder, Bytes nal) {
    if (nal.size() <= max_payload_) {
      builder.add({}, nal);
      return;
    }
    const Bytes body = nal.subspan(1);
    const size_t piece = equal_piece(body.size(), max_payload_ - kFuHeader);
    uint8_t header[kFuHeader] = {static_cast<uint8_t>((nal[0] & ~kTypeMask) | kFuA),
                                 static_cast<uint8_t>((nal[0] & kTypeMask) | kFuStart)};
    for (Bytes rest = body; !rest.empty();) {
      const Bytes fragment = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(fragment.size());
      if (rest.empty()) header[1] |= kFuEnd;
      builder.add(header, fragment);
      header[1] &= static_cast<uint8_t>(~kFuStart);
    }
  }

  const size_t max_payload_;
  std::map<uint32_t, Buffer> sps_;  // by id: the last of each
  std::map<uint32_t, Buffer> pps_;
  std::string profile_level_id_;
  std::vector<Bytes> nals_;  // of the present access unit, kept for its memory
  Buffer stap_;
};

}  // namespace

std::unique_ptr<Payloader> make_h264_payloader(size_t max_payload) {
  return std::make_unique<H264Payloader>(max_payload);
}

}  // namespace reallive::rtc
