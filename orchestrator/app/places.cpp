#include "app/places.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "reallive-config.h"

namespace reallive::app {

namespace {

std::optional<std::filesystem::path> from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (!text || !*text) return std::nullopt;
  return std::filesystem::path(text);
}

std::filesystem::path program_dir() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

// The program runs from BUILD/orchestrator/app.
std::optional<std::filesystem::path> build_tree() {
  std::error_code error;
  const std::filesystem::path top = program_dir().parent_path().parent_path();
  if (!std::filesystem::exists(top / "build.ninja", error)) return std::nullopt;
  return top;
}

// Where an installed directory is now: the whole prefix may have been moved, or staged for a package.
std::filesystem::path installed(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::path moved = program_dir().parent_path() / directory.lexically_relative(REALLIVE_PREFIX);
  return std::filesystem::is_directory(moved, error) ? moved : directory;
}

}  // namespace

std::filesystem::path web_dir() {
  if (const auto named = from_environment("REALLIVE_WEB_DIR")) return *named;
  if (const auto top = build_tree()) return *top / "web" / "dist";
  return installed(REALLIVE_WEB_DIR);
}

void use_own_plugins() {
  std::filesystem::path own = installed(REALLIVE_PLUGIN_DIR);
  if (const auto named = from_environment("REALLIVE_PLUGIN_DIR")) {
    own = *named;
  } else if (const auto top = build_tree()) {
    own = *top / "gst-plugins";
  }
  // Where the versioned variable is set, GStreamer does not look at the other one.
  const char* variable = std::getenv("GST_PLUGIN_PATH_1_0") ? "GST_PLUGIN_PATH_1_0" : "GST_PLUGIN_PATH";
  const auto others = from_environment(variable);
  setenv(variable, (own.string() + (others ? ":" + others->string() : "")).c_str(), 1);
}

}  // namespace reallive::app
