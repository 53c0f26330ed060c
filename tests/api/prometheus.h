// A strict reader of Prometheus' text format 0.0.4, for tests. The test's thread.
// Whatever it does not like is a failure of the test that calls it.
#pragma once

#include <charconv>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <sstream>
#include <string>

namespace reallive::api::testing_only {

struct Family {
  std::string type;
  std::map<std::string, double> samples;  // by name and labels as they stand
};

/// What promtool would complain of is a failure here: lines of another form, samples outside their family, families or
/// series that come twice, counters that are not called _total, histograms whose buckets shrink.
inline std::map<std::string, Family> parse_strictly(const std::string& text) {
  static const std::regex help("# HELP ([a-z_]+) ([^\\n]*\\.)");
  static const std::regex type("# TYPE ([a-z_]+) (counter|gauge|histogram)");
  static const std::regex sample(
      "([a-z_]+)(\\{[a-z_]+=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\"(?:,[a-z_]+=\"(?:[^\"\\\\]|\\\\[\\\\\"n])*\")*\\})? "
      "([+-]?[0-9.e+-]+|\\+Inf|NaN)");
  std::map<std::string, Family> families;
  std::string current, helped;
  EXPECT_EQ(text.back(), '\n');
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      helped = match[1];
    } else if (std::regex_match(line, match, type)) {
      current = match[1];
      EXPECT_EQ(current, helped) << "TYPE without its HELP: " << line;
      EXPECT_EQ(families.count(current), 0u) << "a family comes twice: " << line;
      families[current].type = match[2];
      const bool total = current.size() > 6 && current.substr(current.size() - 6) == "_total";
      EXPECT_EQ(match[2] == "counter", total) << current;
    } else if (std::regex_match(line, match, sample)) {
      const std::string name = match[1];
      const bool histogram = families[current].type == "histogram";
      EXPECT_TRUE(name == current || (histogram && (name == current + "_bucket" || name == current + "_sum" ||
                                                    name == current + "_count")))
          << line;
      double value = 0;
      const std::string number = match[3];
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
      EXPECT_TRUE(error == std::errc() && end == number.data() + number.size()) << line;
      EXPECT_TRUE(families[current].samples.emplace(name + match[2].str(), value).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "not the text format: " << line;
    }
  }
  return families;
}

}  // namespace reallive::api::testing_only
