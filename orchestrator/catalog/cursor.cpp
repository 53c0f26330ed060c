#include "catalog/cursor.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/id.h"
#include "base/json.h"

namespace reallive::catalog {

std::string write_cursor(const Cursor& cursor) {
  const std::string text = base::Json::array({cursor.value, cursor.id}).dump();
  return base::base64url_encode(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

std::optional<Cursor> read_cursor(std::string_view text) {
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  while (standard.size() % 4 != 0)
    standard += '=';
  const auto bytes = base::base64_decode(standard);
  if (!bytes) return std::nullopt;
  const auto json = base::Json::parse(*bytes, {.bytes = 4096, .depth = 1});
  if (!json || json->size() != 2) return std::nullopt;
  const auto value = json->at(0).as_string(), id = json->at(1).as_string();
  if (!value || !id) return std::nullopt;
  return Cursor{*value, *id};
}

}  // namespace reallive::catalog
