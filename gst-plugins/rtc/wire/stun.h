// STUN messages as ICE uses them (RFC 8489, RFC 8445): one parser, one verifier, the writers of binding messages.
// Pure functions for any thread; a parsed Message borrows the datagram. They never open sockets or keep state.
// Bounded by the datagram: nothing outside it is read, and nothing is allocated while parsing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "rtc/wire/bytes.h"

namespace reallive::rtc::stun {

inline constexpr uint32_t kMagicCookie = 0x2112A442;
inline constexpr uint16_t kBinding = 0x001;
inline constexpr size_t kMaxUnknown = 8;

enum class Class : uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

using TransactionId = std::array<uint8_t, 12>;

/// A transport address; the first 4 bytes of `ip` count for IPv4. Port in host order.
struct Address {
  std::array<uint8_t, 16> ip{};
  uint16_t port = 0;
  bool v6 = false;
  bool operator==(const Address&) const = default;
};

/// RFC 8489 section 14.8: `code` 300 to 699.
struct ErrorCode {
  int code = 0;
  std::string_view reason;
};

/// One parsed message. Views point into the datagram given to parse().
struct Message {
  uint16_t method = 0;
  Class kind = Class::kRequest;
  TransactionId transaction{};
  std::string_view username;  // empty: absent
  std::optional<uint32_t> priority;
  std::optional<uint64_t> controlling;  // tie-breaker
  std::optional<uint64_t> controlled;   // tie-breaker
  bool use_candidate = false;
  std::optional<Address> mapped;  // XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS
  std::optional<ErrorCode> error;
  /// Comprehension-required attributes that this parser does not know (RFC 8489 section 6.3.1: answer 420).
  std::array<uint16_t, kMaxUnknown> unknown{};
  size_t unknown_count = 0;
  /// Offset of the MESSAGE-INTEGRITY attribute's header in the datagram; absent when there is none.
  std::optional<size_t> integrity_offset;
  bool has_fingerprint = false;  // and it was right: a wrong one fails parse()
  Bytes datagram;

  std::span<const uint16_t> unknown_types() const { return {unknown.data(), unknown_count}; }
};

/// True when the first bytes can only be a STUN message (RFC 8489 section 5: top bits, cookie). Cheap.
bool looks_like_stun(Bytes datagram);

/// Parses one whole datagram. Nothing when it is not a well-formed STUN message, its length disagrees with the
/// datagram, or its FINGERPRINT is wrong. Attributes after MESSAGE-INTEGRITY are ignored but for FINGERPRINT
/// (RFC 8489 section 14.5). Does not check the integrity: see verify_integrity().
std::optional<Message> parse(Bytes datagram);

/// True when the message carries a MESSAGE-INTEGRITY that `password` (short-term credential) verifies.
bool verify_integrity(const Message& message, std::string_view password);

struct BindingRequest {
  TransactionId transaction{};
  std::string_view username;  // REMOTE-UFRAG:LOCAL-UFRAG
  uint32_t priority = 0;
  bool controlling = true;
  uint64_t tie_breaker = 0;
  bool use_candidate = false;
};

/// A connectivity check (RFC 8445 section 7.1) with integrity and fingerprint.
Buffer write_request(const BindingRequest& request, std::string_view password);

/// The success response with XOR-MAPPED-ADDRESS, integrity and fingerprint.
Buffer write_response(const TransactionId& transaction, const Address& mapped, std::string_view password);

/// An error response to a binding request: 400, 401, 420 (with `unknown`), 487 … With an empty password the
/// integrity is left out (RFC 8489 section 9.1.3: 400 and 401 carry none).
Buffer write_error(const TransactionId& transaction, int code, std::string_view password = {},
                   std::span<const uint16_t> unknown = {});

}  // namespace reallive::rtc::stun
