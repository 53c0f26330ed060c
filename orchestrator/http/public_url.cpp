#include "http/public_url.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/network.h"
#include "http/forwarded.h"

namespace reallive::http {

using base::invalid;
using base::Result;

namespace {

constexpr size_t longest_base_path = 200;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
         name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.'; });
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

Result<std::string> parse_base_path(std::string_view text) {
  std::string path;
  const auto refuse = [] { return invalid({}, "expected a path of letters, digits, -, _ and ., such as /cams"); };
  if (text.size() > longest_base_path) return refuse();
  while (!text.empty()) {
    const size_t slash = std::min(text.find('/'), text.size());
    const std::string_view segment = text.substr(0, slash);
    text.remove_prefix(std::min(slash + 1, text.size()));
    if (segment.empty()) {
      if (path.empty() || text.empty()) continue;
      return refuse();
    }
    const bool plain = segment.find_first_not_of('.') != std::string_view::npos &&
                       std::all_of(segment.begin(), segment.end(),
                                   [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
    if (!plain) return refuse();
    path += '/' + std::string(segment);
  }
  if (path.size() > longest_base_path) return refuse();  // the slash in front may be ours
  return path;
}

Result<PublicUrl> parse_public_url(std::string_view text) {
  const auto refuse = [] {
    return invalid({}, "expected an address such as https://cam.example.org or https://example.org/cams");
  };
  PublicUrl url;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.substr(0, scheme.size()) != scheme) continue;
    url.scheme = scheme.substr(0, scheme.size() - 3);
    text.remove_prefix(scheme.size());
    break;
  }
  if (url.scheme.empty()) return refuse();
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view authority = text.substr(0, slash);
  auto path = parse_base_path(text.substr(slash));
  if (!path || !is_host(authority)) return refuse();
  url.path = std::move(*path);

  std::string_view port;
  if (authority.front() == '[') {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return refuse();
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!base::IpAddress::parse(url.host)) return refuse();
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    port = authority.substr(colon);
    if (!is_name(url.host)) return refuse();
  }
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return refuse();
  url.origin = url.scheme + "://" + std::string(authority);
  return url;
}

}  // namespace reallive::http
