#include "load/offer_server.h"

#include <arpa/inet.h>
#include <cstdlib>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "load/figures.h"

namespace reallive::load {

namespace {

int listening_socket(int& port) {
  int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (made < 0 || bind(made, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(made, 16) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  getsockname(made, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return made;
}

std::string read_request(int connection) {
  std::string text;
  char chunk[16 * 1024];
  size_t wanted = std::string::npos;
  while (text.size() < wanted) {
    ssize_t got = recv(connection, chunk, sizeof chunk, 0);
    if (got <= 0) break;
    text.append(chunk, static_cast<size_t>(got));
    size_t head = text.find("\r\n\r\n");
    size_t length = text.find("Content-Length: ");
    if (head != std::string::npos && length != std::string::npos) {
      wanted = head + 4 + strtoul(text.c_str() + length + 16, nullptr, 10);
    }
  }
  return text;
}

void serve(int connection, const std::function<std::string(const std::string&)>& answer_to) {
  std::string request = read_request(connection);
  std::string response = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
  if (request.starts_with("POST")) {
    std::string answer = answer_to(request.substr(request.find("\r\n\r\n") + 4));
    response = answer.empty() ? "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
                              : "HTTP/1.1 201 Created\r\nContent-Type: application/sdp\r\nLocation: /session\r\n"
                                "Content-Length: " +
                                    std::to_string(answer.size()) + "\r\n\r\n" + answer;
  }
  send(connection, response.data(), response.size(), MSG_NOSIGNAL);
  close(connection);
}

}  // namespace

void serve_offers(const std::function<std::string(const std::string&)>& answer_to) {
  int port = 0;
  int listener = listening_socket(port);
  Line().add("url", "http://127.0.0.1:" + std::to_string(port) + "/").print();
  for (;;) {
    int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) serve(connection, answer_to);
  }
}

}  // namespace reallive::load
