#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json.h"
#include "base/time.h"

namespace reallive::base::log {

namespace {

std::atomic<Level> threshold = Level::info;
std::atomic<Format> line_format = Format::text;

// spdlog carries finished lines to standard error, one write a line, from any thread.
spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("reallive", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warning", "error", "off"};

std::string_view name_of(Level level) {
  return level_names[static_cast<size_t>(level)];
}

bool is_secret(std::string_view field) {
  std::string lower(field);
  for (char& c : lower)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"password", "secret", "token", "authorization", "cookie", "stream_key", "streamkey"})
    if (lower.find(word) != std::string::npos) return true;
  return lower == "key";
}

// Control characters would let a foreign text pretend to be a line of its own.
std::string printable(std::string_view text) {
  std::string result;
  for (const char c : valid_utf8(text)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      result += ' ';
    else
      result += c;
  }
  return result;
}

std::string quoted_if_needed(const std::string& text) {
  if (!text.empty() && text.find_first_of(" \"=") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

void configure(const Config& config) {
  threshold = config.level;
  line_format = config.format;
}

std::optional<Level> parse_level(std::string_view name) {
  for (size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<Level>(i);
  return std::nullopt;
}

bool enabled(Level level) {
  return level >= threshold.load(std::memory_order_relaxed) && level != Level::off;
}

void write(Level level, std::string_view area, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  logger().log(spdlog::level::info,
               format_line(line_format, format_time(system_clock().now()), level, area, message, fields));
}

std::string format_line(Format format, std::string_view time, Level level, std::string_view area,
                        std::string_view message, Fields fields) {
  if (format == Format::json) {
    Json line = Json::object({{"time", time}, {"level", name_of(level)}, {"area", area}, {"message", message}});
    for (const auto& [name, value] : fields)
      line.set(name, is_secret(name) ? Json("***") : Json(value));
    return line.dump();
  }
  std::string line(time);
  line += ' ';
  line += name_of(level);
  line += ' ';
  line += area;
  line += ": ";
  line += printable(message);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    line += is_secret(name) ? "***" : quoted_if_needed(printable(value));
  }
  return line;
}

std::string redact_url(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const size_t begin = scheme + 3;
  const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const size_t at = url.substr(begin, end - begin).rfind('@');
  std::string result(url.substr(0, begin));
  result += at == std::string_view::npos ? "" : "***@";
  std::string_view rest = url.substr(at == std::string_view::npos ? begin : begin + at + 1);
  const size_t query = rest.find('?');
  result += rest.substr(0, query);
  if (query == std::string_view::npos) return result;
  rest.remove_prefix(query);
  for (size_t i = 0; i < rest.size();) {  // "?name=value&name=value#…", the values hidden
    const size_t equals = rest.find('=', i);
    if (equals == std::string_view::npos) return result.append(rest.substr(i));
    result += rest.substr(i, equals - i);
    result += "=***";
    i = std::min(rest.find_first_of("&#", equals), rest.size());
  }
  return result;
}

}  // namespace reallive::base::log
