#include "rtc/transport/udp_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtc/transport/control_messages.h"

namespace reallive::rtc {

namespace {

constexpr size_t kMessages = 16;        // a recvmmsg() call
constexpr size_t kMergedBytes = 65536;  // GRO merges up to 64 KB into one message
constexpr size_t kSendBytes = 65000;    // a GSO call: below 64 KB with the headers of IPv6
constexpr size_t kControlBytes = CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo));

template <typename T>
void set_option(int descriptor, int level, int name, T value) {
  setsockopt(descriptor, level, name, &value, sizeof value);
}

// The privileged form goes beyond the system's limit; the plain one takes what it gets.
void set_buffer(int descriptor, int force, int plain, size_t bytes) {
  const int value = static_cast<int>(std::min<size_t>(bytes, 1 << 30));
  if (setsockopt(descriptor, SOL_SOCKET, force, &value, sizeof value) != 0) {
    set_option(descriptor, SOL_SOCKET, plain, value);
  }
}

// Errors that a source address which is ours no more may be the reason of.
bool is_about_source(int error) {
  return error == EINVAL || error == EADDRNOTAVAIL || error == ENODEV || error == ENETUNREACH;
}

// The address of ours in a received packet information, with no port; the default for other messages.
SocketAddress our_address(const cmsghdr& item) {
  sockaddr_storage storage{};
  if (item.cmsg_level == IPPROTO_IPV6 && item.cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(&item), sizeof info);
    storage.ss_family = AF_INET6;
    reinterpret_cast<sockaddr_in6&>(storage).sin6_addr = info.ipi6_addr;
  } else if (item.cmsg_level == IPPROTO_IP && item.cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(&item), sizeof info);
    storage.ss_family = AF_INET;
    reinterpret_cast<sockaddr_in&>(storage).sin_addr = info.ipi_addr;
  }
  return SocketAddress(storage);
}

bool is_full(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

// Never 0.
uint64_t hash_of(const SocketAddress& address) {
  return std::hash<SocketAddress>()(address) | uint64_t{1} << 63;
}

int open_bound(const SocketAddress& address, bool beside, int& error) {
  const int descriptor = socket(address.v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) {
    error = errno;
    return -1;
  }
  if (address.v6()) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, address.is_any() ? 0 : 1);
  if (beside) set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage, address.v6());
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    error = errno;
    close(descriptor);
    return -1;
  }
  if (beside) set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 0);
  return descriptor;
}

}  // namespace

// One allocation a socket; 1 MB of it is touched only when GRO merges that much.
struct UdpSocket::ReceiveBuffers {
  std::array<mmsghdr, kMessages> messages{};
  std::array<iovec, kMessages> vectors{};
  std::array<sockaddr_storage, kMessages> names{};
  alignas(cmsghdr) std::array<std::array<uint8_t, kControlBytes>, kMessages> controls{};
  std::unique_ptr<uint8_t[]> bytes{new uint8_t[kMessages * kMergedBytes]};
  std::vector<Datagram> datagrams;
};

UdpSocket::UdpSocket() : state_(std::make_unique<State>()), buffers_(std::make_unique<ReceiveBuffers>()) {}
UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      local_(other.local_),
      max_datagram_(other.max_datagram_.load()),
      v6_(other.v6_),
      state_(std::move(other.state_)),
      buffers_(std::move(other.buffers_)) {}
UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(local_, other.local_);
  max_datagram_ = other.max_datagram_.exchange(max_datagram_);
  std::swap(v6_, other.v6_);
  std::swap(state_, other.state_);
  std::swap(buffers_, other.buffers_);
  return *this;
}
UdpSocket::~UdpSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<UdpSocket> UdpSocket::bind(const SocketAddress& address, size_t buffer_bytes) {
  return bind(address, buffer_bytes, false);
}

