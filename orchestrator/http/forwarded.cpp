#include "http/forwarded.h"

#include <algorithm>
#include <optional>

namespace reallive::http {
namespace {

constexpr size_t longest_host = 255;

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Cuts at `separator` outside of quoted strings.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '"') quoted = !quoted;
    if (i < text.size() && quoted && text[i] == '\\') {
      ++i;
      continue;
    }
    if (i >= text.size() || (text[i] == separator && !quoted)) {
      parts.push_back(trim(text.substr(std::min(begin, text.size()), i - begin)));
      begin = i + 1;
    }
  }
  return parts;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string result;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    result.push_back(text[i]);
  }
  return result;
}

/// `192.0.2.1`, `192.0.2.1:47011`, `[2001:db8::1]`, `[2001:db8::1]:47011` and the bare `2001:db8::1`.
std::optional<base::IpAddress> parse_node(std::string_view node) {
  if (!node.empty() && node.front() == '[') {
    const size_t end = node.find(']');
    return end == std::string_view::npos ? std::nullopt : base::IpAddress::parse(node.substr(1, end - 1));
  }
  const size_t colon = node.find(':');
  if (colon != std::string_view::npos && node.find(':', colon + 1) == std::string_view::npos)
    node = node.substr(0, colon);
  return base::IpAddress::parse(node);
}

/// One proxy's words, as it saw whoever connected to it.
struct Hop {
  std::string node, scheme, host;
};

/// All values of one header, in order; only the last hops count.
std::vector<std::string_view> list_of(const Headers& headers, std::string_view name) {
  std::vector<std::string_view> items;
  for (const auto& header : headers) {
    if (!equal_ignoring_case(header.first, name)) continue;
    const auto parts = split(header.second, ',');
    items.insert(items.end(), parts.begin(), parts.end());
  }
  if (items.size() > most_hops) items.erase(items.begin(), items.end() - most_hops);
  return items;
}

std::vector<Hop> forwarded_hops(const Headers& headers) {
  std::vector<Hop> hops;
  for (const std::string_view element : list_of(headers, "Forwarded")) {
    Hop hop;
    for (const std::string_view pair : split(element, ';')) {
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view name = trim(pair.substr(0, equals));
      std::string value = unquoted(trim(pair.substr(equals + 1)));
      if (equal_ignoring_case(name, "for"))
        hop.node = std::move(value);
      else if (equal_ignoring_case(name, "proto"))
        hop.scheme = std::move(value);
      else if (equal_ignoring_case(name, "host"))
        hop.host = std::move(value);
    }
    hops.push_back(std::move(hop));
  }
  return hops;
}

std::vector<Hop> x_forwarded_hops(const Headers& headers) {
  const auto nodes = list_of(headers, "X-Forwarded-For");
  const auto schemes = list_of(headers, "X-Forwarded-Proto"), hosts = list_of(headers, "X-Forwarded-Host");
  // Lists of the same length were written hop by hop; else the nearest proxy's word counts for all.
  const auto word = [&](const std::vector<std::string_view>& words, size_t i) {
    if (words.empty()) return std::string();
    return std::string(words.size() == nodes.size() ? words[i] : words.back());
  };
  std::vector<Hop> hops;
  for (size_t i = 0; i < nodes.size(); ++i)
    hops.push_back({std::string(nodes[i]), word(schemes, i), word(hosts, i)});
  return hops;
}

}  // namespace

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= longest_host && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == ':' || c == '[' || c == ']';
  });
}

ClientView see_client(const ClientView& direct, const Headers& headers, const std::vector<base::Network>& trusted) {
  const auto peer = base::IpAddress::parse(direct.remote_address);
  if (trusted.empty() || !peer || !any_contains(trusted, *peer)) return direct;
  const std::vector<Hop> hops = headers.has("X-Forwarded-For") ? x_forwarded_hops(headers) : forwarded_hops(headers);
  ClientView view = direct;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    // "unknown" and hidden names: the proxy before this one is all that is known.
    const auto address = parse_node(hop->node);
    if (!address) break;
    view.remote_address = address->to_string();
    if (equal_ignoring_case(hop->scheme, "https"))
      view.scheme = "https";
    else if (equal_ignoring_case(hop->scheme, "http"))
      view.scheme = "http";
    if (is_host(hop->host)) view.host = hop->host;
    if (!any_contains(trusted, *address)) break;
  }
  return view;
}

}  // namespace reallive::http
