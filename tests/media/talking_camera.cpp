#include "media/talking_camera.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace reallive::media::test {

namespace {

int bind_port(int socket, const std::string& address, int port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &place.sin_addr);
  socklen_t size = sizeof place;
  ::bind(socket, reinterpret_cast<sockaddr*>(&place), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&place), &size);
  return ntohs(place.sin_port);
}

}  // namespace

std::string answer(const std::string& request, const std::string& status, std::initializer_list<std::string> headers,
                   const std::string& body) {
  const size_t at = request.find("CSeq:");
  std::string text = "RTSP/1.0 " + status + "\r\n";
  if (at != std::string::npos) text += request.substr(at, request.find("\r\n", at) - at) + "\r\n";
  for (const std::string& header : headers)
    text += header + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

TalkingCamera::TalkingCamera(Talk talk) : talk_(std::move(talk)) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  port_ = bind_port(socket_, "127.0.0.1", 0);
  ::listen(socket_, 64);
  acceptor_ = std::thread([this] { accept_all(); });
}

TalkingCamera::~TalkingCamera() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::shutdown(socket_, SHUT_RDWR);
  acceptor_.join();
  hang_up();
  for (std::thread& thread : threads_)
    thread.join();
  ::close(socket_);
}

int TalkingCamera::requests(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find(method);
  return found == requests_.end() ? 0 : found->second;
}

void TalkingCamera::hang_up() {
  const std::lock_guard lock(mutex_);
  for (const int client : clients_)
    ::shutdown(client, SHUT_RDWR);
}

void TalkingCamera::accept_all() {
  for (;;) {
    const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (ending_ || client < 0) {
      if (client >= 0) ::close(client);
      return;
    }
    ++connections_;
    clients_.push_back(client);
    threads_.emplace_back([this, client] { serve(client); });
  }
}

void TalkingCamera::serve(int client) {
  std::string pending;
  char bytes[4096];
  for (;;) {
    const ssize_t got = ::recv(client, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    pending.append(bytes, static_cast<size_t>(got));
    for (size_t end = pending.find("\r\n\r\n"); end != std::string::npos; end = pending.find("\r\n\r\n")) {
      const std::string request = pending.substr(0, end + 4);
      pending.erase(0, end + 4);
      {
        const std::lock_guard lock(mutex_);
        ++requests_[request.substr(0, request.find(' '))];
      }
      const std::string reply = talk_(request);
      ::send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }
  const std::lock_guard lock(mutex_);
  std::erase(clients_, client);
  ::close(client);
}

UdpPort::UdpPort(const std::string& address, int port)
    : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  port_ = bind_port(socket_, address, port);
}

UdpPort::~UdpPort() {
  ::close(socket_);
}

int UdpPort::received() const {
  char bytes[2048];
  while (::recv(socket_, bytes, sizeof bytes, 0) >= 0)
    ++received_;
  return received_;
}

}  // namespace reallive::media::test
