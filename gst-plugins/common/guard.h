// guard(): the one place where C++ exceptions stop before they would cross a C frame.
// Wrap the body of each GObject, GStreamer or GLib callback in it; any thread.
// It never swallows silently: what was thrown goes to the GStreamer log as an error.
#pragma once

#include <exception>
#include <gst/gst.h>
#include <utility>

namespace reallive {

/// Runs `body` and returns its result; if it throws, logs the reason and returns `otherwise`.
template <typename Body, typename Otherwise>
auto guard(Otherwise otherwise, Body&& body) noexcept -> decltype(body()) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& error) {
    GST_ERROR("an exception reached a C border: %s", error.what());
  } catch (...) {
    GST_ERROR("an unknown exception reached a C border");
  }
  return static_cast<decltype(body())>(otherwise);
}

/// The same for callbacks that return nothing.
template <typename Body>
void guard(Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
  } catch (const std::exception& error) {
    GST_ERROR("an exception reached a C border: %s", error.what());
  } catch (...) {
    GST_ERROR("an unknown exception reached a C border");
  }
}

}  // namespace reallive
