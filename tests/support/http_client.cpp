#include "support/http_client.h"

#include <arpa/inet.h>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/record.h"
#include "support/wait.h"

namespace reallive::test {

std::string HttpAnswer::header(const std::string& name) const {
  for (const auto& header : headers)
    if (strcasecmp(header.first.c_str(), name.c_str()) == 0) return header.second;
  return {};
}

size_t HttpAnswer::count(const std::string& name) const {
  size_t found = 0;
  for (const auto& header : headers)
    found += strcasecmp(header.first.c_str(), name.c_str()) == 0 ? 1 : 0;
  return found;
}

HttpClient::HttpClient(int port, std::function<void()> pump, const std::string& host) : pump_(std::move(pump)) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v6 = inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1;
  if (!is_v6 && inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) throw std::runtime_error("not an address");
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(port));
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  socket_ = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* address = is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  // The kernel completes connections to a listening socket by itself, so this needs no pumping.
  if (connect(socket_, address, is_v6 ? sizeof v6 : sizeof v4) != 0) {
    close(socket_);
    throw std::runtime_error("cannot connect to " + host + ":" + std::to_string(port));
  }
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) close(socket_);
}

bool HttpClient::send(const std::string& bytes) {
  size_t sent = 0;
  return eventually([&] {
           if (pump_) pump_();
           while (sent < bytes.size() && !closed_) {
             const ssize_t done =
                 ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
             if (done < 0) {
               if (errno != EAGAIN) closed_ = true;
               break;
             }
             sent += static_cast<size_t>(done);
           }
           return sent == bytes.size() || closed_;
         }) &&
         sent == bytes.size();
}

bool HttpClient::read_some() {
  if (pump_) pump_();
  char bytes[16384];
  const ssize_t got = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got > 0) buffer_.append(bytes, static_cast<size_t>(got));
  if (got == 0 || (got < 0 && errno != EAGAIN)) closed_ = true;
  return got > 0;
}

HttpAnswer HttpClient::receive(bool head, std::chrono::milliseconds limit) {
  HttpAnswer answer;
  size_t body_begin = 0, body_size = 0;
  const auto parse_head = [&] {
    const size_t end = buffer_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    size_t at = buffer_.find("\r\n");
    answer.status = std::stoi(buffer_.substr(buffer_.find(' ') + 1));
    while (at < end) {
      const size_t begin = at + 2;
      at = buffer_.find("\r\n", begin);
      const std::string line = buffer_.substr(begin, at - begin);
      const size_t colon = line.find(':');
      const size_t value = line.find_first_not_of(' ', colon + 1);
      answer.headers.emplace_back(line.substr(0, colon), value == std::string::npos ? "" : line.substr(value));
    }
    body_begin = end + 4;
    const std::string length = answer.header("Content-Length");
    body_size = head || length.empty() || answer.status == 304 ? 0 : std::stoul(length);
    return true;
  };
  const bool complete = eventually(
      [&] {
        while (read_some()) {
        }
        if (body_begin == 0 && !parse_head()) return closed_;
        return buffer_.size() >= body_begin + body_size || closed_;
      },
      limit);
  if (!complete || body_begin == 0 || buffer_.size() < body_begin + body_size) return {};
  answer.body = buffer_.substr(body_begin, body_size);
  buffer_.erase(0, body_begin + body_size);
  return answer;
}

std::optional<std::string> HttpClient::take(const std::function<size_t(const std::string&)>& enough,
                                            std::chrono::milliseconds limit) {
  size_t size = 0;
  eventually(
      [&] {
        size = enough(buffer_);
        if (size > 0) return true;
        while (read_some()) {
        }
        size = enough(buffer_);
        return size > 0 || closed_;
      },
      limit);
  if (size == 0) return {};
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return taken;
}

bool HttpClient::closed_by_server(std::chrono::milliseconds limit) {
  return eventually(
      [&] {
        while (read_some()) {
        }
        return closed_;
      },
      limit);
}

void HttpClient::abort() {
  const linger reset{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(socket_);
  socket_ = -1;
}

HttpAnswer HttpClient::request(const std::string& method, const std::string& target, const HttpFields& headers,
                               const std::string& body) {
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  bool has_host = false;
  for (const auto& [name, value] : headers) {
    text += name + ": " + value + "\r\n";
    has_host = has_host || strcasecmp(name.c_str(), "Host") == 0;
  }
  if (!has_host) text += "Host: localhost\r\n";
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  record(Record::said, text + "\r\n" + body);
  if (!send(text + "\r\n" + body) && !closed_) return {};
  const HttpAnswer answer = receive(method == "HEAD");
  std::string said;
  for (const auto& [name, value] : answer.headers)
    said += name + ": " + value + "\n";
  record(Record::said, said + answer.body);
  return answer;
}

}  // namespace reallive::test
