// Result<T>: what a call that can fail returns in the orchestrator.
// A value type, usable on any thread. It never carries secrets: messages are shown to people and written to logs.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace reallive::base {

/// Why something failed: `code` is a stable word that programs compare ("VALIDATION_FAILED", "bad-offer"), `message`
/// a sentence for people, `field` the path of the input at fault ("source.url"), empty when there is none,
/// `retry_after_s` when the same may succeed; 0: nobody knows.
struct Error {
  std::string code;
  std::string message;
  std::string field = {};
  int64_t retry_after_s = 0;
  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string code, std::string message) {
  return tl::unexpected<Error>(Error{std::move(code), std::move(message), {}});
}

/// A value from outside that breaks a rule; its code is VALIDATION_FAILED.
inline tl::unexpected<Error> invalid(std::string field, std::string message) {
  return tl::unexpected<Error>(Error{"VALIDATION_FAILED", std::move(message), std::move(field)});
}

}  // namespace reallive::base
