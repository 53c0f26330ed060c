// H.265 (RFC 7798, without decoding order numbers).

#include <algorithm>
#include <array>
#include <map>

#include "rtc/send/frame_builder.h"
#include "rtc/send/nal_units.h"
#include "rtc/send/payloader.h"

namespace reallive::rtc {

namespace {

enum NalType : uint8_t {
  kFirstIrap = 16,
  kLastIrap = 23,
  kVps = 32,
  kSps = 33,
  kPps = 34,
  kDelimiter = 35,
  kEndOfSequence = 36,
  kEndOfStream = 37,
  kFiller = 38,
  kAggregation = 48,
  kFragmentation = 49,
};
constexpr size_t kNalHeader = 2;
constexpr size_t kFuHeader = kNalHeader + 1;
constexpr uint8_t kFuStart = 0x80;
constexpr uint8_t kFuEnd = 0x40;
constexpr size_t kMaxParameterSets = 64;  // of each kind; H.265 itself allows 16 VPS and SPS, and 64 PPS

uint8_t type_of(Bytes nal) {
  return nal[0] >> 1 & 0x3f;
}

// Section 1.1.4: F, type, layer and temporal id.
std::array<uint8_t, kNalHeader> with_type(Bytes nal, uint8_t type) {
  return {static_cast<uint8_t>((nal[0] & 0x81) | type << 1), nal[1]};
}

// The beginning of a NAL unit without emulation prevention bytes (H.265 section 7.3.1.1): a profile is full of zeros.
Buffer plain_start(Bytes nal) {
  constexpr size_t kEnough = 128;  // the ids of all parameter sets lie before
  Buffer plain;
  size_t zeros = 0;
  for (const uint8_t byte : nal.first(std::min(nal.size(), kEnough))) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    plain.push_back(byte);
  }
  return plain;
}

struct SpsFacts {
  uint32_t id = 0;
  unsigned profile = 0;  // general_profile_idc
};

// H.265 sections 7.3.2.2.1 and 7.3.3.
std::optional<SpsFacts> read_sps(Bytes sps) {
  const Buffer plain = plain_start(sps);
  constexpr size_t kProfile = kNalHeader + 1;
  constexpr size_t kGeneral = 12;  // bytes of profile, flags and level
  if (plain.size() < kProfile + kGeneral + 1) return std::nullopt;
  const unsigned sub_layers = plain[kNalHeader] >> 1 & 7;  // beside the first
  size_t position = kProfile + kGeneral;
  if (sub_layers > 0) {
    const size_t flags = position;
    if (plain.size() < flags + 2) return std::nullopt;
    position += 2;
    for (unsigned layer = 0; layer < sub_layers; ++layer) {
      const unsigned pair = plain[flags + layer / 4] >> (6 - 2 * (layer % 4)) & 3;
      position += (pair & 2 ? 11 : 0) + (pair & 1);
    }
  }
  if (plain.size() <= position) return std::nullopt;
  const auto id = read_golomb(plain, position * 8);
  if (!id) return std::nullopt;
  return SpsFacts{*id, plain[kProfile] & 0x1fu};
}

class H265Payloader final : public Payloader {
 public:
  explicit H265Payloader(size_t max_payload) : max_payload_(std::clamp<size_t>(max_payload, kFuHeader + 1, 65000)) {}

  Result<FramePtr> packetize(Bytes access_unit, const FrameMeta& meta) override {
    if (access_unit.size() > kMaxAccessUnit) return fail("bad-access-unit", "an H.265 access unit is too large");
    NalReader reader(access_unit);
    if (!reader.starts_clean()) {
      return fail("bad-access-unit", "an H.265 access unit does not begin with a start code");
    }
    nals_.clear();
    bool key = false;
    bool parameter_sets = false;
    while (const auto nal = reader.next()) {
      if (nal->size() <= kNalHeader) continue;
      const uint8_t type = type_of(*nal);
      if (type >= kVps && type <= kPps) {
        if (keep_parameter_set(*nal)) parameter_sets = true;
      } else if (type < kDelimiter || (type > kFiller && type < kAggregation)) {
        key = key || (type >= kFirstIrap && type <= kLastIrap);
        nals_.push_back(*nal);
      }
    }
    if (nals_.empty() && !parameter_sets) return fail("bad-access-unit", "an H.265 access unit holds nothing to send");

    FrameBuilder builder(CodecKind::kH265, meta, access_unit.size() + access_unit.size() / 64 + 512);
    builder.frame().key = key;
    if (key || parameter_sets) {
      add_parameter_sets(builder);
      builder.frame().has_parameter_sets =
          std::none_of(sets_.begin(), sets_.end(), [](const auto& kind) { return kind.empty(); });
    }
    for (const Bytes nal : nals_)
      add_nal(builder, nal);
    return builder.finish(true);
  }

  std::string profile() const override { return profile_; }

 private:
  bool keep_parameter_set(Bytes nal) {
    if (nal.size() > 65535) return false;
    const uint8_t type = type_of(nal);
    std::optional<uint32_t> id;
    if (type == kVps) {
      id = nal[kNalHeader] >> 4;
    } else if (type == kPps) {
      id = read_golomb(plain_start(nal), kNalHeader * 8);
    } else if (const auto sps = read_sps(nal)) {
      id = sps->id;
      profile_ = std::to_string(sps->profile);
    }
    auto& sets = sets_[type - kVps];
    if (!id || (sets.size() == kMaxParameterSets && !sets.count(*id))) return false;
    sets[*id].assign(nal.begin(), nal.end());
    return true;
  }

  // All sets as one aggregation packet (section 4.4.2), or one by one when they do not fit. Its header has the lowest
  // layer and temporal id, which those of parameter sets are: 0 and 1.
  void add_parameter_sets(FrameBuilder& builder) {
    aggregate_.assign({kAggregation << 1, 1});
    size_t count = 0;
    for (const auto& sets : sets_) {
      for (const auto& [id, nal] : sets) {
        append_u16(aggregate_, static_cast<uint16_t>(nal.size()));
        append_bytes(aggregate_, nal);
        ++count;
      }
    }
    if (count > 1 && aggregate_.size() <= max_payload_) {
      builder.add({}, aggregate_);
      return;
    }
    for (const auto& sets : sets_) {
      for (const auto& [id, nal] : sets)
        add_nal(builder, nal);
    }
  }

  // As it is, or in equal fragments (section 4.4.3).
  void add_nal(FrameBuilder& builder, Bytes nal) {
    if (nal.size() <= max_payload_) {
      builder.add({}, nal);
      return;
    }
    const Bytes body = nal.subspan(kNalHeader);
    const size_t piece = equal_piece(body.size(), max_payload_ - kFuHeader);
    const auto start = with_type(nal, kFragmentation);
    uint8_t header[kFuHeader] = {start[0], start[1], static_cast<uint8_t>(type_of(nal) | kFuStart)};
    for (Bytes rest = body; !rest.empty();) {
      const Bytes fragment = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(fragment.size());
      if (rest.empty()) header[2] |= kFuEnd;
      builder.add(header, fragment);
      header[2] &= static_cast<uint8_t>(~kFuStart);
    }
  }

  const size_t max_payload_;
  std::array<std::map<uint32_t, Buffer>, 3> sets_;  // VPS, SPS, PPS by id: the last of each
  std::string profile_;
  std::vector<Bytes> nals_;  // of the present access unit, kept for its memory
  Buffer aggregate_;
};

}  // namespace

std::unique_ptr<Payloader> make_h265_payloader(size_t max_payload) {
  return std::make_unique<H265Payloader>(max_payload);
}

}  // namespace reallive::rtc
