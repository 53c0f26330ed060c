#include "catalog/camera.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/id.h"
#include "base/json.h"

namespace reallive::catalog {

using base::invalid;
using base::Result;

namespace {

constexpr size_t longest_short_name = 64;

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Result<void> check_text(const std::optional<std::string>& text, std::string_view field, size_t longest) {
  if (!text) return {};
  if (!base::is_utf8(*text) || has_control_characters(*text))
    return invalid(std::string(field), "expected text in one line");
  if (characters(*text) > longest)
    return invalid(std::string(field), "at most " + std::to_string(longest) + " characters");
  return {};
}

bool is_short_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_short_name && !base::is_uuid(text) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Result<void> check_resolution(const std::string& text) {
  const auto is_number = [](std::string_view digits) {
    return !digits.empty() && digits.size() <= 5 &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const std::string_view view = text;
  const size_t cross = view.find('x');
  if (text == "4k" || (!view.empty() && view.back() == 'p' && is_number(view.substr(0, view.size() - 1))) ||
      (cross != std::string_view::npos && is_number(view.substr(0, cross)) && is_number(view.substr(cross + 1))))
    return {};
  return invalid("resolution", "expected a resolution such as 1080p or 1920x1080");
}

// The letters of Latin-1 (U+00C0 to U+00FF) without their accents; * is no letter.
constexpr std::string_view plain_letters = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo*ouuuuyty";

char plain_letter(unsigned char lead, unsigned char next) {
  if (lead != 0xC3 || next < 0x80 || next > 0xBF) return '*';
  return plain_letters[next - 0x80u];
}

}  // namespace

Result<void> check_fields(const CameraFields& fields, bool is_new) {
  if (is_new && !fields.name) return invalid("name", "a camera needs a name");
  if (fields.name && fields.name->find_first_not_of(' ') == std::string::npos)
    return invalid("name", "a camera needs a name");
  const std::array<std::pair<const std::optional<std::string>*, std::pair<std::string_view, size_t>>, 9> texts = {{
      {&fields.name, {"name", 100}},
      {&fields.company, {"company", 100}},
      {&fields.model, {"model", 100}},
      {&fields.serial_number, {"serialNumber", 100}},
      {&fields.location, {"location", 200}},
      {&fields.place, {"place", 200}},
      {&fields.resolution, {"resolution", 20}},
      {&fields.source_url, {"source.url", 500}},
      {&fields.owner_id, {"ownerId", 100}},
  }};
  for (const auto& [text, rule] : texts)
    if (auto checked = check_text(*text, rule.first, rule.second); !checked) return checked;
  if (fields.source_url && fields.source_url->empty()) return invalid("source.url", "a source cannot be empty");
  if (fields.source_transport && *fields.source_transport != "auto" && *fields.source_transport != "tcp" &&
      *fields.source_transport != "udp")
    return invalid("source.transport", "expected auto, tcp or udp");
  if (fields.source_transcode && *fields.source_transcode != "never" && *fields.source_transcode != "h264")
    return invalid("source.transcode", "expected never or h264");
  if (fields.stream && !is_short_name(*fields.stream))
    return invalid("stream", "a short name is 1 to 64 of a-z, 0-9 and -, and not shaped like a UUID");
  if (fields.resolution) return check_resolution(*fields.resolution);
  return {};
}

std::string short_name(std::string_view name) {
  std::string result;
  for (size_t i = 0; i < name.size() && result.size() < longest_short_name; ++i) {
    const unsigned char c = static_cast<unsigned char>(name[i]);
    char plain = '*';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      plain = static_cast<char>(c);
    } else if (c >= 'A' && c <= 'Z') {
      plain = static_cast<char>(c - 'A' + 'a');
    } else if (c >= 0xC0) {  // a character of several bytes counts once
      plain = plain_letter(c, i + 1 < name.size() ? static_cast<unsigned char>(name[i + 1]) : 0);
      while (i + 1 < name.size() && (static_cast<unsigned char>(name[i + 1]) & 0xC0u) == 0x80u)
        ++i;
    }
    if (plain != '*')
      result += plain;
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  while (!result.empty() && result.back() == '-')
    result.pop_back();
  if (result.empty()) return "camera";
  return base::is_uuid(result) ? "camera-" + result : result;
}

Result<std::string> free_short_name(const std::string& base,
                                    const std::function<Result<bool>(const std::string&)>& taken) {
  for (unsigned number = 1;; ++number) {
    const std::string suffix = number == 1 ? "" : "-" + std::to_string(number);
    std::string candidate = base.substr(0, longest_short_name - suffix.size());
    if (!suffix.empty() && candidate.back() == '-') candidate.pop_back();
    candidate += suffix;
    auto there = taken(candidate);
    if (!there) return tl::unexpected(there.error());
    if (!*there) return candidate;
  }
}

}  // namespace reallive::catalog
