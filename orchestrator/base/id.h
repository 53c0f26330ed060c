// Ids and secrets: UUIDs, random tokens, comparison in constant time.
// Any thread. Randomness comes from the kernel (getrandom) and never from a seeded generator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reallive::base {

/// Fills `bytes` from the kernel's generator. Ends the program when the kernel refuses: nothing safe can follow.
void random_bytes(std::span<uint8_t> bytes);

/// A random UUID (RFC 9562 version 4), lower case.
std::string uuid_v4();
/// True for the 8-4-4-4-12 form of any version, either case.
bool is_uuid(std::string_view text);

/// `bytes` random bytes as base64url without padding: 16 bytes make 22 characters.
std::string random_token(size_t bytes = 24);

/// Takes the same time wherever the two first differ. Lengths are not hidden.
bool constant_time_equal(std::string_view a, std::string_view b);

/// Base64 (RFC 4648 section 4) with its padding; nothing for any other text.
std::optional<std::string> base64_decode(std::string_view text);
std::string base64url_encode(std::span<const uint8_t> bytes);

}  // namespace reallive::base
