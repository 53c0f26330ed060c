#include "support/wait.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <unistd.h>

namespace reallive::test {

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

namespace {
int entries(const char* directory) {
  const std::filesystem::directory_iterator begin(directory);
  return static_cast<int>(std::distance(begin, std::filesystem::directory_iterator()));
}
}  // namespace

int open_descriptors() {
  return entries("/proc/self/fd");
}
int live_threads() {
  return entries("/proc/self/task");
}

size_t resident_bytes(int pid) {
  std::ifstream statm("/proc/" + (pid ? std::to_string(pid) : std::string("self")) + "/statm");
  size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace reallive::test