// The kernel looks at both sockets' option when the second one binds, and never again: only for that moment would ours
// let in others that ask for it.
Result<UdpSocket> UdpSocket::bind_beside(std::span<UdpSocket* const> others, const SocketAddress& address) {
  const auto let_in = [others](int yes) {
    for (const UdpSocket* other : others)
      set_option(other->descriptor_, SOL_SOCKET, SO_REUSEADDR, yes);
  };
  let_in(1);
  auto self = bind(address, kBufferBytes, true);
  let_in(0);
  return self;
}

Result<UdpSocket> UdpSocket::bind(const SocketAddress& address, size_t buffer_bytes, bool beside) {
  int error = 0;
  SocketAddress bound = address;
  int descriptor = open_bound(bound, beside, error);
  if (descriptor < 0 && error == EAFNOSUPPORT && address.v6() && address.is_any()) {
    bound = *SocketAddress::from_ip("0.0.0.0", address.port());
    descriptor = open_bound(bound, beside, error);
  }
  if (descriptor < 0) {
    return fail("listen", "cannot listen on UDP " + address.to_string() + ": " + std::strerror(error));
  }
  UdpSocket self;
  self.descriptor_ = descriptor;
  self.v6_ = bound.v6();
  set_buffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, buffer_bytes);
  set_buffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, buffer_bytes);
  set_option(descriptor, SOL_UDP, UDP_GRO, 1);  // kernels before 5.0 do without
  if (bound.is_any()) {
    set_option(descriptor, self.v6_ ? IPPROTO_IPV6 : IPPROTO_IP, self.v6_ ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
  }
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &length);
  self.local_ = SocketAddress(name);
  return self;
}

std::span<Datagram> UdpSocket::receive() {
  ReceiveBuffers& buffers = *buffers_;
  buffers.datagrams.clear();
  for (size_t i = 0; i < kMessages; ++i) {
    buffers.vectors[i] = {buffers.bytes.get() + i * kMergedBytes, kMergedBytes};
    msghdr& header = buffers.messages[i].msg_hdr;
    header = {};
    header.msg_name = &buffers.names[i];
    header.msg_namelen = sizeof buffers.names[i];
    header.msg_iov = &buffers.vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = buffers.controls[i].data();
    header.msg_controllen = kControlBytes;
  }
  const int count = recvmmsg(descriptor_, buffers.messages.data(), kMessages, 0, nullptr);
  drained_ = count < static_cast<int>(kMessages);
  for (int i = 0; i < count; ++i) {
    msghdr& header = buffers.messages[i].msg_hdr;
    if (header.msg_flags & MSG_TRUNC) continue;
    std::span<uint8_t> rest(buffers.bytes.get() + static_cast<size_t>(i) * kMergedBytes, buffers.messages[i].msg_len);
    size_t segment = rest.size();
    SocketAddress to;
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
      if (item->cmsg_level == SOL_UDP && item->cmsg_type == UDP_GRO) {
        int size = 0;
        std::memcpy(&size, CMSG_DATA(item), sizeof size);
        if (size > 0) segment = static_cast<size_t>(size);
      } else {
        to = our_address(*item);
      }
    }
    const SocketAddress from(buffers.names[i]);
    while (!rest.empty()) {
      const size_t size = std::min(segment, rest.size());
      if (size <= max_datagram_) buffers.datagrams.push_back({from, rest.first(size), to});
      rest = rest.subspan(size);
    }
  }
  return buffers.datagrams;
}

SendResult UdpSocket::send(const SocketAddress& to, Bytes datagram, const SocketAddress& source) {
  const int error = send_merged(to, datagram, datagram.size(), source);
  if (error == 0) return {1};
  return {0, is_full(error), is_full(error) ? 0 : error};
}

