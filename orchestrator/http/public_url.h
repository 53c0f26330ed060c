// PublicUrl: the address that people know this server by, as its owner writes it: `https://cam.example.org/cams`. Pure.
// It holds neither user nor query, and its path is plain: what it is put in front of must stay an address.
// It never resolves names.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::http {

struct PublicUrl {
  std::string scheme;  ///< `http` or `https`
  std::string host;    ///< name or address without port and brackets
  std::string origin;  ///< `https://cam.example.org:8443`
  std::string path;    ///< `/cams`, or nothing
  std::string to_string() const { return origin + path; }
};

/// Code VALIDATION_FAILED, the message says what was expected.
base::Result<PublicUrl> parse_public_url(std::string_view text);

/// `/cams/`, `cams` and `/cams` are `/cams`; `/` is nothing. Segments are letters, digits, `-`, `_` and `.`. Code
/// VALIDATION_FAILED.
base::Result<std::string> parse_base_path(std::string_view text);

}  // namespace reallive::http
