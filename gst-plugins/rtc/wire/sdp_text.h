// Cutting SDP text: lines, words, numbers, and the attributes that descriptions and trickle fragments share.
// Pure functions over string views for any thread. Internal to this directory.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "rtc/wire/sdp.h"

namespace reallive::rtc::sdp {

/// Walks lines that end with CRLF or LF; empty ones are skipped.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::optional<std::string_view> next();
  size_t number() const { return number_; }  // of the line given last, from 1

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

/// Takes the text up to `separator` off the front of `rest`; all of it when there is none.
inline std::string_view take(std::string_view& rest, char separator = ' ') {
  size_t end = rest.find(separator);
  std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return word;
}

std::vector<std::string_view> words(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string lower(std::string_view text);

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<Direction> direction_named(std::string_view name);
std::string_view name_of(Direction direction);

/// True when every byte of the line is printable: no control characters but tab.
bool is_printable(std::string_view line);

enum class Taken : uint8_t { kNo, kYes, kMalformed };
/// ice-ufrag, ice-pwd, ice-options, fingerprint and setup.
Taken take_transport(Transport& transport, std::string_view name, std::string_view value);
void append_transport(std::string& out, const Transport& transport);
void append_candidates(std::string& out, const std::vector<Candidate>& candidates, bool end_of_candidates);

}  // namespace reallive::rtc::sdp
