// Result<T>: what a call that can fail returns inside the plugins.
// A value type without GLib, usable on any thread. The error is a sentence that a person can act on.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace reallive {

/// Why something failed: `code` is a stable word that programs compare ("no-common-codec"),
/// `message` a sentence for people.
struct Error {
  std::string code;
  std::string message;
  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string code, std::string message) {
  return tl::unexpected<Error>(Error{std::move(code), std::move(message)});
}

}  // namespace reallive
