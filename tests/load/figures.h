// Percentiles and one-line JSON objects, for what load programs print.
// Plain functions and a small value type for any thread. They never round before printing.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace reallive::load {

/// The value below which `share` (0 to 1) of the values lie; 0 for none. Sorts `values`.
template <typename Number>
double percentile(std::vector<Number>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  auto at = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  return static_cast<double>(values[at]);
}

/// `Line().add("packets", 5).add("profile", text).print()`
class Line {
 public:
  Line& add(const char* name, double value) {
    char text[64];
    snprintf(text, sizeof text, "%.15g", value);
    return raw(name, text);
  }
  Line& add(const char* name, const std::string& value) {
    std::string quoted = "\"";
    for (char c : value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return raw(name, quoted + "\"");
  }
  void print() {
    printf("{%s}\n", text_.c_str());
    fflush(stdout);
  }

 private:
  Line& raw(const char* name, const std::string& value) {
    if (!text_.empty()) text_ += ", ";
    text_ += "\"" + std::string(name) + "\": " + value;
    return *this;
  }
  std::string text_;
};

}  // namespace reallive::load
