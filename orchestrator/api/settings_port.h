// SettingsPort: what the API needs to know of the server's settings. App implements it.
// Main loop's thread. It never shows where a setting's file is, and never takes a value that the file would not.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace reallive::api {

struct Setting {
  std::string key;                            ///< `http.public_url`
  std::vector<std::string> values, defaults;  ///< texts as in the file; exactly one unless `type` is `list`
  std::string origin;                         ///< `default`, `file`, `stored`, `environment` or `command`
  std::string type;                           ///< `string`, `integer`, `boolean`, `list` or `choice`
  std::vector<std::string> choices;           ///< of `choice`
  std::string applies;                        ///< `now`, or `restart`
  std::string description;
};

class SettingsPort {
 public:
  virtual ~SettingsPort() = default;
  virtual std::vector<Setting> settings() const = 0;
  /// All of these or none; nothing as the value means: back to what the file or the default says. The error's field is
  /// the key. Codes VALIDATION_FAILED, CONFLICT (environment or command line decide), `file`.
  using Changes = std::map<std::string, std::optional<std::vector<std::string>>>;
  virtual base::Result<void> change(const Changes& changes) = 0;
};

}  // namespace reallive::api
