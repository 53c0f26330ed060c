// What proxies and people write about addresses. Line by line: X-Forwarded-For, -Proto, -Host, Forwarded, an address,
// a network, a public URL, a path.
#include <cassert>
#include <cstdint>
#include <string_view>

#include "base/network.h"
#include "http/forwarded.h"
#include "http/public_url.h"

using namespace reallive;

namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  static const std::vector<base::Network> trusted = {*base::Network::parse("10.0.0.0/8")};
  static const http::ClientView direct{"10.0.0.1", "http", "cam.example"};
  http::Headers headers;
  for (const char* name : {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"}) {
    if (const std::string_view value = take_line(rest); !value.empty()) headers.add(name, std::string(value));
  }
  const http::ClientView view = http::see_client(direct, headers, trusted);
  assert(base::IpAddress::parse(view.remote_address));
  assert(view.scheme == "http" || view.scheme == "https");
  assert(http::is_host(view.host));
  assert(http::see_client(direct, headers, {}) == direct);

  if (const auto address = base::IpAddress::parse(take_line(rest))) {
    assert(base::IpAddress::parse(address->to_string()) == address);
    assert(base::Network(*address, 128).contains(*address));
  }
  const std::string_view network_text = take_line(rest);
  if (const auto network = base::Network::parse(network_text)) {
    assert(network->contains(*base::IpAddress::parse(network_text.substr(0, network_text.find('/')))));
  }
  if (const auto url = http::parse_public_url(take_line(rest))) {
    const auto again = http::parse_public_url(url->to_string());
    assert(again && again->to_string() == url->to_string());
  }
  if (const auto path = http::parse_base_path(take_line(rest))) {
    assert(path->find("..") == std::string::npos || path->find("/../") == std::string::npos);
    assert(http::parse_base_path(*path) == *path);
  }
  return 0;
}
