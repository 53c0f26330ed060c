// Hexadecimal text to bytes, for test vectors; spaces are skipped. Any thread.
#pragma once

#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

namespace reallive::rtc::test {

inline std::vector<uint8_t> hex(std::string_view text) {
  std::vector<uint8_t> bytes;
  int high = -1;
  for (const char c : text) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) continue;
    const int digit = std::isdigit(static_cast<unsigned char>(c)) ? c - '0' : (c | 32) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return bytes;
}

}  // namespace reallive::rtc::test
