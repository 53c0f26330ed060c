// Json: a JSON value (RFC 8259) with value semantics; the only door to jansson. Copies share until one is changed.
// One value belongs to one thread at a time; copies may live on others.
// It never throws, never accepts duplicate keys, and never writes bytes that are not UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

struct json_t;

namespace reallive::base {

struct JsonLimits {
  size_t bytes = 256 * 1024;  ///< longest text that is parsed at all
  size_t depth = 32;          ///< most arrays and objects inside one another
};

class Json {
 public:
  enum class Type { null, boolean, integer, real, string, array, object };

  Json();  ///< null
  Json(std::nullptr_t);
  Json(bool value);
  Json(int value);
  Json(unsigned value);
  Json(int64_t value);
  Json(uint64_t value);  ///< above INT64_MAX becomes a real
  Json(double value);    ///< NaN and infinities become null
  Json(const char* text);
  Json(std::string_view text);  ///< bytes that are not UTF-8 become U+FFFD
  Json(const std::string& text);
  template <typename T>
  Json(const std::optional<T>& value) : Json() {
    if (value) *this = Json(*value);
  }
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json array(std::initializer_list<Json> items = {});
  static Json object(std::initializer_list<std::pair<std::string_view, Json>> members = {});

  /// Any JSON value. Code `json`; the message names line and column ("line 2, column 7: …").
  static Result<Json> parse(std::string_view text, JsonLimits limits = {});

  Type type() const;
  bool is_null() const { return type() == Type::null; }
  bool is_string() const { return type() == Type::string; }
  bool is_array() const { return type() == Type::array; }
  bool is_object() const { return type() == Type::object; }

  /// The value, if it has exactly this type (as_double takes integers too).
  std::optional<bool> as_bool() const;
  std::optional<int64_t> as_int() const;
  std::optional<double> as_double() const;
  std::optional<std::string> as_string() const;

  /// Members of an object; everything else has none. An absent member reads as null.
  bool has(std::string_view key) const;
  Json get(std::string_view key) const;
  std::vector<std::string> keys() const;  ///< in the order they were written
  std::optional<bool> get_bool(std::string_view key) const { return get(key).as_bool(); }
  std::optional<int64_t> get_int(std::string_view key) const { return get(key).as_int(); }
  std::optional<double> get_double(std::string_view key) const { return get(key).as_double(); }
  std::optional<std::string> get_string(std::string_view key) const { return get(key).as_string(); }

  /// Items of an array or members of an object; 0 for everything else.
  size_t size() const;
  Json at(size_t index) const;  ///< null beyond the end

  /// A value of another type becomes an object first.
  Json& set(std::string_view key, Json value);
  Json& erase(std::string_view key);
  /// A value of another type becomes an array first.
  Json& push(Json value);

  std::string dump() const;    ///< one line, keys in the order they were set
  std::string pretty() const;  ///< indented by two spaces, for people

  bool operator==(const Json& other) const;

 private:
  explicit Json(json_t* owned, int) : json_(owned) {}
  static Json adopt(json_t* owned);
  static Json retain(json_t* borrowed);
  void make_mutable(Type type);
  std::string write(size_t flags) const;

  json_t* json_;  // never null
};

/// The text with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);
/// True when the whole text is valid UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace reallive::base
