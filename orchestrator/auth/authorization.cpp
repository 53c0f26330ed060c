#include "auth/authorization.h"

#include <cctype>

#include "base/id.h"

namespace reallive::auth {

namespace {

constexpr size_t most_bytes = 8192;

// Takes `scheme` and the spaces behind it off the front, whatever the case.
bool take_scheme(std::string_view& text, std::string_view scheme) {
  if (text.size() <= scheme.size() || text[scheme.size()] != ' ') return false;
  for (size_t i = 0; i < scheme.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[i])) != scheme[i]) return false;
  text.remove_prefix(scheme.size());
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  return true;
}

Authorization from_pair(std::string_view pair) {
  const size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return {Authorization::Kind::malformed};
  return {Authorization::Kind::password, std::string(pair.substr(0, colon)), std::string(pair.substr(colon + 1))};
}

}  // namespace

Authorization parse_authorization(std::string_view header) {
  while (!header.empty() && (header.front() == ' ' || header.front() == '\t'))
    header.remove_prefix(1);
  while (!header.empty() && (header.back() == ' ' || header.back() == '\t'))
    header.remove_suffix(1);
  if (header.empty()) return {};
  if (header.size() > most_bytes) return {Authorization::Kind::malformed};
  if (take_scheme(header, "basic")) {
    const auto pair = base::base64_decode(header);
    return pair ? from_pair(*pair) : Authorization{Authorization::Kind::malformed};
  }
  if (take_scheme(header, "bearer")) {
    // Neither a JWT nor a stream key has a colon in it.
    if (header.find(':') != std::string_view::npos) return from_pair(header);
    return {Authorization::Kind::bearer, {}, {}, std::string(header)};
  }
  return {Authorization::Kind::malformed};
}

bool stream_key_matches(std::string_view presented, std::string_view key) {
  return !key.empty() && base::constant_time_equal(presented, key);
}

}  // namespace reallive::auth
