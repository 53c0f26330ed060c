// Command: what all subcommands share: options, exit codes, output as a table or as JSON.
// The main thread of a program that ends soon. It never prints secrets that nobody asked for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/store.h"
#include "base/json.h"
#include "base/result.h"

namespace reallive::app {

enum ExitCode { exit_done = 0, exit_failed = 1, exit_usage = 2 };

/// Options that every subcommand takes.
struct CommonOptions {
  std::string config_file, data_dir;
  std::vector<std::string> sets;
  bool json = false;
};

/// Says it on standard error; 2 for wrong input or configuration, else 1.
int report(const base::Error& error);

/// The configuration and the data directory that it names, which is made where it is missing.
/// What was changed through the API lies there as `settings.toml`; `stored` names another file instead.
base::Result<Configuration> configure(const CommonOptions& options, SettingTexts* texts = nullptr,
                                      const std::filesystem::path& stored = {});
std::filesystem::path stored_settings_file(const Configuration& configuration);
base::Result<DataDir> open_data_dir(const Configuration& configuration);

/// Opens the data directory, runs `work`, and reports its error.
int with_store(const CommonOptions& options, const std::function<base::Result<void>(Store&)>& work);

/// Columns as wide as their widest cell; the first row is the heading.
void print_table(const std::vector<std::vector<std::string>>& rows);
void print_json(const base::Json& json);

/// From standard input up to its end (`from_stdin`, one line break at the end is dropped), else asked for twice on the
/// terminal without showing it.
base::Result<std::string> read_password(bool from_stdin);
/// A camera's address, which may hold a password: standard input as above, or what is typed on the terminal unseen.
base::Result<std::string> read_source();

}  // namespace reallive::app
