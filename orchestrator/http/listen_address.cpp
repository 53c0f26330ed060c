#include "http/listen_address.h"

#include <arpa/inet.h>
#include <charconv>

namespace reallive::http {
namespace {

bool is_numeric_address(const std::string& host) {
  if (host.find('\0') != std::string::npos) return false;  // inet_pton() would not look further
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

base::Result<std::optional<ListenAddress>> parse_listen_address(std::string_view text) {
  if (text == "off") return std::optional<ListenAddress>();
  const auto refuse = [&] {
    return base::invalid({}, "expected HOST:PORT with a numeric host, :PORT or off, got \"" + std::string(text) + "\"");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress address;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return refuse();
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse();
  }
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  if (!address.host.empty() && !is_numeric_address(address.host)) return refuse();
  return address;
}

}  // namespace reallive::http
