// Bytes written as hex, for the test vectors of the wire formats.
// Plain functions. Test code only.
#pragma once

#include <string_view>

#include "rtc/wire/bytes.h"

namespace reallive::rtc {

/// Hex digits with any white space between; anything else is skipped.
inline Buffer from_hex(std::string_view text) {
  Buffer out;
  int high = -1;
  for (char c : text) {
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) continue;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return out;
}

}  // namespace reallive::rtc
