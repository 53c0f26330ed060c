// UdpRelay: a bad network between clients and one server, on loopback: loses, delays, reorders and repeats datagrams.
// It has one thread of its own; set_conditions() and counts() are for any. The same seed makes the same decisions for
// the same order of datagrams. It never looks into what it carries.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <thread>

#include "rtc/transport/udp_socket.h"

namespace reallive::test {

/// What happens to each datagram of a direction; probabilities from 0 to 1.
struct Conditions {
  double loss = 0;
  double duplication = 0;
  double reordering = 0;                     // these come later by up to `reorder_by`, and so behind others
  std::chrono::milliseconds reorder_by{15};  // at least 1
  std::chrono::milliseconds delay{0};        // all of them, in order
};

class UdpRelay {
 public:
  struct Counts {
    uint64_t carried = 0, lost = 0, duplicated = 0, reordered = 0;
  };

  /// Listens on a free port of `target`'s loopback family and passes everything on to `target`; each client is seen
  /// there under a port of its own, and answers find their way back. Throws std::runtime_error without sockets.
  UdpRelay(const rtc::SocketAddress& target, const Conditions& to_server, const Conditions& to_client, unsigned seed);
  ~UdpRelay();
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  const rtc::SocketAddress& address() const { return front_.local(); }
  void set_conditions(const Conditions& to_server, const Conditions& to_client);
  Counts to_server() const;
  Counts to_client() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Direction {
    Conditions conditions;
    Counts counts;
    std::mt19937 random;
  };
  struct Waiting {
    Clock::time_point due;
    uint64_t order = 0;  // arrival: equal times keep it
    rtc::UdpSocket* from = nullptr;
    rtc::SocketAddress to;
    rtc::Buffer bytes;
    bool operator<(const Waiting& other) const {
      return due != other.due ? due > other.due : order > other.order;  // the earliest is on top
    }
  };

  void run();
  void carry(Direction& direction, rtc::UdpSocket& from, const rtc::SocketAddress& to, rtc::Bytes bytes);
  rtc::UdpSocket* socket_for(const rtc::SocketAddress& client);

  const rtc::SocketAddress target_;
  rtc::UdpSocket front_;
  std::map<std::string, std::pair<rtc::SocketAddress, std::unique_ptr<rtc::UdpSocket>>> clients_;
  std::priority_queue<Waiting> waiting_;
  uint64_t order_ = 0;
  mutable std::mutex mutex_;  // guards to_server_ and to_client_
  Direction to_server_;
  Direction to_client_;
  std::atomic<bool> stopping_{false};
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace reallive::test
