// Metrics: counts HTTP exchanges and writes figures in Prometheus' text format 0.0.4. Main loop's thread.
// MetricsText is the writer: one HELP and one TYPE a family, label values escaped.
// It never labels by what a client invents: methods and routes come from fixed lists.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "http/server.h"

namespace reallive::api {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string>>;

  /// Begins a family; its samples follow. `type`: counter, gauge or histogram.
  MetricsText& family(std::string_view name, std::string_view type, std::string_view help);
  MetricsText& sample(double value, Labels labels = {}, std::string_view suffix = {});
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string name_;
};

class Metrics {
 public:
  void count(const http::Exchange& exchange);
  void write(MetricsText& text) const;

 private:
  static constexpr std::array<double, 9> bounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10};  // seconds
  struct Durations {
    std::array<uint64_t, bounds.size()> at_most{};
    uint64_t count = 0;
    double sum = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, uint64_t> requests_;  // method, route, status
  std::map<std::string, Durations> durations_;                              // by route
};

/// CPU, memory, descriptors, threads and start of this process, from /proc/self.
void write_process_metrics(MetricsText& text);

}  // namespace reallive::api
