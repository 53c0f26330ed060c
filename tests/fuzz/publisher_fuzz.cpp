// A publisher's plain input: any sequence of RTP and RTCP datagrams, and what may hold whatever comes: output sequence
// numbers and times in order, feedback that parses, a wake-up that lies ahead after every tick.
// Input: records of one byte kind, one byte ms until it, two bytes size, datagram.
#include <cassert>

#include "rtc/receive/publisher.h"

using namespace reallive::rtc;

namespace {

ReceiveNegotiation negotiation(uint8_t variant) {
  ReceiveNegotiation result;
  ReceiveTrack video;
  video.codec = (variant & 1) != 0 ? ReceiveCodec::kVp8 : ReceiveCodec::kH264;
  video.mid = "0";
  video.payload_type = 96;
  video.rtx_payload_type = 97;
  video.nack = (variant & 2) == 0;
  video.keyframes = KeyframeRequests::Means::kPictureLoss;
  ReceiveTrack audio;
  audio.codec = ReceiveCodec::kOpus;
  audio.mid = "1";
  audio.payload_type = 111;
  audio.clock_rate = 48'000;
  result.tracks = {video, audio};
  result.extensions = {4, 3, 5};
  result.feedback = (variant & 4) != 0 ? CongestionFeedback::Mode::kRemb : CongestionFeedback::Mode::kTransportWide;
  result.reduced_size = (variant & 8) == 0;
  return result;
}

class Checker final : public Publisher::Output {
 public:
  void deliver(size_t track, MediaPacket packet) override {
    assert(track < 2);
    const auto parsed = rtp::parse(packet.data);
    assert(parsed && !parsed->payload.empty());
    if (any_[track]) assert(rtp::is_newer(parsed->sequence, last_[track]));
    any_[track] = true;
    last_[track] = parsed->sequence;
  }
  void send_rtcp(Bytes plain) override {
    assert(plain.size() <= RtcpBatch::kLargest);
    assert(rtcp::parse(plain));
  }
  void expired(const std::string&) override { assert(++expired_ == 1); }

 private:
  bool any_[2] = {};
  uint16_t last_[2] = {};
  int expired_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  Bytes rest(data + 1, size - 1);
  Checker checker;
  Publisher publisher(negotiation(data[0]), {}, checker);
  Moment now{0, 1'700'000'000'000'000'000};
  publisher.start(now);
  while (rest.size() > 4) {
    const uint8_t kind = rest[0];
    const int64_t until = now.us + int64_t{rest[1]} * ((kind & 0x80) != 0 ? 100'000 : 1'000);
    const size_t length = std::min<size_t>(read_u16(&rest[2]), rest.size() - 4);
    for (int64_t wake = publisher.next_wake(); wake <= until; wake = publisher.next_wake()) {
      now.unix_ns += (std::max(now.us, wake) - now.us) * 1000;
      now.us = std::max(now.us, wake);
      publisher.tick(now);
      assert(publisher.next_wake() > now.us);
    }
    now.unix_ns += (until - now.us) * 1000;
    now.us = until;
    const Bytes datagram = rest.subspan(4, length);
    if ((kind & 1) != 0) {
      publisher.receive_rtcp(datagram, now);
    } else {
      publisher.receive_rtp(datagram, now);
    }
    if ((kind & 2) != 0) publisher.request_keyframe(kind >> 2);
    rest = rest.subspan(4 + length);
  }
  publisher.stats();
  assert(!publisher.goodbye().empty());
  return 0;
}
