// JsonInput: reads the members of a request's JSON object, strictly. A value of the request's, main loop's thread.
// Keeps the first mistake; finish() also finds members that nobody asked for.
// It never coerces: a number is not a text.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace reallive::api {

class JsonInput {
 public:
  /// UNSUPPORTED_MEDIA_TYPE, or VALIDATION_FAILED when the body is no JSON object.
  static base::Result<JsonInput> parse(const http::Request& request);
  /// `path` goes in front of names in errors: `source.` for `source.url`.
  explicit JsonInput(base::Json object, std::string path = {}) : object_(std::move(object)), path_(std::move(path)) {}

  bool has(const std::string& name);
  /// Absent: nothing. Null: an empty text.
  std::optional<std::string> text(const std::string& name);
  /// Absent: nothing; null is a mistake.
  std::optional<bool> boolean(const std::string& name);
  /// Absent: nothing. Anything but a whole number of this range is a mistake.
  std::optional<int64_t> integer(const std::string& name, int64_t least, int64_t most);
  /// A text that must be there and not be empty.
  std::string required_text(const std::string& name);
  /// An object inside this one; nothing when absent. Finish it, too, and hand its result to check().
  std::optional<JsonInput> object(const std::string& name);
  /// A member that cannot be set: it may only stand there when the thing `exists`, with the value that it has `now`.
  void read_only(const std::string& name, const base::Json& now, bool exists);

  void check(const base::Result<void>& result);
  base::Result<void> finish();

 private:
  void mistake(const std::string& name, std::string message);

  base::Json object_;
  std::string path_;
  std::set<std::string> asked_;
  std::optional<base::Error> error_;
};

}  // namespace reallive::api
