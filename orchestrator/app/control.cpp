#include "app/control.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "base/log.h"

namespace reallive::app {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view request = "reload\n";
constexpr std::string_view answer = "ok\n";
constexpr size_t most_clients = 16;

// sun_path holds 108 bytes; through the directory's descriptor the path is short wherever the directory is.
class ShortPath {
 public:
  explicit ShortPath(const std::filesystem::path& file)
      : directory_(open(file.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    address_.sun_family = AF_UNIX;
    const std::string path = "/proc/self/fd/" + std::to_string(directory_) + "/" + file.filename().string();
    path.copy(address_.sun_path, sizeof address_.sun_path - 1);
  }
  ~ShortPath() {
    if (directory_ >= 0) close(directory_);
  }
  ShortPath(const ShortPath&) = delete;
  ShortPath& operator=(const ShortPath&) = delete;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t size = sizeof(sockaddr_un);

 private:
  int directory_;
  sockaddr_un address_{};
};

class ControlServerImpl final : public ControlServer {
 public:
  ControlServerImpl(std::filesystem::path file, int listener, MainLoop& loop, std::function<void()> on_reload)
      : file_(std::move(file)), listener_(listener), loop_(loop), on_reload_(std::move(on_reload)) {
    watch_ = loop_.on_readable(listener_, [this] {
      accept_one();
      return true;
    });
  }
  ~ControlServerImpl() override {
    loop_.cancel(watch_);
    close(listener_);
    for (const auto& [descriptor, watch] : clients_) {
      loop_.cancel(watch);
      close(descriptor);
    }
    unlink(file_.c_str());
  }

 private:
  void accept_one() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    if (clients_.size() >= most_clients) {
      close(client);
      return;
    }
    clients_[client] = loop_.on_readable(client, [this, client] {
      serve(client);
      return false;
    });
  }
  void serve(int client) {
    char text[16];
    const ssize_t got = recv(client, text, sizeof text, 0);
    if (got > 0 && std::string_view(text, static_cast<size_t>(got)) == request) {
      on_reload_();
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    clients_.erase(client);
    close(client);
  }

  const std::filesystem::path file_;
  const int listener_;
  MainLoop& loop_;
  const std::function<void()> on_reload_;
  MainLoop::Timer watch_ = 0;
  std::map<int, MainLoop::Timer> clients_;  // by descriptor
};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::create(const DataDir& data_dir, MainLoop& loop,
                                                             std::function<void()> on_reload) {
  const std::filesystem::path file = data_dir.control_socket();
  unlink(file.c_str());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const ShortPath path(file);
  // The socket is made with the mode 0600 from its first moment.
  const mode_t before = umask(0177);
  const bool bound = listener >= 0 && bind(listener, path.get(), ShortPath::size) == 0;
  umask(before);
  if (!bound || listen(listener, 8) != 0) {
    const std::string reason = std::strerror(errno);
    if (listener >= 0) close(listener);
    return fail("data-dir", "cannot listen on " + file.string() + ": " + reason);
  }
  return std::make_unique<ControlServerImpl>(file, listener, loop, std::move(on_reload));
}

bool reload_server(const DataDir& data_dir) {
  const ShortPath path(data_dir.control_socket());
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const timeval limit{2, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  bool told = false;
  if (connect(descriptor, path.get(), ShortPath::size) == 0) {
    char text[8] = {};
    told = send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()) &&
           recv(descriptor, text, sizeof text, MSG_WAITALL) == static_cast<ssize_t>(answer.size()) && text == answer;
    if (!told) base::log::warning("app", "the running server did not answer; restart it to see the change");
  }
  close(descriptor);
  return told;
}

}  // namespace reallive::app
