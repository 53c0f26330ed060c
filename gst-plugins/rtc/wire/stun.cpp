#include "rtc/wire/stun.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace reallive::rtc::stun {

namespace {

constexpr size_t kHeader = 20;
constexpr size_t kIntegritySize = 20;
constexpr uint32_t kFingerprintXor = 0x5354554e;

enum Attribute : uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kMessageIntegritySha256 = 0x001C,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
};

struct CrcTable {
  uint32_t entries[256];
  constexpr CrcTable() : entries() {
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = value & 1 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
      entries[i] = value;
    }
  }
};

uint32_t crc32(Bytes bytes) {
  static constexpr CrcTable kTable;
  uint32_t crc = 0xFFFFFFFFu;
  for (uint8_t byte : bytes)
    crc = kTable.entries[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

constexpr size_t padded(size_t size) {
  return (size + 3) & ~size_t{3};
}

/// HMAC-SHA1 over `message` as if it ended with MESSAGE-INTEGRITY (RFC 8489 section 14.5): the length field counts it.
std::array<uint8_t, kIntegritySize> integrity_of(Bytes message, std::string_view password) {
  Buffer text(message.begin(), message.end());
  put_u16(text.data() + 2, static_cast<uint16_t>(message.size() - kHeader + 4 + kIntegritySize));
  std::array<uint8_t, kIntegritySize> mac{};
  unsigned size = 0;
  HMAC(EVP_sha1(), password.data(), static_cast<int>(password.size()), text.data(), text.size(), mac.data(), &size);
  return mac;
}

std::optional<Address> parse_address(Bytes value, const TransactionId& transaction, bool masked) {
  if (value.size() < 8) return {};
  Address address;
  address.v6 = value[1] == 2;
  if (value[1] != 1 && value[1] != 2) return {};
  size_t size = address.v6 ? 16 : 4;
  if (value.size() < 4 + size) return {};
  uint8_t mask[16] = {};
  if (masked) {
    put_u32(mask, kMagicCookie);
    std::copy(transaction.begin(), transaction.end(), mask + 4);
  }
  address.port = static_cast<uint16_t>(read_u16(value.data() + 2) ^ read_u16(mask));
  for (size_t i = 0; i < size; ++i)
    address.ip[i] = value[4 + i] ^ mask[i];
  return address;
}

/// False when a known attribute is malformed.
bool take_attribute(Message& message, uint16_t type, Bytes value) {
  switch (type) {
    case kUsername:
      // RFC 8489 section 14.3: at most 508 bytes.
      if (value.size() > 508) return false;
      message.username = as_text(value);
      return true;
    case kPriority:
      if (value.size() != 4) return false;
      message.priority = read_u32(value.data());
      return true;
    case kUseCandidate:
      message.use_candidate = true;
      return true;
    case kIceControlled:
    case kIceControlling:
      if (value.size() != 8) return false;
      (type == kIceControlled ? message.controlled : message.controlling) = read_u64(value.data());
      return true;
    case kMappedAddress:
      if (!message.mapped) message.mapped = parse_address(value, message.transaction, false);
      return true;
    case kXorMappedAddress: {
      auto address = parse_address(value, message.transaction, true);
      if (!address) return false;
      message.mapped = address;
      return true;
    }
    case kErrorCode:
      if (value.size() < 4 || (value[2] & 7) < 3 || value[3] > 99) return false;
      message.error = ErrorCode{(value[2] & 7) * 100 + value[3], as_text(value.subspan(4))};
      return true;
    case kUnknownAttributes:
    case kRealm:
    case kNonce:
    case kMessageIntegritySha256:
      return true;
    default:
      // Below 0x8000 comprehension is required (RFC 8489 section 14); more than we can list need no listing.
      if (type < 0x8000 && message.unknown_count < kMaxUnknown) message.unknown[message.unknown_count++] = type;
      return true;
  }
}

class Writer {
 public:
  Writer(Class kind, const TransactionId& transaction) {
    // RFC 8489 section 5: the class bits lie at 4 and 8 among those of the method.
    auto bits = static_cast<uint16_t>(kind);
    append_u16(out_, static_cast<uint16_t>(kBinding | (bits & 1) << 4 | (bits & 2) << 7));
    append_u16(out_, 0);
    append_u32(out_, kMagicCookie);
    append_bytes(out_, transaction);
  }

  void attribute(uint16_t type, Bytes value) {
    append_u16(out_, type);
    append_u16(out_, static_cast<uint16_t>(value.size()));
    append_bytes(out_, value);
    out_.resize(padded(out_.size()));
  }
  void attribute(uint16_t type, uint32_t value) {
    uint8_t bytes[4];
    put_u32(bytes, value);
    attribute(type, bytes);
  }
  void attribute(uint16_t type, uint64_t value) {
    uint8_t bytes[8];
    put_u64(bytes, value);
    attribute(type, bytes);
  }

  Buffer finish(std::string_view password) {
    if (!password.empty()) attribute(kMessageIntegrity, integrity_of(out_, password));
    // The fingerprint covers the length field with itself counted (RFC 8489 section 14.7).
    put_u16(out_.data() + 2, static_cast<uint16_t>(out_.size() - kHeader + 8));
    attribute(kFingerprint, uint32_t{crc32(out_) ^ kFingerprintXor});
    return std::move(out_);
  }

 private:
  Buffer out_;
};

std::string_view reason_of(int code) {
  switch (code) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthenticated";
    case 420:
      return "Unknown Attribute";
    case 487:
      return "Role Conflict";
    default:
      return "Server Error";
  }
}

}  // namespace

