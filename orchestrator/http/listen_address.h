// ListenAddress: where a server listens, as people write it: `HOST:PORT`, `:PORT`, `[::1]:8080` or `off`. Pure.
// It never resolves names: hosts are numeric addresses, or `localhost` for 127.0.0.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::http {

struct ListenAddress {
  std::string host;   ///< numeric; empty: all addresses of this machine, IPv6 as well
  uint16_t port = 0;  ///< 0 picks a free one
  bool operator==(const ListenAddress&) const = default;
};

/// Nothing for `off`. Code VALIDATION_FAILED, the message says what was expected.
base::Result<std::optional<ListenAddress>> parse_listen_address(std::string_view text);

}  // namespace reallive::http
