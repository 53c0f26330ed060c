// UdpSocket: one bound UDP socket that reads and writes many datagrams a call (recvmmsg, UDP GRO and GSO).
// receive() belongs to one thread; sending may be called from any, concurrently. Non-blocking throughout.
// It never retries: what the kernel's buffer cannot take is reported, and the caller decides what to drop.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <vector>

#include "common/result.h"
#include "rtc/transport/socket_address.h"
#include "rtc/wire/bytes.h"

namespace reallive::rtc {

/// A datagram of the last receive(): a view into the socket's buffers.
struct Datagram {
  SocketAddress from;
  std::span<uint8_t> data;  // writable, so that SRTP is opened in place
  SocketAddress to;         // which of our addresses it came to, when bound to all of them; else the any-address
};

/// How much of a send the kernel took, in whole datagrams from the front.
struct SendResult {
  size_t datagrams = 0;
  bool blocked = false;  // the socket's buffer is full (EAGAIN, ENOBUFS)
  int error = 0;         // errno of any other failure: no route, no permission; the datagram it met was dropped
};

class UdpSocket {
 public:
  /// Linux takes at most this many segments in one call (UDP_MAX_SEGMENTS), and 64 KB.
  static constexpr size_t kMaxSegments = 64;
  /// What receive() takes unless limit_datagrams() says otherwise.
  static constexpr size_t kMaxDatagram = 2048;
  static constexpr size_t kBufferBytes = 4 * 1024 * 1024;

  /// Binds `address`; port 0 lets the kernel choose. The any-address of IPv6 takes IPv4 as well; where the machine
  /// has no IPv6 it becomes that of IPv4. `buffer_bytes` is asked for both directions, the kernel may give less.
  /// Error code "listen", with the address and the reason.
  static Result<UdpSocket> bind(const SocketAddress& address, size_t buffer_bytes = kBufferBytes);
  /// The same, although sockets of ours, `others`, hold the address or a part of it; whoever else does is in the way as
  /// ever. While both are open the more exact address gets the datagrams, of two equal ones the newer.
  static Result<UdpSocket> bind_beside(std::span<UdpSocket* const> others, const SocketAddress& address);
  UdpSocket(UdpSocket&&) noexcept;
  UdpSocket& operator=(UdpSocket&&) noexcept;
  ~UdpSocket();

  /// For poll and epoll.
  int descriptor() const { return descriptor_; }
  /// What was bound, with the real port.
  const SocketAddress& local() const { return local_; }

  /// Everything one recvmmsg() gives (up to 16 messages, each up to 64 KB of merged datagrams); empty when there is
  /// nothing. Datagrams that are too large are left out. Valid until the next call.
  std::span<Datagram> receive();
  /// The last receive() left nothing behind.
  bool drained() const { return drained_; }
  /// From the next receive() on datagrams of more than `bytes` are left out. Any thread.
  void limit_datagrams(size_t bytes) { max_datagram_ = bytes; }

  /// `source` is the address of ours that the datagram comes from, as Datagram::to told it: peers take answers only
  /// from where they asked (RFC 8445 section 7.2.5.2.1). The any-address leaves it to the kernel, as does one that this
  /// machine has lost.
  SendResult send(const SocketAddress& to, Bytes datagram, const SocketAddress& source = {});
  /// Sends `bytes` cut into datagrams of `segment_size`; only the last may be shorter. One call of the kernel with
  /// UDP_SEGMENT, or with sendmmsg where the kernel, the interface or the path to this peer has refused that.
  SendResult send_segments(const SocketAddress& to, Bytes bytes, size_t segment_size, const SocketAddress& source = {});

  /// False once GSO was refused on the way to this peer; others have their own.
  bool segmentation(const SocketAddress& to) const;
  /// Makes the fall-back the only way; for tests and comparisons.
  void disable_segmentation() { state_->disabled.store(true, std::memory_order_relaxed); }

 private:
  struct ReceiveBuffers;
  struct State {
    std::atomic<bool> disabled{false};
    // Hashes of the peers that GSO was refused for, each where its low bits say; 0 is nobody. One that another has
    // pushed out costs one more refusal.
    std::array<std::atomic<uint64_t>, 1024> refused{};
  };
  UdpSocket();
  static Result<UdpSocket> bind(const SocketAddress& address, size_t buffer_bytes, bool beside);
  /// One call; 0 or its errno.
  int send_merged(const SocketAddress& to, Bytes bytes, size_t segment_size, const SocketAddress& source);
  /// One sendmmsg() call, added up in `result`; what is left.
  Bytes send_singly(const SocketAddress& to, Bytes bytes, size_t segment_size, const SocketAddress& source,
                    SendResult& result);

  int descriptor_ = -1;
  SocketAddress local_;
  std::atomic<size_t> max_datagram_ = kMaxDatagram;
  bool drained_ = true;
  bool v6_ = false;  // the socket's family: IPv4 addresses are mapped before they are used
  std::unique_ptr<State> state_;
  std::unique_ptr<ReceiveBuffers> buffers_;
};

}  // namespace reallive::rtc
