// NetworkThread: receives everything that arrives on an endpoint's socket, answers STUN and hands the rest on:
// DTLS to the handshaker, RTP and RTCP to the session's shard (demultiplexed as RFC 7983 says).
// The map from addresses to sessions lives on its thread only. It never decrypts and never waits for a lock of media.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "rtc/transport/handshaker.h"
#include "rtc/transport/session_table.h"
#include "rtc/transport/udp_socket.h"
#include "rtc/wire/stun.h"

namespace reallive::rtc {

class NetworkThread {
 public:
  NetworkThread(UdpSocket& socket, SessionTable& table, Handshaker& handshaker);
  ~NetworkThread();
  NetworkThread(const NetworkThread&) = delete;
  NetworkThread& operator=(const NetworkThread&) = delete;

  /// Any thread: drops every address of a session that has ended.
  void forget(std::shared_ptr<Session> session);
  void stop();

  uint64_t packets() const { return packets_; }
  uint64_t strangers() const { return strangers_; }
  uint64_t checks_answered() const { return checks_answered_; }
  uint64_t checks_refused() const { return checks_refused_; }

 private:
  void loop();
  void drop_forgotten();
  void handle(const Datagram& datagram, TimePoint now);
  void handle_stun(const Datagram& datagram, TimePoint now);
  void refuse(const Datagram& check, const stun::Message& message, int code, std::string_view password);
  void learn(const std::shared_ptr<Session>& session, const SocketAddress& from);

  UdpSocket& socket_;
  SessionTable& table_;
  Handshaker& handshaker_;
  int wake_descriptor_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> packets_{0};
  std::atomic<uint64_t> strangers_{0};
  std::atomic<uint64_t> checks_answered_{0};
  std::atomic<uint64_t> checks_refused_{0};

  std::mutex mutex_;  // guards forgotten_; a leaf
  std::vector<std::shared_ptr<Session>> forgotten_;

  std::unordered_map<SocketAddress, std::shared_ptr<Session>> by_address_;  // its own thread only
  std::thread thread_;
};

}  // namespace reallive::rtc
