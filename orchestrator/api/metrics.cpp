#include "api/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace reallive::api {
namespace {

std::string number(double value) {
  char text[40];
  if (std::floor(value) == value && std::fabs(value) < 1e15) {
    snprintf(text, sizeof text, "%.0f", value);
  } else {
    snprintf(text, sizeof text, "%.9g", value);
  }
  return text;
}

std::string escaped(std::string_view value) {
  std::string result;
  for (const char c : value) {
    if (c == '\\' || c == '"') result.push_back('\\');
    if (c == '\n') {
      result += "\\n";
    } else {
      result.push_back(c);
    }
  }
  return result;
}

/// Methods outside the list would let a client make as many series as it likes.
std::string known_method(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (method == known) return method;
  return "other";
}

int count_entries(const char* directory) {
  std::error_code error;
  const std::filesystem::directory_iterator begin(directory, error);
  return error ? 0 : static_cast<int>(std::distance(begin, std::filesystem::directory_iterator()));
}

/// Fields of /proc/self/stat from the third on: the second, the name, may hold spaces.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 2)));
  std::string state;
  rest >> state;
  std::vector<double> fields = {0, 0, 0, 0};  // so that fields[n] is what proc(5) calls (n)
  for (double value; rest >> value;)
    fields.push_back(value);
  fields.resize(53);
  return fields;
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (word != "btime") continue;
    double seconds = 0;
    file >> seconds;
    return seconds;
  }
  return 0;
}

}  // namespace

MetricsText& MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
  return *this;
}

MetricsText& MetricsText::sample(double value, Labels labels, std::string_view suffix) {
  text_ += name_ + std::string(suffix);
  if (labels.size() > 0) {
    text_ += '{';
    const char* comma = "";
    for (const auto& [name, text] : labels) {
      text_ += comma + std::string(name) + "=\"" + escaped(text) + '"';
      comma = ",";
    }
    text_ += '}';
  }
  text_ += ' ' + number(value) + '\n';
  return *this;
}

void Metrics::count(const http::Exchange& exchange) {
  const std::string& route = exchange.request->route;
  const std::string label = route.empty() ? "none" : route;
  ++requests_[{known_method(exchange.request->method), label, exchange.status}];
  Durations& durations = durations_[label];
  const double seconds = std::chrono::duration<double>(exchange.duration).count();
  for (size_t i = 0; i < bounds.size(); ++i)
    durations.at_most[i] += seconds <= bounds[i] ? 1 : 0;
  ++durations.count;
  durations.sum += seconds;
}

void Metrics::write(MetricsText& text) const {
  text.family("reallive_http_requests_total", "counter", "Requests answered, by method, route and status.");
  for (const auto& [key, count] : requests_) {
    text.sample(
        static_cast<double>(count),
        {{"method", std::get<0>(key)}, {"route", std::get<1>(key)}, {"status", std::to_string(std::get<2>(key))}});
  }
  text.family("reallive_http_request_duration_seconds", "histogram",
              "Time from a request's last byte to its answer, by route.");
  for (const auto& [route, durations] : durations_) {
    for (size_t i = 0; i < bounds.size(); ++i) {
      text.sample(static_cast<double>(durations.at_most[i]), {{"route", route}, {"le", number(bounds[i])}}, "_bucket");
    }
    text.sample(static_cast<double>(durations.count), {{"route", route}, {"le", "+Inf"}}, "_bucket");
    text.sample(durations.sum, {{"route", route}}, "_sum");
    text.sample(static_cast<double>(durations.count), {{"route", route}}, "_count");
  }
}

void write_process_metrics(MetricsText& text) {
  const std::vector<double> stat = stat_fields();
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  text.family("process_cpu_seconds_total", "counter", "User and system time spent.")
      .sample((stat[14] + stat[15]) / ticks);
  text.family("process_resident_memory_bytes", "gauge", "Resident memory.")
      .sample(stat[24] * static_cast<double>(sysconf(_SC_PAGESIZE)));
  text.family("process_virtual_memory_bytes", "gauge", "Virtual memory.").sample(stat[23]);
  text.family("process_threads", "gauge", "Threads.").sample(stat[20]);
  text.family("process_open_fds", "gauge", "Open file descriptors.").sample(count_entries("/proc/self/fd"));
  text.family("process_max_fds", "gauge", "Most file descriptors allowed.").sample(static_cast<double>(files.rlim_cur));
  text.family("process_start_time_seconds", "gauge", "Start of the process, UNIX time.")
      .sample(boot_time() + stat[22] / ticks);
}

}  // namespace reallive::api
