// Places: where the program's plugins and its page are: beside its own build tree, else where they were installed.
// Main thread, before GStreamer is initialized. It never searches directories that neither build nor install made.
#pragma once

#include <filesystem>

namespace reallive::app {

/// `REALLIVE_WEB_DIR`, else the build tree's `web/dist`, else the installed one.
std::filesystem::path web_dir();
/// Puts `REALLIVE_PLUGIN_DIR`, else the build tree's plugins, else the installed ones, first on GStreamer's search
/// path.
void use_own_plugins();

}  // namespace reallive::app
