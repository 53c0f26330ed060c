// RTCP packets as typed records: one parser for compound and reduced-size datagrams, a writer for each record.
// Pure functions and value types for any thread. Bounded by the datagram: counts that a packet only claims
// never make them allocate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rtc/wire/bytes.h"

namespace reallive::rtc::rtcp {

/// RFC 3550 section 6.4.1. Delays in 1/65536 s.
struct ReportBlock {
  uint32_t ssrc = 0;
  uint8_t fraction_lost = 0;    // of 256
  int32_t cumulative_lost = 0;  // signed 24 bits
  uint32_t highest_sequence = 0;
  uint32_t jitter = 0;  // timestamp units
  uint32_t last_sr = 0;
  uint32_t delay_since_last_sr = 0;
  bool operator==(const ReportBlock&) const = default;
};

struct SenderReport {
  uint32_t ssrc = 0;
  uint64_t ntp = 0;  // 32.32 fixed point since 1900
  uint32_t rtp_timestamp = 0;
  uint32_t packets = 0;
  uint32_t octets = 0;
  std::vector<ReportBlock> blocks;  // at most 31
  bool operator==(const SenderReport&) const = default;
};

struct ReceiverReport {
  uint32_t ssrc = 0;
  std::vector<ReportBlock> blocks;  // at most 31
  bool operator==(const ReceiverReport&) const = default;
};

/// SDES; only CNAME is kept.
struct SourceDescription {
  struct Chunk {
    uint32_t ssrc = 0;
    std::string cname;  // at most 255 bytes
    bool operator==(const Chunk&) const = default;
  };
  std::vector<Chunk> chunks;  // at most 31
  bool operator==(const SourceDescription&) const = default;
};

struct Bye {
  std::vector<uint32_t> ssrcs;  // at most 31
  std::string reason;
  bool operator==(const Bye&) const = default;
};

/// Generic NACK (RFC 4585 section 6.2.1): the sequence numbers asked for, in the order of the packet.
struct Nack {
  uint32_t sender = 0;
  uint32_t media = 0;
  std::vector<uint16_t> sequences;
  bool operator==(const Nack&) const = default;
};

/// RFC 4585 section 6.3.1.
struct PictureLoss {
  uint32_t sender = 0;
  uint32_t media = 0;
  bool operator==(const PictureLoss&) const = default;
};

/// RFC 5104 section 4.3.1.
struct FullIntraRequest {
  struct Entry {
    uint32_t ssrc = 0;
    uint8_t sequence = 0;
    bool operator==(const Entry&) const = default;
  };
  uint32_t sender = 0;
  std::vector<Entry> entries;
  bool operator==(const FullIntraRequest&) const = default;
};

/// draft-alvestrand-rmcat-remb: bits per second.
struct Remb {
  uint32_t sender = 0;
  uint64_t bitrate = 0;
  std::vector<uint32_t> ssrcs;  // at most 255
  bool operator==(const Remb&) const = default;
};

/// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1. Only what arrived is listed; every other number
/// of [base, base + count) did not arrive.
struct TwccFeedback {
  struct Arrival {
    uint16_t sequence = 0;
    int64_t time_us = 0;  // multiple of 250; on the receiver's clock, counted from the reference time's zero
    bool operator==(const Arrival&) const = default;
  };
  uint32_t sender = 0;
  uint32_t media = 0;
  uint16_t base = 0;
  uint16_t count = 0;
  uint8_t feedback_count = 0;
  int32_t reference_time = 0;  // signed 24 bits, 64 ms each
  std::vector<Arrival> arrivals;
  bool operator==(const TwccFeedback&) const = default;
};

/// XR receiver reference time (RFC 3611 section 4.4).
struct ReceiverReferenceTime {
  uint32_t sender = 0;
  uint64_t ntp = 0;
  bool operator==(const ReceiverReferenceTime&) const = default;
};

/// XR DLRR (RFC 3611 section 4.5), the answer to the former. Delay in 1/65536 s.
struct DelaySinceLastRr {
  struct Block {
    uint32_t ssrc = 0;
    uint32_t last_rr = 0;
    uint32_t delay = 0;
    bool operator==(const Block&) const = default;
  };
  uint32_t sender = 0;
  std::vector<Block> blocks;
  bool operator==(const DelaySinceLastRr&) const = default;
};

using Record = std::variant<SenderReport, ReceiverReport, SourceDescription, Bye, Nack, PictureLoss, FullIntraRequest,
                            Remb, TwccFeedback, ReceiverReferenceTime, DelaySinceLastRr>;

/// All records of one datagram in order; packets of unknown types are skipped. Reduced-size datagrams (RFC 5506)
/// pass. Nothing when a header or a known packet is malformed: then none of the datagram counts.
std::optional<std::vector<Record>> parse(Bytes datagram);

/// Each appends one packet to `out`, so that calls in a row make a compound packet. Lists beyond what the format
/// can count are cut; a Nack may become several FCI entries but stays one packet.
void write(Buffer& out, const SenderReport& report);
void write(Buffer& out, const ReceiverReport& report);
void write(Buffer& out, const SourceDescription& description);
void write(Buffer& out, const Bye& bye);
void write(Buffer& out, const Nack& nack);
void write(Buffer& out, const PictureLoss& request);
void write(Buffer& out, const FullIntraRequest& request);
void write(Buffer& out, const Remb& remb);
/// `arrivals` must be in ascending order of sequence from `base`; `reference_time` and deltas are made from the
/// arrival times (rounded to 250 µs). A delta beyond 16 bits ends the feedback early: the number of arrivals written.
size_t write(Buffer& out, const TwccFeedback& feedback);
void write(Buffer& out, const ReceiverReferenceTime& time);
void write(Buffer& out, const DelaySinceLastRr& delay);

/// NTP 32.32 of a UNIX time in ns, and back.
uint64_t ntp_from_unix(int64_t unix_ns);
int64_t unix_from_ntp(uint64_t ntp);
/// The middle 32 bits, as LSR and LRR carry them.
constexpr uint32_t ntp_middle(uint64_t ntp) {
  return static_cast<uint32_t>(ntp >> 16);
}

}  // namespace reallive::rtc::rtcp
