#include "pipeline/camera_source.h"

#include <algorithm>
#include <optional>

#include "base/log.h"

namespace reallive::pipeline {

namespace {

using base::Result;

constexpr size_t longest = 500;
constexpr const char* field = "source.url";
constexpr const char* forms = "expected rtsp://HOST/PATH, rtsps://HOST/PATH, publish, test, device:NAME or launch:…";

auto wrong(std::string message) {
  return base::invalid(field, std::move(message));
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return std::nullopt;
    const char byte = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    // A decoded line break would end a header line of the request that carries it.
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) return std::nullopt;
    result += byte;
    i += 2;
  }
  return result;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<uint16_t>(value);
}

bool host_character(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool address6_character(char c) {
  return hex_digit(c) >= 0 || c == ':' || c == '.';
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

// `user:password@` (RFC 3986, section 3.2.1).
Result<void> parse_user(std::string_view text, CameraSource& source) {
  const size_t colon = text.find(':');
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(colon == text.npos ? std::string_view() : text.substr(colon + 1));
  if (!user || !password) {
    return wrong("the user or password has a percent sign that is not followed by two digits; write % itself as %25");
  }
  source.user = *user;
  source.password = *password;
  return {};
}

// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT` (RFC 3986, section 3.2.2).
Result<void> parse_host(std::string_view text, CameraSource& source) {
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == text.npos) return wrong("the IPv6 address lacks its closing bracket");
    source.host = to_lower(text.substr(1, end - 1));
    port = text.substr(end + 1);
    if (source.host.size() < 2 || !std::all_of(source.host.begin(), source.host.end(), address6_character)) {
      return wrong("the address in brackets is not an IPv6 address");
    }
    if (!port.empty() && port.front() != ':') return wrong("after an IPv6 address only :PORT may follow");
  } else {
    const size_t colon = text.find(':');
    source.host = to_lower(text.substr(0, colon));
    if (colon != text.npos) port = text.substr(colon);
    if (source.host.empty()) return wrong("the URL names no host: " + std::string(forms));
    if (!std::all_of(source.host.begin(), source.host.end(), host_character)) {
      return wrong("the host name has a character that host names cannot have");
    }
  }
  if (port.empty()) return {};
  const auto number = parse_port(port.substr(1));
  if (!number) return wrong("the port is not a number from 1 to 65535");
  source.port = *number;
  return {};
}

Result<CameraSource> parse_rtsp(std::string_view scheme, std::string_view rest) {
  CameraSource source;
  source.kind = CameraSource::Kind::rtsp;
  source.port = scheme == "rtsps" ? 322 : 554;
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return c == ' '; })) {
    return wrong("the URL has a space in it; write it as %20");
  }
  rest = rest.substr(0, rest.find('#'));
  const size_t path = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, path);
  // The last @ divides: passwords with a plain @ are common in the addresses that cameras' manuals give.
  if (const size_t at = authority.rfind('@'); at != authority.npos) {
    if (const auto user = parse_user(authority.substr(0, at), source); !user) {
      return tl::unexpected<base::Error>(user.error());
    }
    authority.remove_prefix(at + 1);
  }
  if (const auto host = parse_host(authority, source); !host) return tl::unexpected<base::Error>(host.error());
  source.url = std::string(scheme) + "://" + std::string(authority) + std::string(rest.substr(path));
  return source;
}

}  // namespace

Result<CameraSource> parse_camera_source(std::string_view text) {
  if (text.empty()) return wrong("the source is empty: " + std::string(forms));
  if (characters(text) > longest) return wrong("the source is longer than 500 characters");
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return wrong("the source has a control character in it");
  }
  CameraSource source;
  if (text == "publish") return source;
  if (text == "test") {
    source.kind = CameraSource::Kind::test;
    return source;
  }
  const size_t colon = text.find(':');
  const std::string scheme = colon == text.npos ? std::string() : to_lower(text.substr(0, colon));
  const std::string_view rest = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (scheme == "device" || scheme == "launch") {
    if (rest.find_first_not_of(' ') == rest.npos) return wrong("after " + scheme + ": something must follow");
    source.kind = scheme == "device" ? CameraSource::Kind::device : CameraSource::Kind::launch;
    (scheme == "device" ? source.device : source.fragment) = std::string(rest);
    return source;
  }
  if (scheme == "rtsp" || scheme == "rtsps") {
    if (!rest.starts_with("//")) return wrong("after " + scheme + ": two slashes must follow: " + std::string(forms));
    return parse_rtsp(scheme, rest.substr(2));
  }
  if (rest.starts_with("//")) {
    // The scheme alone is repeated, never the address: it may hold a password.
    const bool plain = scheme.size() <= 16 && std::all_of(scheme.begin(), scheme.end(), host_character);
    return wrong((plain ? scheme + ":// addresses" : std::string("such addresses")) + " are not known; " + forms);
  }
  return wrong("this is no source; " + std::string(forms));
}

CameraSource::Transport transport_of(std::string_view word) {
  if (word == "tcp") return CameraSource::Transport::tcp;
  return word == "udp" ? CameraSource::Transport::udp : CameraSource::Transport::automatic;
}

std::string place_of(const CameraSource& source) {
  if (source.kind != CameraSource::Kind::rtsp) return {};
  return bracketed(source.host) + ':' + std::to_string(source.port);
}

std::string url_by_address(const CameraSource& source, const std::string& address) {
  const std::string_view url = source.url;
  const size_t begin = url.find("//") + 2;
  const size_t path = std::min(url.find_first_of("/?", begin), url.size());
  return std::string(url.substr(0, begin)) + bracketed(address) + ':' + std::to_string(source.port) +
         std::string(url.substr(path));
}

std::string describe(const CameraSource& source) {
  switch (source.kind) {
    case CameraSource::Kind::publish:
      return "publish";
    case CameraSource::Kind::test:
      return "test";
    case CameraSource::Kind::device:
      return "device:" + source.device;
    case CameraSource::Kind::launch:
      return "launch:***";  // a fragment may hold user-pw=… in any place
    case CameraSource::Kind::rtsp: {
      std::string url = source.url;
      if (!source.user.empty() || !source.password.empty()) url.insert(url.find("//") + 2, "user:password@");
      return base::log::redact_url(url);
    }
  }
  return {};
}

}  // namespace reallive::pipeline
