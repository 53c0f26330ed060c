#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <toml++/toml.h>

#include "app/configuration.h"

namespace reallive::app {

using base::fail;
using base::Result;

namespace {

constexpr size_t longest_file = 1 << 20;

std::string position(const std::filesystem::path& file, const toml::source_region& region) {
  return file.string() + ":" + std::to_string(region.begin.line) + ":" + std::to_string(region.begin.column);
}

// A text, number or truth value as the text that --set would take.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<int64_t>()) return std::to_string(*number);
  if (const auto truth = node.value_exact<bool>()) return *truth ? "true" : "false";
  return std::nullopt;
}

Result<std::vector<std::string>> texts(const toml::node& node, const std::string& where) {
  if (auto text = scalar_text(node)) return std::vector<std::string>{*text};
  std::vector<std::string> items;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& item : *array) {
      auto text = scalar_text(item);
      if (!text) return fail("configuration", where + ": a list of texts is expected here");
      items.push_back(std::move(*text));
    }
    return items;
  }
  return fail("configuration", where + ": a text, a number or a list of texts is expected here");
}

Result<void> collect(std::vector<FileSetting>& settings, const std::filesystem::path& file, const toml::table& table,
                     const std::string& prefix) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      if (auto done = collect(settings, file, *inner, name + "."); !done) return done;
      continue;
    }
    auto values = texts(node, position(file, node.source()));
    if (!values) return tl::unexpected(values.error());
    settings.push_back({name, position(file, key.source()), std::move(*values)});
  }
  return {};
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += escape;
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace

Result<std::vector<FileSetting>> read_settings_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail("configuration", file.string() + ": cannot be read");
  std::string text;
  text.assign(std::istreambuf_iterator<char>(stream), {});
  if (!stream.good() && !stream.eof()) return fail("configuration", file.string() + ": cannot be read");
  if (text.size() > longest_file) return fail("configuration", file.string() + ": is longer than 1 MiB");
  try {
    std::vector<FileSetting> settings;
    if (auto done = collect(settings, file, toml::parse(text), ""); !done) return tl::unexpected(done.error());
    return settings;
  } catch (const toml::parse_error& error) {
    return fail("configuration", position(file, error.source()) + ": " + std::string(error.description()));
  }
}

std::string settings_file_text(const std::vector<FileSetting>& settings) {
  std::string text;
  for (const FileSetting& setting : settings) {
    // A list is written as one even where it holds one item or none.
    const auto known =
        std::find_if(keys().begin(), keys().end(), [&](const Key& key) { return key.name == setting.name; });
    const bool is_list = known != keys().end() && known->is_list;
    std::string value;
    for (const std::string& one : setting.values)
      value += (value.empty() ? "" : ", ") + quoted(one);
    text += setting.name + " = " + (is_list ? "[" + value + "]" : value) + "\n";
  }
  return text;
}

}  // namespace reallive::app
