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

Result<void> apply_table(Configuration& configuration, const std::filesystem::path& file, const toml::table& table,
                         const std::string& prefix) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const std::string where = position(file, key.source());
    if (const toml::table* inner = node.as_table()) {
      if (auto done = apply_table(configuration, file, *inner, name + "."); !done) return done;
      continue;
    }
    auto values = texts(node, position(file, node.source()));
    if (!values) return tl::unexpected(values.error());
    if (auto done = apply_setting(configuration, name, *values, where); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> apply_file(Configuration& configuration, const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail("configuration", file.string() + ": cannot be read");
  std::string text;
  text.assign(std::istreambuf_iterator<char>(stream), {});
  if (!stream.good() && !stream.eof()) return fail("configuration", file.string() + ": cannot be read");
  if (text.size() > longest_file) return fail("configuration", file.string() + ": is longer than 1 MiB");
  try {
    return apply_table(configuration, file, toml::parse(text), "");
  } catch (const toml::parse_error& error) {
    return fail("configuration", position(file, error.source()) + ": " + std::string(error.description()));
  }
}

}  // namespace reallive::app
