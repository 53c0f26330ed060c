// Settings: the server's settings while it runs: where each came from, changes through the API, reading anew on SIGHUP.
// Main loop's thread. Owns `settings.toml` in the data directory, which holds what was changed through the API.
// It never stores a value that the server could not start with.
#pragma once

#include <functional>

#include "api/settings_port.h"
#include "app/command.h"

namespace reallive::app {

class Settings final : public api::SettingsPort {
 public:
  /// `apply` gives modules their share; on its error everything stays as it was.
  using Apply = std::function<base::Result<void>(const Configuration&)>;
  Settings(CommonOptions options, Apply apply) : options_(std::move(options)), apply_(std::move(apply)) {}

  /// Reads file, stored settings, environment and command line. Applies nothing.
  base::Result<Configuration> load();
  /// The same, and applies it.
  base::Result<void> reload();

  std::vector<api::Setting> settings() const override;
  base::Result<void> change(const Changes& asked) override;

 private:
  base::Result<void> refusal(const Changes& changes) const;

  const CommonOptions options_;
  const Apply apply_;
  std::filesystem::path file_;
  SettingTexts texts_;
};

}  // namespace reallive::app
