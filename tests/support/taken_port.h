// TakenPort: an address that another program has, as long as this lives: a socket that is bound and answers nobody.
// Belongs to the test's thread. It never shares its address (no SO_REUSEADDR).
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace reallive::test {

class TakenPort {
 public:
  /// `type`: SOCK_DGRAM or SOCK_STREAM; `ip`: of IPv4; port 0 takes a free one.
  TakenPort(int type, const std::string& ip, int port) : descriptor_(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size), 0) << ip << ":" << port;
    if (type == SOCK_STREAM) listen(descriptor_, 1);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { close(descriptor_); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

  int port() const { return port_; }

 private:
  const int descriptor_;
  int port_ = 0;
};

}  // namespace reallive::test
