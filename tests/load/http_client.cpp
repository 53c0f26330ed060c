#include "load/http_client.h"

#include <algorithm>
#include <cctype>
#include <netdb.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace reallive::load {

namespace {

struct Address {
  std::string host, port, path, authority;
};

Result<Address> split(const std::string& url) {
  const std::string scheme = "http://";
  if (!url.starts_with(scheme)) return fail("http", "not an http:// URL: " + url);
  size_t slash = url.find('/', scheme.size());
  Address address;
  address.authority = url.substr(scheme.size(), slash == std::string::npos ? slash : slash - scheme.size());
  address.path = slash == std::string::npos ? "/" : url.substr(slash);
  address.host = address.authority;
  address.port = "80";
  size_t colon = address.authority.rfind(':');
  if (colon != std::string::npos && address.authority.find(']', colon) == std::string::npos) {
    address.host = address.authority.substr(0, colon);
    address.port = address.authority.substr(colon + 1);
  }
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  return address;
}

class Connection {
 public:
  ~Connection() {
    if (socket_ >= 0) close(socket_);
  }
  bool open(const Address& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) return false;
    for (addrinfo* each = found; each && socket_ < 0; each = each->ai_next) {
      int candidate = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(candidate, each->ai_addr, each->ai_addrlen) == 0) {
        socket_ = candidate;
      } else {
        close(candidate);
      }
    }
    freeaddrinfo(found);
    timeval limit{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return socket_ >= 0;
  }
  bool write(const std::string& text) {
    for (size_t sent = 0; sent < text.size();) {
      ssize_t n = send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    return true;
  }
  /// Appends what comes; false at the end or after the limit.
  bool read(std::string& text) {
    char chunk[16 * 1024];
    ssize_t n = recv(socket_, chunk, sizeof chunk, 0);
    if (n > 0) text.append(chunk, static_cast<size_t>(n));
    return n > 0;
  }

 private:
  int socket_ = -1;
};

Response parse_head(const std::string& head) {
  Response response;
  response.status = atoi(head.substr(std::min<size_t>(head.size(), 9), 3).c_str());
  for (size_t at = head.find("\r\n"); at != std::string::npos;) {
    size_t end = head.find("\r\n", at + 2);
    std::string line = head.substr(at + 2, end == std::string::npos ? end : end - at - 2);
    size_t colon = line.find(':');
    if (colon != std::string::npos) {
      std::string name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      size_t value = line.find_first_not_of(' ', colon + 1);
      response.headers[name] = value == std::string::npos ? "" : line.substr(value);
    }
    at = end;
  }
  return response;
}

}  // namespace

Result<Response> send_request(const Request& request) {
  auto address = split(request.url);
  if (!address) return tl::unexpected(address.error());
  std::string text = request.method + " " + address->path + " HTTP/1.1\r\nHost: " + address->authority +
                     "\r\nConnection: close\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  for (const auto& [name, value] : request.headers)
    text += name + ": " + value + "\r\n";
  text += "\r\n" + request.body;

  Connection connection;
  if (!connection.open(*address)) return fail("http", "cannot connect to " + address->authority);
  if (!connection.write(text)) return fail("http", "the server closed the connection");
  std::string received;
  size_t head_end;
  while ((head_end = received.find("\r\n\r\n")) == std::string::npos) {
    if (!connection.read(received)) return fail("http", "no answer from " + address->authority);
  }
  Response response = parse_head(received.substr(0, head_end));
  response.body = received.substr(head_end + 4);
  auto length = response.headers.find("content-length");
  size_t wanted = length == response.headers.end() ? (response.status == 204 ? 0 : std::string::npos)
                                                   : strtoul(length->second.c_str(), nullptr, 10);
  while (response.body.size() < wanted && connection.read(response.body))
    continue;
  return response;
}

std::string authorization(const std::string& user, const std::string& secret) {
  if (user.empty()) return secret.empty() ? "" : "Bearer " + secret;
  std::string plain = user + ":" + secret;
  std::string encoded(4 * (plain.size() / 3 + 1) + 1, '\0');
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                             reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
  encoded.resize(static_cast<size_t>(size));
  return "Basic " + encoded;
}

Result<std::string> SignalingSession::post(const std::string& offer) {
  Request request{"POST", url_, {{"Content-Type", "application/sdp"}}, offer};
  if (!authorization_.empty()) request.headers["Authorization"] = authorization_;
  auto response = send_request(request);
  if (!response) return tl::unexpected(response.error());
  if (response->status != 201) {
    return fail("http", "POST " + url_ + " answered " + std::to_string(response->status) + ": " + response->body);
  }
  resource_ = response->headers["location"];
  if (resource_.starts_with('/')) resource_ = url_.substr(0, url_.find('/', 7)) + resource_;
  return response->body;
}

void SignalingSession::remove() {
  if (resource_.empty()) return;
  Request request{"DELETE", std::exchange(resource_, {}), {}, {}};
  if (!authorization_.empty()) request.headers["Authorization"] = authorization_;
  // The session ends by itself if this fails; there is nobody to tell.
  (void)send_request(request);
}

}  // namespace reallive::load
