#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <jansson.h>
#include <limits>
#include <memory>
#include <utility>

namespace reallive::base {

namespace {

// Length of the valid UTF-8 sequence at `text[at]`, 0 when there is none (Unicode 15, table 3-7).
size_t sequence_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

struct Position {
  size_t line = 1, column = 1;
};

Position position_of(std::string_view text, size_t at) {
  Position position;
  for (size_t i = 0; i < at && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u) {
      ++position.column;
    }
  }
  return position;
}

tl::unexpected<Error> parse_error(Position position, const std::string& what) {
  return fail("json",
              "line " + std::to_string(position.line) + ", column " + std::to_string(position.column) + ": " + what);
}

// Where nesting goes beyond `limit`, or the text's size. jansson's own limit is fixed when it is built.
size_t too_deep_at(std::string_view text, size_t limit) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return i;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return text.size();
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence_length(text, at);
    result += length ? text.substr(at, length) : std::string_view("\xEF\xBF\xBD");
    at += length ? length : 1;
  }
  return result;
}

Json::Json() : json_(json_null()) {}
Json::Json(std::nullptr_t) : json_(json_null()) {}
Json::Json(bool value) : json_(json_boolean(value)) {}
Json::Json(int value) : json_(json_integer(value)) {}
Json::Json(unsigned value) : json_(json_integer(value)) {}
Json::Json(int64_t value) : json_(json_integer(value)) {}
Json::Json(uint64_t value)
    : json_(value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
                ? json_integer(static_cast<json_int_t>(value))
                : json_real(static_cast<double>(value))) {}
Json::Json(double value) : json_(std::isfinite(value) ? json_real(value) : json_null()) {}
Json::Json(const char* text) : Json(std::string_view(text)) {}
Json::Json(const std::string& text) : Json(std::string_view(text)) {}
Json::Json(std::string_view text) : json_(json_stringn(text.data() ? text.data() : "", text.size())) {
  if (json_) return;
  const std::string clean = valid_utf8(text);
  json_ = json_stringn(clean.data(), clean.size());
}

Json::Json(const Json& other) : json_(json_incref(other.json_)) {}
Json::Json(Json&& other) noexcept : json_(std::exchange(other.json_, json_null())) {}
Json& Json::operator=(Json other) noexcept {
  std::swap(json_, other.json_);
  return *this;
}
Json::~Json() {
  json_decref(json_);
}

Json Json::adopt(json_t* owned) {
  return Json(owned ? owned : json_null(), 0);
}
Json Json::retain(json_t* borrowed) {
  return adopt(json_incref(borrowed));
}

Json Json::array(std::initializer_list<Json> items) {
  Json result = adopt(json_array());
  for (const Json& item : items)
    result.push(item);
  return result;
}

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
  Json result = adopt(json_object());
  for (const auto& [key, value] : members)
    result.set(key, value);
  return result;
}

Result<Json> Json::parse(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes)
    return fail("json", "the text has " + std::to_string(text.size()) + " bytes, at most " +
                            std::to_string(limits.bytes) + " are read");
  const size_t deep = too_deep_at(text, limits.depth);
  if (deep < text.size())
    return parse_error(position_of(text, deep), "nested more than " + std::to_string(limits.depth) + " deep");
  json_error_t error;
  json_t* parsed =
      json_loadb(text.data() ? text.data() : "", text.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  if (!parsed) {
    const Position position{static_cast<size_t>(std::max(error.line, 1)),
                            static_cast<size_t>(std::max(error.column, 0)) + 1};
    return parse_error(position, valid_utf8(error.text));
  }
  return adopt(parsed);
}

Json::Type Json::type() const {
  switch (json_typeof(json_)) {
    case JSON_OBJECT:
      return Type::object;
    case JSON_ARRAY:
      return Type::array;
    case JSON_STRING:
      return Type::string;
    case JSON_INTEGER:
      return Type::integer;
    case JSON_REAL:
      return Type::real;
    case JSON_TRUE:
    case JSON_FALSE:
      return Type::boolean;
    case JSON_NULL:
      break;
  }
  return Type::null;
}

std::optional<bool> Json::as_bool() const {
  if (type() != Type::boolean) return std::nullopt;
  return json_is_true(json_);
}

std::optional<int64_t> Json::as_int() const {
  if (type() != Type::integer) return std::nullopt;
  return static_cast<int64_t>(json_integer_value(json_));
}

std::optional<double> Json::as_double() const {
  if (!json_is_number(json_)) return std::nullopt;
  return json_number_value(json_);
}

std::optional<std::string> Json::as_string() const {
  if (!is_string()) return std::nullopt;
  return std::string(json_string_value(json_), json_string_length(json_));
}

bool Json::has(std::string_view key) const {
  return json_object_getn(json_, key.data() ? key.data() : "", key.size()) != nullptr;
}

Json Json::get(std::string_view key) const {
  return retain(json_object_getn(json_, key.data() ? key.data() : "", key.size()));
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> result;
  for (void* i = json_object_iter(json_); i; i = json_object_iter_next(json_, i))
    result.emplace_back(json_object_iter_key(i), json_object_iter_key_len(i));
  return result;
}

size_t Json::size() const {
  return is_array() ? json_array_size(json_) : json_object_size(json_);
}
Json Json::at(size_t index) const {
  return retain(json_array_get(json_, index));
}

// A container that others share is copied before it changes; its members stay shared until they change themselves.
void Json::make_mutable(Type wanted) {
  if (type() != wanted) {
    *this = adopt(wanted == Type::array ? json_array() : json_object());
  } else if (json_->refcount > 1) {
    *this = adopt(json_copy(json_));
  }
}

Json& Json::set(std::string_view key, Json value) {
  make_mutable(Type::object);
  const std::string name = valid_utf8(key);
  json_object_setn_new(json_, name.data(), name.size(), std::exchange(value.json_, nullptr));
  return *this;
}

Json& Json::erase(std::string_view key) {
  make_mutable(Type::object);
  json_object_deln(json_, key.data() ? key.data() : "", key.size());
  return *this;
}

Json& Json::push(Json value) {
  make_mutable(Type::array);
  json_array_append_new(json_, std::exchange(value.json_, nullptr));
  return *this;
}

std::string Json::write(size_t flags) const {
  const std::unique_ptr<char, decltype(&std::free)> text(json_dumps(json_, flags | JSON_ENCODE_ANY), &std::free);
  return text ? text.get() : "null";
}

std::string Json::dump() const {
  return write(JSON_COMPACT);
}
std::string Json::pretty() const {
  return write(JSON_INDENT(2));
}

bool Json::operator==(const Json& other) const {
  return json_equal(json_, other.json_) == 1;
}

}  // namespace reallive::base
