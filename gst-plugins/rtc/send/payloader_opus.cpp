// Opus (RFC 7587): one packet is one payload.

#include "rtc/send/frame_builder.h"
#include "rtc/send/payloader.h"

namespace reallive::rtc {

namespace {

class OpusPayloader final : public Payloader {
 public:
  explicit OpusPayloader(size_t max_payload) : max_payload_(max_payload) {}

  Result<FramePtr> packetize(Bytes access_unit, const FrameMeta& meta) override {
    if (access_unit.empty()) return fail("bad-access-unit", "an Opus packet is empty");
    if (access_unit.size() > max_payload_) {
      return fail("bad-access-unit",
                  "an Opus packet of " + std::to_string(access_unit.size()) + " bytes does not fit into one datagram");
    }
    FrameBuilder builder(CodecKind::kOpus, meta, access_unit.size());
    builder.frame().key = true;
    builder.add({}, access_unit);
    // The marker says that speech begins after a silence (RFC 7587 section 4.2); we send none.
    return builder.finish(false);
  }

 private:
  const size_t max_payload_;
};

}  // namespace

std::unique_ptr<Payloader> make_opus_payloader(size_t max_payload) {
  return std::make_unique<OpusPayloader>(max_payload);
}

}  // namespace reallive::rtc
