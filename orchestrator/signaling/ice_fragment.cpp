#include "signaling/ice_fragment.h"

#include <algorithm>

namespace reallive::signaling {
namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool begins_with(std::string_view line, std::string_view prefix) {
  return line.substr(0, prefix.size()) == prefix;
}

bool is_ice_text(std::string_view text, size_t shortest) {
  return text.size() >= shortest && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
         });
}

void read_credentials(std::string_view line, IceCredentials& credentials) {
  static constexpr std::string_view ufrag = "a=ice-ufrag:", password = "a=ice-pwd:";
  if (credentials.ufrag.empty() && begins_with(line, ufrag) && is_ice_text(line.substr(ufrag.size()), 4)) {
    credentials.ufrag = line.substr(ufrag.size());
  }
  if (credentials.password.empty() && begins_with(line, password) && is_ice_text(line.substr(password.size()), 22)) {
    credentials.password = line.substr(password.size());
  }
}

}  // namespace

IceCredentials ice_credentials(std::string_view sdp) {
  IceCredentials credentials;
  while (!sdp.empty())
    read_credentials(take_line(sdp), credentials);
  return credentials;
}

base::Result<IceCredentials> parse_ice_fragment(std::string_view fragment, size_t max_bytes) {
  if (fragment.size() > max_bytes) {
    return base::fail("bad-offer", "The fragment has more than " + std::to_string(max_bytes) + " bytes.");
  }
  IceCredentials credentials;
  bool says_something = false;
  for (std::string_view rest = fragment; !rest.empty();) {
    const std::string_view line = take_line(rest);
    if (line.empty()) continue;
    if (line.size() < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=') {
      return base::fail("bad-offer", "A line of the fragment is not of the form \"a=…\".");
    }
    says_something = says_something || begins_with(line, "a=candidate:") || begins_with(line, "a=end-of-candidates");
    read_credentials(line, credentials);
  }
  if (!says_something && credentials.ufrag.empty()) {
    return base::fail("bad-offer", "The fragment has neither candidates nor ICE credentials.");
  }
  return credentials;
}

}  // namespace reallive::signaling
