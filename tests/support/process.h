// Process: a child program of a test, with its output collected; killed and reaped at the end of the scope.
// Its reader is a thread of its own; the methods are for the test's thread. It never outlives the test program.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace reallive::test {

class Process {
 public:
  /// Starts `argv` (found through PATH); `input` goes to its standard input, which is then closed.
  /// `environment` is added to this process's own. stdout and stderr are collected together.
  /// What a `reallive` is told and prints is recorded (record.h).
  explicit Process(std::vector<std::string> argv, std::string input = {},
                   std::map<std::string, std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  /// All output so far.
  std::string output() const;
  /// Waits until the output contains `text`; false after `limit` or when the program ended without it.
  bool wait_output(const std::string& text, std::chrono::milliseconds limit = std::chrono::seconds(20));
  void signal(int number);
  /// Waits for the end; the exit code, 128 + signal when killed, -1 when it still runs after `limit`.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds(30));

 private:
  pid_t pid_ = -1;
  int exit_code_ = -1;
  int pipe_ = -1;
  mutable std::mutex mutex_;  // guards output_ and closed_
  std::string output_;
  bool closed_ = false;
  std::thread reader_;
  bool is_ours_ = false, is_server_ = false;
};

struct Finished {
  int exit_code;
  std::string output;
};
/// Runs a program to its end.
Finished run(std::vector<std::string> argv, std::string input = {}, std::map<std::string, std::string> environment = {},
             std::chrono::milliseconds limit = std::chrono::seconds(60));

/// A TCP/UDP port that is free on loopback right now. Prefer port 0 wherever the program can print what it got.
int free_port();

}  // namespace reallive::test