bool looks_like_stun(Bytes datagram) {
  return datagram.size() >= kHeader && datagram[0] < 4 && read_u32(datagram.data() + 4) == kMagicCookie;
}

std::optional<Message> parse(Bytes datagram) {
  if (!looks_like_stun(datagram)) return {};
  size_t length = read_u16(datagram.data() + 2);
  if (length % 4 != 0 || length + kHeader != datagram.size()) return {};

  Message message;
  message.datagram = datagram;
  uint16_t type = read_u16(datagram.data());
  message.kind = static_cast<Class>((type >> 4 & 1) | (type >> 7 & 2));
  message.method = static_cast<uint16_t>((type & 0x000F) | (type >> 1 & 0x0070) | (type >> 2 & 0x0F80));
  std::copy_n(datagram.begin() + 8, message.transaction.size(), message.transaction.begin());

  size_t at = kHeader;
  while (at < datagram.size()) {
    if (datagram.size() - at < 4) return {};
    uint16_t attribute = read_u16(datagram.data() + at);
    size_t size = read_u16(datagram.data() + at + 2);
    if (padded(size) > datagram.size() - at - 4) return {};
    Bytes value = datagram.subspan(at + 4, size);

    if (attribute == kFingerprint) {
      // It must be the last attribute (RFC 8489 section 14.7).
      if (size != 4 || at + 8 != datagram.size()) return {};
      if (read_u32(value.data()) != (crc32(datagram.first(at)) ^ kFingerprintXor)) return {};
      message.has_fingerprint = true;
    } else if (!message.integrity_offset) {
      if (attribute == kMessageIntegrity) {
        if (size != kIntegritySize) return {};
        message.integrity_offset = at;
      } else if (!take_attribute(message, attribute, value)) {
        return {};
      }
    }
    at += 4 + padded(size);
  }
  return message;
}

bool verify_integrity(const Message& message, std::string_view password) {
  if (!message.integrity_offset || password.empty()) return false;
  auto mac = integrity_of(message.datagram.first(*message.integrity_offset), password);
  return CRYPTO_memcmp(mac.data(), message.datagram.data() + *message.integrity_offset + 4, mac.size()) == 0;
}

Buffer write_request(const BindingRequest& request, std::string_view password) {
  Writer writer(Class::kRequest, request.transaction);
  writer.attribute(kUsername, as_bytes(request.username));
  writer.attribute(kPriority, request.priority);
  writer.attribute(request.controlling ? kIceControlling : kIceControlled, request.tie_breaker);
  if (request.use_candidate) writer.attribute(kUseCandidate, Bytes{});
  return writer.finish(password);
}

Buffer write_response(const TransactionId& transaction, const Address& mapped, std::string_view password) {
  Writer writer(Class::kSuccess, transaction);
  uint8_t mask[16];
  put_u32(mask, kMagicCookie);
  std::copy(transaction.begin(), transaction.end(), mask + 4);
  uint8_t value[20] = {0, static_cast<uint8_t>(mapped.v6 ? 2 : 1)};
  put_u16(value + 2, static_cast<uint16_t>(mapped.port ^ (kMagicCookie >> 16)));
  size_t size = mapped.v6 ? 16 : 4;
  for (size_t i = 0; i < size; ++i)
    value[4 + i] = mapped.ip[i] ^ mask[i];
  writer.attribute(kXorMappedAddress, Bytes(value, 4 + size));
  return writer.finish(password);
}

Buffer write_error(const TransactionId& transaction, int code, std::string_view password,
                   std::span<const uint16_t> unknown) {
  Writer writer(Class::kError, transaction);
  Buffer value{0, 0, static_cast<uint8_t>(code / 100), static_cast<uint8_t>(code % 100)};
  append_bytes(value, as_bytes(reason_of(code)));
  writer.attribute(kErrorCode, value);
  if (!unknown.empty()) {
    Buffer types;
    for (uint16_t type : unknown)
      append_u16(types, type);
    writer.attribute(kUnknownAttributes, types);
  }
  return writer.finish(password);
}

}  // namespace reallive::rtc::stun
