// Log: one line an event on standard error, as text or as JSON lines. Configured once at start.
// May be called from any thread. It never writes secrets: fields whose names say so are shown as ***.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace reallive::base::log {

enum class Level { debug, info, warning, error, off };
enum class Format { text, json };

struct Config {
  Level level = Level::info;
  Format format = Format::text;
  bool operator==(const Config&) const = default;
};

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

void configure(const Config& config);
std::optional<Level> parse_level(std::string_view name);
bool enabled(Level level);

/// `area` is the module or feature ("http", "media"); `message` a sentence without line breaks of its own.
void write(Level level, std::string_view area, std::string_view message, Fields fields = {});

inline void debug(std::string_view area, std::string_view message, Fields fields = {}) {
  write(Level::debug, area, message, fields);
}
inline void info(std::string_view area, std::string_view message, Fields fields = {}) {
  write(Level::info, area, message, fields);
}
inline void warning(std::string_view area, std::string_view message, Fields fields = {}) {
  write(Level::warning, area, message, fields);
}
inline void error(std::string_view area, std::string_view message, Fields fields = {}) {
  write(Level::error, area, message, fields);
}

/// One line without its end, as write() makes it; `time` in RFC 3339.
std::string format_line(Format format, std::string_view time, Level level, std::string_view area,
                        std::string_view message, Fields fields);

/// A URL fit for logs: user and password of `scheme://user:password@host` become `***`, and so do the values of query
/// parameters.
std::string redact_url(std::string_view url);

}  // namespace reallive::base::log
