// Url: percent-decoding of request targets and queries (RFC 3986). Pure functions on foreign bytes.
// Any thread. Nothing here resolves names or touches files; what it hands on holds no "..", no NUL and no controls.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reallive::http {

inline constexpr size_t longest_path = 2048;
inline constexpr size_t longest_query = 8192;
inline constexpr size_t most_parameters = 100;

/// Nothing when an escape is cut off or is not hexadecimal.
std::optional<std::string> percent_decode(std::string_view text);
/// Everything but RFC 3986 section 2.3's unreserved characters is escaped.
std::string percent_encode(std::string_view text);

/// `/a/b%20c/` → {"a", "b c"}: decoded one by one, so an escaped slash stays inside its segment. Nothing when the path
/// does not begin with a slash, is longer than `longest_path`, is not UTF-8, or holds `.`, `..`, an empty segment
/// before the end, a control character or a backslash. One slash at the end is ignored.
std::optional<std::vector<std::string>> split_path(std::string_view path);

/// Names and values in order; `+` is a space (HTML forms). Nothing for bad escapes, bytes that are not UTF-8, more than
/// `most_parameters` or `longest_query`.
using Query = std::vector<std::pair<std::string, std::string>>;
std::optional<Query> parse_query(std::string_view query);

}  // namespace reallive::http
