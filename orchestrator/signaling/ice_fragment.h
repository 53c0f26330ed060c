// IceFragment: what signaling must know of an SDP fragment (RFC 8840 section 9) or offer: whose ICE session it speaks
// of. Pure functions on foreign bytes; any thread.
// They never look at candidates: media parses the whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::signaling {

inline constexpr size_t longest_sdp = 64 * 1024;  ///< bytes of a description or fragment, unless configured

struct IceCredentials {
  std::string ufrag, password;  ///< empty when not given
};

/// The first `a=ice-ufrag:` and `a=ice-pwd:` of an offer; empty ones when there are none or they break RFC 8839
/// section 5.4 (ufrag 4 to 256, password 22 to 256 ice-chars).
IceCredentials ice_credentials(std::string_view sdp);

/// `bad-offer` when a line is not of the form `x=…`, when the fragment has neither candidates, their end nor
/// credentials, or when it has more than `max_bytes`.
base::Result<IceCredentials> parse_ice_fragment(std::string_view fragment, size_t max_bytes = longest_sdp);

}  // namespace reallive::signaling
