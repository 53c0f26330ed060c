// SRTP of a load peer by libsrtp2, on purpose not by the code that it measures.
// Belongs to its peer's loop. It never keeps packets.
#pragma once

#include <srtp2/srtp.h>

#include "load/dtls.h"

namespace reallive::load {

class Srtp {
 public:
  explicit Srtp(const SrtpMaterial& material);
  ~Srtp();
  Srtp(const Srtp&) = delete;
  Srtp& operator=(const Srtp&) = delete;

  enum class Opened : uint8_t { kYes, kReplayed, kForged };
  /// In place; `size` becomes that of the plain packet.
  Opened open_rtp(uint8_t* packet, size_t& size);
  Opened open_rtcp(uint8_t* packet, size_t& size);
  /// In place; the buffer grows by index and tag.
  void seal_rtp(rtc::Buffer& packet);
  void seal_rtcp(rtc::Buffer& packet);

 private:
  srtp_t inbound_ = nullptr;
  srtp_t outbound_ = nullptr;
};

}  // namespace reallive::load
