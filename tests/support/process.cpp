#include "support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/record.h"
#include "support/wait.h"

namespace reallive::test {

Process::Process(std::vector<std::string> argv, std::string input, std::map<std::string, std::string> environment) {
  for (const std::string& argument : argv) {
    is_ours_ = is_ours_ || std::filesystem::path(argument).filename() == "reallive";
    is_server_ = is_server_ || (is_ours_ && argument == "serve");
    if (is_ours_) record(Record::said, argument);
    if (argument == "--password-stdin") record(Record::secret, input.substr(0, input.find('\n')));
  }
  if (is_ours_) record(Record::said, input);
  int out[2];
  int in[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(out[1], 2);
    for (const auto& [name, value] : environment)
      setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> arguments;
    for (auto& argument : argv)
      arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(out[1]);
  close(in[0]);
  pipe_ = out[0];
  reader_ = std::thread([this] {
    char buffer[4096];
    for (ssize_t got; (got = read(pipe_, buffer, sizeof buffer)) > 0;) {
      const std::lock_guard lock(mutex_);
      output_.append(buffer, static_cast<size_t>(got));
    }
    const std::lock_guard lock(mutex_);
    closed_ = true;
  });
  size_t written = 0;
  while (written < input.size()) {
    const ssize_t done = write(in[1], input.data() + written, input.size() - written);
    if (done <= 0) break;
    written += static_cast<size_t>(done);
  }
  close(in[1]);
}

Process::~Process() {
  if (exit_code_ < 0 && wait(std::chrono::milliseconds(0)) < 0) {
    kill(pid_, SIGKILL);
    wait();
  }
  if (reader_.joinable()) reader_.join();
  close(pipe_);
  if (is_ours_) record(is_server_ ? Record::log : Record::said, output_);
}

std::string Process::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

bool Process::wait_output(const std::string& text, std::chrono::milliseconds limit) {
  bool found = false;
  eventually(
      [&] {
        const std::lock_guard lock(mutex_);
        found = output_.find(text) != std::string::npos;
        return found || closed_;
      },
      limit);
  return found;
}

void Process::signal(int number) {
  if (exit_code_ < 0) kill(pid_, number);
}

int Process::wait(std::chrono::milliseconds limit) {
  eventually(
      [&] {
        if (exit_code_ >= 0) return true;
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
      },
      limit);
  if (exit_code_ >= 0 && reader_.joinable()) reader_.join();
  return exit_code_;
}

Finished run(std::vector<std::string> argv, std::string input, std::map<std::string, std::string> environment,
             std::chrono::milliseconds limit) {
  Process process(std::move(argv), std::move(input), std::move(environment));
  const int code = process.wait(limit);
  return {code, process.output()};
}

int free_port() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    close(descriptor);
    throw std::runtime_error("no free port");
  }
  close(descriptor);
  return ntohs(address.sin_port);
}

}  // namespace reallive::test
