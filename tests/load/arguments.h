// Options of load programs: --name value, or --name alone.
// A value type for main(). It never exits the program.
#pragma once

#include <map>
#include <string>

namespace reallive::load {

class Arguments {
 public:
  Arguments(int count, char** values) {
    for (int i = 1; i < count; ++i) {
      std::string name = values[i];
      bool has_value = i + 1 < count && std::string(values[i + 1]).rfind("--", 0) != 0;
      values_[name] = has_value ? values[++i] : "";
    }
  }
  bool has(const std::string& name) const { return values_.count(name) != 0; }
  std::string text(const std::string& name, const std::string& otherwise = {}) const {
    auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  double number(const std::string& name, double otherwise) const {
    auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::atof(found->second.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace reallive::load
