// ControlMessages: what goes beside a datagram to the kernel (cmsg(3)): segment size, source address.
// A value on the stack of one send call. It never allocates.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include "rtc/transport/socket_address.h"

namespace reallive::rtc {

class ControlMessages {
 public:
  /// `v6_socket`: an IPv6 socket wants mapped addresses for IPv4 too. The any-address adds nothing.
  void add_source(const SocketAddress& source, bool v6_socket) {
    if (source.is_any()) return;
    sockaddr_storage storage;
    source.to_sockaddr(storage, v6_socket);
    if (v6_socket) {
      in6_pktinfo info{};
      info.ipi6_addr = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
      add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else {
      in_pktinfo info{};
      info.ipi_spec_dst = reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
      add(IPPROTO_IP, IP_PKTINFO, info);
    }
  }

  template <typename T>
  void add(int level, int type, const T& value) {
    auto* item = reinterpret_cast<cmsghdr*>(bytes_.data() + size_);
    item->cmsg_level = level;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(item), &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }

  bool empty() const { return size_ == 0; }
  void attach(msghdr& header) {
    header.msg_control = size_ == 0 ? nullptr : bytes_.data();
    header.msg_controllen = size_;
  }

 private:
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))> bytes_{};
  size_t size_ = 0;
};

}  // namespace reallive::rtc
