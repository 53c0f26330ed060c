#include "app/notify.h"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace reallive::app {
namespace {

std::chrono::microseconds from_environment(const char* name) {
  const char* text = std::getenv(name);
  int64_t value = 0;
  if (text) std::from_chars(text, text + std::strlen(text), value);
  return std::chrono::microseconds(value);
}

/// Half of what the manager allows; nothing when it does not watch this process.
std::chrono::milliseconds watchdog_interval() {
  const char* process = std::getenv("WATCHDOG_PID");
  if (process && process != std::to_string(getpid())) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(from_environment("WATCHDOG_USEC") / 2);
}

}  // namespace

bool notify_manager(std::string_view message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || (*path != '/' && *path != '@') || std::strlen(path) >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  const size_t length = std::strlen(path);
  std::memcpy(address.sun_path, path, length);
  if (*path == '@') address.sun_path[0] = '\0';
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return false;
  const auto sent =
      sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(descriptor);
  return sent == static_cast<ssize_t>(message.size());
}

void Notify::ready() {
  notify_manager("READY=1\nSTATUS=Serving");
  if (timer_ == 0 && watchdog_interval().count() > 0) keep_alive();
}

void Notify::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t microseconds = static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  notify_manager("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void Notify::stopping() {
  notify_manager("STOPPING=1\nSTATUS=Saying goodbye");
}

void Notify::keep_alive() {
  notify_manager("WATCHDOG=1");
  timer_ = loop_.post_after(watchdog_interval(), [this] { keep_alive(); });
}

}  // namespace reallive::app
