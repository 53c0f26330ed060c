// RtcpBatch: collects RTCP packets of one moment and sends them in as few datagrams as they fit in.
// Lives on the stack of whoever sends. It never sends more than 1200 bytes at once, and never feedback without the
// report that must precede it where reduced size was not negotiated (RFC 3550 section 6.1, RFC 5506).
#pragma once

#include <functional>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

class RtcpBatch {
 public:
  static constexpr size_t kLargest = 1200;

  /// `prefix` opens every datagram; may be empty.
  RtcpBatch(Bytes prefix, std::function<void(Bytes)> send)
      : prefix_(prefix.begin(), prefix.end()), send_(std::move(send)) {}
  ~RtcpBatch() { flush(); }
  RtcpBatch(const RtcpBatch&) = delete;
  RtcpBatch& operator=(const RtcpBatch&) = delete;

  /// Takes the RTCP packets that lie in `packets` one after the other; they may go in different datagrams.
  void add(Bytes packets);
  void flush();

 private:
  const Buffer prefix_;
  const std::function<void(Bytes)> send_;
  Buffer pending_;
};

}  // namespace reallive::rtc
