// Endpoint: one listening address of the process: UDP socket, certificate, network and handshake threads, shards.
// All elements that name the same address share it through acquire(); any thread. The last reference joins its threads.
// It never looks into media and never runs on GLib.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "rtc/transport/session.h"
#include "rtc/transport/udp_socket.h"
#include "rtc/wire/sdp.h"

namespace reallive::rtc {

struct EndpointConfig {
  std::string listen = ":8189";  // HOST:PORT, [IPV6]:PORT or :PORT (IPv4 and IPv6)
  /// Elements with the same name share an endpoint whose port is 0; without a name port 0 is never shared. An address
  /// may overlap with another one of the same name (":8189" and "127.0.0.1:8189"), so that its users can move from one
  /// to the other without a gap: see UdpSocket::bind_beside().
  std::string name;
  unsigned max_sessions = 1000;
  unsigned handshakes_per_second = 200;
  size_t max_sdp_bytes = sdp::kMaxBytes;              // offers and trickle fragments: more is "bad-offer"
  size_t max_packet_bytes = UdpSocket::kMaxDatagram;  // datagrams: longer ones are dropped unseen
  unsigned shards = 0;                                // 0: one for each core but one
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds consent_timeout{30'000};  // RFC 7675 section 5.1
};

struct EndpointStats {
  unsigned sessions = 0;
  uint64_t packets_received = 0;
  uint64_t strangers = 0;  // datagrams that belonged to no session
  uint64_t checks_answered = 0;
  uint64_t checks_refused = 0;
  uint64_t handshakes = 0;
  uint64_t handshakes_deferred = 0;  // held back by the rate limit
  uint64_t inbox_drops = 0;
};

class Endpoint {
 public:
  /// The endpoint of `config.listen`, made when there is none; then the first user's limits hold until set_limits().
  /// Error code "failed" when the address cannot be bound.
  static Result<std::shared_ptr<Endpoint>> acquire(const EndpointConfig& config);

  /// Closes every session ("shutdown": BYE, close_notify), then joins all threads. Not on a thread of its own.
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// Takes over the limits of `config` (sessions, handshakes, sizes, time-outs) for what begins from now on: nobody who
  /// is there is sent away.
  void set_limits(const EndpointConfig& config);
  /// What was bound.
  uint16_t port() const;
  /// SHA-256 of our certificate, for a=fingerprint.
  const sdp::Fingerprint& fingerprint() const;
  /// Host candidates (RFC 8445 section 5.1.1.1): `announced` addresses ("203.0.113.5", with or without ":PORT") first
  /// and alone when there are any, else those of all interfaces that are up; loopback only when bound to it or when
  /// nothing else is there.
  std::vector<sdp::Candidate> candidates(const std::vector<std::string>& announced) const;
  /// A session that waits for Session::start(). Error code "too-many-sessions" at the limit.
  Result<std::shared_ptr<Session>> create_session(RemoteTransport remote);
  /// How long offers and trickle fragments may be.
  size_t max_sdp_bytes() const;
  EndpointStats stats() const;
  size_t shard_count() const;

 private:
  explicit Endpoint(std::shared_ptr<EndpointCore> core);
  /// `others` may be in the way.
  static Result<std::unique_ptr<Endpoint>> open(const EndpointConfig& config, const SocketAddress& address,
                                                std::span<UdpSocket* const> others = {});
  std::shared_ptr<EndpointCore> core_;
};

}  // namespace reallive::rtc
