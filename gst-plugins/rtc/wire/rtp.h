// RTP packets (RFC 3550) and header extensions (RFC 8285): views, writers, unwrapping of sequence and time.
// Pure functions and small value types for any thread; a Packet borrows the datagram. They never allocate,
// and never read outside the span they were given.
#pragma once

#include <cstdint>
#include <optional>

#include "rtc/wire/bytes.h"

namespace reallive::rtc::rtp {

inline constexpr size_t kFixedHeader = 12;
inline constexpr uint16_t kOneByteProfile = 0xBEDE;
inline constexpr uint16_t kTwoByteProfile = 0x1000;  // low four bits are application bits

/// A view of one packet.
struct Packet {
  bool marker = false;
  uint8_t payload_type = 0;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 0;
  Bytes csrcs;                     // 4 bytes each, network order
  uint16_t extension_profile = 0;  // meaningful when has_extension
  bool has_extension = false;
  Bytes extension;  // without its 4-byte header
  Bytes payload;
  uint8_t padding = 0;     // bytes at the end that parse() removed from payload
  size_t header_size = 0;  // fixed header, CSRCs and extension: what SRTP leaves in clear
};

/// Parses the header only; `payload` is all the rest, padding included. This is the one for packets that are
/// still encrypted (their padding count is too).
std::optional<Packet> parse_header(Bytes datagram);

/// Parses a plain packet and removes its padding. Nothing when the padding count is zero or too large.
std::optional<Packet> parse(Bytes datagram);

/// One element of an extension block.
struct Extension {
  uint8_t id = 0;
  Bytes data;  // one-byte form: 1 to 16 bytes; two-byte form: 0 to 255
};

/// Walks the elements of a packet's extension block, one-byte and two-byte forms; other profiles have none.
/// Stops at the first malformed element. `for (rtp::Extensions it(packet); auto e = it.next();)`
class Extensions {
 public:
  explicit Extensions(const Packet& packet);
  std::optional<Extension> next();

 private:
  Bytes rest_;
  bool two_byte_ = false;
};

/// The data of element `id`; nothing when absent.
std::optional<Bytes> find_extension(const Packet& packet, uint8_t id);

struct Header {
  bool marker = false;
  uint8_t payload_type = 0;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 0;
};

/// Builds an extension block (with its 4-byte header, padded to words) of at most 128 bytes, in the one-byte form
/// or, when constructed so, in the two-byte form (RFC 8285 section 4.3: only where extmap-allow-mixed was agreed).
class ExtensionBlock {
 public:
  explicit ExtensionBlock(bool two_byte = false) : two_byte_(two_byte) {}
  /// False, and nothing added, when the element does not fit: id 0, more than 255 bytes, the block is full; in the
  /// one-byte form also an id above 14 and a size other than 1 to 16.
  bool add(uint8_t id, Bytes data);
  /// The finished block; empty when no element was added. Valid until the next add().
  Bytes bytes();
  /// Offset of an element's data within bytes(), to write per-packet values in place; 0 when absent.
  size_t offset_of(uint8_t id) const;

 private:
  static constexpr size_t kCapacity = 128;
  uint8_t data_[kCapacity] = {};
  size_t size_ = 4;
  bool two_byte_;
};

/// Writes header and extension block into `out`; the bytes written, or 0 when `out` is too small.
/// `extension_block` is what ExtensionBlock::bytes() gave, may be empty.
size_t write_header(std::span<uint8_t> out, const Header& header, Bytes extension_block = {});

/// True when `a` follows `b` on the 16-bit circle (RFC 3550 appendix A.1).
constexpr bool is_newer(uint16_t a, uint16_t b) {
  return a != b && static_cast<uint16_t>(a - b) < 0x8000;
}
constexpr bool is_newer(uint32_t a, uint32_t b) {
  return a != b && static_cast<uint32_t>(a - b) < 0x80000000u;
}

/// Carries a wrapping counter on to 64 bits: each value is taken as the nearest to the newest so far, so reordered
/// and repeated values come out in place. The first value comes out as itself, later ones may be below zero.
template <typename Counter>
class Unwrapper {
 public:
  int64_t unwrap(Counter value) {
    if (!newest_) return *(newest_ = static_cast<int64_t>(value));
    int64_t result = peek(value);
    if (result > *newest_) newest_ = result;
    return result;
  }
  /// The same without moving on. Unwraps as itself before the first value.
  int64_t peek(Counter value) const {
    if (!newest_) return static_cast<int64_t>(value);
    constexpr int64_t kRange = int64_t{1} << (8 * sizeof(Counter));
    int64_t forward = static_cast<Counter>(value - static_cast<Counter>(*newest_));
    return *newest_ + (forward < kRange / 2 ? forward : forward - kRange);
  }
  std::optional<int64_t> newest() const { return newest_; }
  void reset() { newest_.reset(); }

 private:
  std::optional<int64_t> newest_;
};
using SequenceUnwrapper = Unwrapper<uint16_t>;
using TimestampUnwrapper = Unwrapper<uint32_t>;

}  // namespace reallive::rtc::rtp