SendResult UdpSocket::send_segments(const SocketAddress& to, Bytes bytes, size_t segment_size,
                                    const SocketAddress& source) {
  if (bytes.empty() || segment_size == 0) return {};
  if (to.port() == 0) return {0, false, EINVAL};  // the kernel would say EINVAL too, which means something else below
  if (bytes.size() <= segment_size) return send(to, bytes, source);
  SendResult result;
  bool refused = false;
  if (segmentation(to)) {
    const size_t a_call = std::clamp<size_t>(kSendBytes / segment_size, 1, kMaxSegments) * segment_size;
    while (!bytes.empty()) {
      const Bytes chunk = bytes.first(std::min(a_call, bytes.size()));
      const int error = send_merged(to, chunk, segment_size, source);
      if (error == 0) {
        result.datagrams += (chunk.size() + segment_size - 1) / segment_size;
        bytes = bytes.subspan(chunk.size());
        continue;
      }
      if (error == EINVAL || error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT) {
        refused = true;  // an old kernel, an interface without checksum offload, a path with a small MTU
        break;
      }
      result.blocked = is_full(error);
      result.error = result.blocked ? 0 : error;
      return result;
    }
  }
  while (!bytes.empty() && !result.blocked && result.error == 0) {
    bytes = send_singly(to, bytes, segment_size, source, result);
  }
  // What fails either way was not the fault of GSO.
  if (refused && result.error == 0 && !result.blocked) {
    const uint64_t peer = hash_of(to);
    state_->refused[peer % state_->refused.size()].store(peer, std::memory_order_relaxed);
  }
  return result;
}

bool UdpSocket::segmentation(const SocketAddress& to) const {
  if (state_->disabled.load(std::memory_order_relaxed)) return false;
  const uint64_t peer = hash_of(to);
  return state_->refused[peer % state_->refused.size()].load(std::memory_order_relaxed) != peer;
}

int UdpSocket::send_merged(const SocketAddress& to, Bytes bytes, size_t segment_size, const SocketAddress& source) {
  sockaddr_storage name;
  iovec vector{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_name = &name;
  header.msg_namelen = to.to_sockaddr(name, v6_);
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  ControlMessages control;
  control.add_source(source, v6_);
  if (bytes.size() > segment_size) control.add(SOL_UDP, UDP_SEGMENT, static_cast<uint16_t>(segment_size));
  control.attach(header);
  if (sendmsg(descriptor_, &header, MSG_NOSIGNAL) >= 0) return 0;
  const int error = errno;
  return !source.is_any() && is_about_source(error) ? send_merged(to, bytes, segment_size, {}) : error;
}

Bytes UdpSocket::send_singly(const SocketAddress& to, Bytes bytes, size_t segment_size, const SocketAddress& source,
                             SendResult& result) {
  sockaddr_storage name;
  const socklen_t length = to.to_sockaddr(name, v6_);
  ControlMessages control;
  control.add_source(source, v6_);
  std::array<mmsghdr, kMaxSegments> messages{};
  std::array<iovec, kMaxSegments> vectors;
  size_t count = 0;
  for (Bytes rest = bytes; !rest.empty() && count < kMaxSegments; ++count) {
    const Bytes datagram = rest.first(std::min(segment_size, rest.size()));
    vectors[count] = {const_cast<uint8_t*>(datagram.data()), datagram.size()};
    msghdr& header = messages[count].msg_hdr;
    header.msg_name = &name;
    header.msg_namelen = length;
    header.msg_iov = &vectors[count];
    header.msg_iovlen = 1;
    control.attach(header);
    rest = rest.subspan(datagram.size());
  }
  const int sent = sendmmsg(descriptor_, messages.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
  if (sent < 0) {
    if (!source.is_any() && is_about_source(errno)) return send_singly(to, bytes, segment_size, {}, result);
    result.blocked = is_full(errno);
    result.error = result.blocked ? 0 : errno;
    return bytes;
  }
  result.datagrams += static_cast<size_t>(sent);
  return bytes.subspan(std::min(bytes.size(), static_cast<size_t>(sent) * segment_size));
}

}  // namespace reallive::rtc
