#include "app/command.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace reallive::app {

using base::fail;
using base::Result;

namespace {

constexpr size_t longest_input = 4096;

// Characters, so that names with accents line up.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

// Typing is not shown while this lives.
class HiddenTyping {
 public:
  HiddenTyping() {
    tcgetattr(STDIN_FILENO, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenTyping() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  termios before_{};
};

std::string ask(const char* prompt) {
  std::cerr << prompt << std::flush;
  std::string line;
  std::getline(std::cin, line);
  std::cerr << '\n';
  return line;
}

// Standard input up to its end without the one line break there; nothing when it is longer than anything we read.
std::optional<std::string> read_input() {
  std::string text(longest_input + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::cin.gcount()));
  if (text.size() > longest_input) return std::nullopt;
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

}  // namespace

int report(const base::Error& error) {
  std::cerr << "reallive: " << (error.field.empty() ? "" : error.field + ": ") << error.message << '\n';
  const bool usage = error.code == "VALIDATION_FAILED" || error.code == "configuration" || error.code == "usage";
  return usage ? exit_usage : exit_failed;
}

std::filesystem::path stored_settings_file(const Configuration& configuration) {
  return configuration.data_dir / "settings.toml";
}

Result<Configuration> configure(const CommonOptions& options, SettingTexts* texts,
                                const std::filesystem::path& stored) {
  ConfigurationSources sources;
  if (!options.config_file.empty()) sources.file = options.config_file;
  sources.environment = [](const std::string& name) -> const char* { return std::getenv(name.c_str()); };
  sources.sets = options.sets;
  const auto load = [&](SettingTexts* filled) -> Result<Configuration> {
    auto configuration = load_configuration(sources, filled);
    if (!configuration) return configuration;
    if (!options.data_dir.empty()) configuration->data_dir = options.data_dir;
    if (configuration->data_dir.empty()) {
      auto directory = default_data_dir();
      if (!directory) return tl::unexpected(directory.error());
      configuration->data_dir = *directory;
    }
    return configuration;
  };
  // Where the stored settings are, the others say.
  auto configuration = load(nullptr);
  if (!configuration) return configuration;
  const std::filesystem::path data_dir = configuration->data_dir;
  sources.stored = stored.empty() ? stored_settings_file(*configuration) : stored;
  std::error_code error;
  if (!std::filesystem::exists(*sources.stored, error)) sources.stored.reset();
  configuration = load(texts);
  if (configuration) configuration->data_dir = data_dir;
  return configuration;
}

Result<DataDir> open_data_dir(const Configuration& configuration) {
  return DataDir::open(configuration.data_dir);
}

int with_store(const CommonOptions& options, const std::function<Result<void>(Store&)>& work) {
  auto configuration = configure(options);
  if (!configuration) return report(configuration.error());
  base::log::configure(configuration->log);
  auto data_dir = open_data_dir(*configuration);
  if (!data_dir) return report(data_dir.error());
  auto store = Store::open(std::move(*data_dir));
  if (!store) return report(store.error());
  auto done = work(**store);
  return done ? exit_done : report(done.error());
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

void print_json(const base::Json& json) {
  std::cout << json.pretty() << '\n';
}

Result<std::string> read_password(bool from_stdin) {
  if (from_stdin) {
    auto text = read_input();
    if (!text) return base::invalid("password", "the password may have at most 72 bytes");
    return *std::move(text);
  }
  if (!isatty(STDIN_FILENO)) return fail("usage", "there is no terminal to ask on; use --password-stdin");
  const HiddenTyping hidden;
  const std::string first = ask("Password: ");
  if (ask("The same again: ") != first) return fail("usage", "the two differ; nothing was changed");
  return first;
}

Result<std::string> read_source() {
  if (isatty(STDIN_FILENO)) {
    const HiddenTyping hidden;
    return ask("Source: ");
  }
  auto text = read_input();
  if (!text) return base::invalid("--source-stdin", "a source may have at most 500 characters");
  return *std::move(text);
}

}  // namespace reallive::app
