#include <charconv>

#include "db/database.h"

namespace reallive::db {

int64_t Value::integer() const {
  if (const auto* number = std::get_if<int64_t>(&data_)) return *number;
  if (const auto* number = std::get_if<double>(&data_)) return static_cast<int64_t>(*number);
  int64_t result = 0;
  if (const auto* text = std::get_if<std::string>(&data_))
    std::from_chars(text->data(), text->data() + text->size(), result);
  return result;
}

double Value::real() const {
  if (const auto* number = std::get_if<double>(&data_)) return *number;
  return static_cast<double>(integer());
}

std::string Value::text() const {
  if (const auto* text = std::get_if<std::string>(&data_)) return *text;
  if (const auto* number = std::get_if<int64_t>(&data_)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&data_)) return std::to_string(*number);
  return {};
}

std::optional<std::string> Value::maybe_text() const {
  if (is_null()) return std::nullopt;
  return text();
}

const Value& Row::operator[](std::string_view column) const {
  static const Value null;
  for (const auto& [name, value] : columns_)
    if (name == column) return value;
  return null;
}

}  // namespace reallive::db
