#include "api/json_input.h"

#include <utility>

namespace reallive::api {

base::Result<JsonInput> JsonInput::parse(const http::Request& request) {
  if (request.content_type() != "application/json") {
    return base::fail("UNSUPPORTED_MEDIA_TYPE", "The body must be JSON: Content-Type: application/json.");
  }
  const auto value = base::Json::parse(request.body);
  if (!value) return base::fail("VALIDATION_FAILED", "The body is not JSON: " + value.error().message);
  if (!value->is_object()) return base::fail("VALIDATION_FAILED", "The body must be a JSON object.");
  return JsonInput(*value);
}

bool JsonInput::has(const std::string& name) {
  asked_.insert(name);
  return object_.has(name);
}

std::optional<std::string> JsonInput::text(const std::string& name) {
  if (!has(name)) return {};
  const base::Json value = object_.get(name);
  if (value.is_null()) return std::string();
  if (!value.is_string()) mistake(name, "must be a text");
  return value.as_string();
}

std::optional<bool> JsonInput::boolean(const std::string& name) {
  if (!has(name)) return {};
  const auto value = object_.get_bool(name);
  if (!value) mistake(name, "must be true or false");
  return value;
}

std::optional<int64_t> JsonInput::integer(const std::string& name, int64_t least, int64_t most) {
  if (!has(name)) return {};
  const auto value = object_.get_int(name);
  if (!value || *value < least || *value > most)
    mistake(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::string JsonInput::required_text(const std::string& name) {
  const auto value = text(name);
  if (!value || value->empty()) mistake(name, "is missing");
  return value.value_or("");
}

std::optional<JsonInput> JsonInput::object(const std::string& name) {
  if (!has(name)) return {};
  const base::Json value = object_.get(name);
  if (!value.is_object()) {
    mistake(name, "must be an object");
    return {};
  }
  return JsonInput(value, path_ + name + ".");
}

void JsonInput::read_only(const std::string& name, const base::Json& now, bool exists) {
  if (has(name) && !(exists && object_.get(name) == now)) mistake(name, "cannot be set");
}

void JsonInput::check(const base::Result<void>& result) {
  if (!result && !error_) error_ = result.error();
}

base::Result<void> JsonInput::finish() {
  for (const std::string& name : object_.keys()) {
    if (asked_.count(name) == 0) mistake(name, "is not a field of this request");
  }
  if (error_) return tl::unexpected(*error_);
  return {};
}

void JsonInput::mistake(const std::string& name, std::string message) {
  if (!error_) error_ = base::Error{"VALIDATION_FAILED", path_ + name + " " + std::move(message) + ".", path_ + name};
}

}  // namespace reallive::api
