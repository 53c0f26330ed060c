// Gobject: small helpers for code that talks to GLib and libsoup: ownership, and exceptions that stop at the border.
// Any thread. For files of this module only; it never shows in an interface that others use.
#pragma once

#include <exception>
#include <gio/gio.h>
#include <memory>

#include "base/log.h"

namespace reallive::http {

struct ObjectDeleter {
  void operator()(void* object) const { g_clear_object(&object); }
};
template <typename T>
using Object = std::unique_ptr<T, ObjectDeleter>;

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};

/// No exception crosses into the library.
template <typename Body>
void guard(Body&& body) noexcept {
  try {
    body();
  } catch (const std::exception& error) {
    base::log::error("http", "an exception reached the HTTP library", {{"what", error.what()}});
  } catch (...) {
    base::log::error("http", "an unknown exception reached the HTTP library");
  }
}

}  // namespace reallive::http
