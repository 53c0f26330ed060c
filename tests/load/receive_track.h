// ReceiveTrack: one RTP stream put back in order: gaps, repairs, losses, whole pictures, delays.
// Belongs to its viewer's loop. It never keeps payloads and never reads a clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "rtc/wire/rtp.h"

namespace reallive::load {

class ReceiveTrack {
 public:
  struct Figures {
    uint64_t packets = 0;       // in-order stream, repairs included
    uint64_t bytes = 0;         // of payload
    uint64_t repaired = 0;      // came by RTX or late after a NACK
    uint64_t lost = 0;          // given up after one second
    uint64_t duplicates = 0;    // a number that was there already
    uint64_t malformed = 0;     // payloads that are no H.264 packet
    uint64_t frames = 0;        // whole
    uint64_t broken = 0;        // frames with a hole
    int64_t first_key_ns = 0;   // arrival of the last packet of the first whole key frame; 0: not yet
    int64_t first_live_ns = 0;  // of the first whole frame that was stamped less than 250 ms before; 0: not yet
  };

  /// `repaired`: it came by retransmission.
  void take(const rtc::rtp::Packet& packet, int64_t arrival_ns, bool repaired);
  /// Numbers to ask for now: each at once, then every 50 ms. Gives up what is older than a second.
  std::vector<uint16_t> missing(int64_t now_ns);
  const Figures& figures() const { return figures_; }
  /// Delay of each whole frame, its last packet's arrival less its stamp, in µs; cleared by taking.
  std::vector<uint32_t> take_delays() { return std::exchange(delays_us_, {}); }
  /// Extended as receiver reports want it (RFC 3550 section 6.4.1).
  uint32_t highest_sequence() const { return static_cast<uint32_t>(sequence_.newest().value_or(0)); }

 private:
  struct Entry {
    int64_t arrival_ns = 0;
    uint32_t timestamp = 0;
    bool marker = false, key = false, starts_unit = false;
    std::optional<int64_t> stamp_ns;
  };
  struct Gap {
    int64_t since_ns = 0;
    int64_t asked_ns = 0;
  };

  void deliver();
  void deliver(const Entry& entry);
  void end_frame();

  rtc::rtp::SequenceUnwrapper sequence_;
  std::map<int64_t, Entry> waiting_;  // arrived, but something before them has not
  std::map<int64_t, Gap> gaps_;
  std::optional<int64_t> next_;
  Figures figures_;
  std::vector<uint32_t> delays_us_;

  // The frame being put together.
  bool in_frame_ = false;
  bool whole_ = true;  // a hole before a frame counts against it: it may have swallowed the beginning
  bool key_ = false;
  uint32_t timestamp_ = 0;
  int64_t arrival_ns_ = 0;
  std::optional<int64_t> stamp_ns_;
};

}  // namespace reallive::load
