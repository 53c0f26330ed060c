// Handshaker: the thread that does DTLS for every session of an endpoint, so that no sending thread ever does.
// submit() and close() are for any thread; the DTLS state of all sessions lives on its own thread only.
// It never begins more handshakes a second than it may, and never opens one by anything but a ClientHello.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "rtc/transport/dtls.h"
#include "rtc/transport/shard.h"
#include "rtc/transport/udp_socket.h"

namespace reallive::rtc {

class Session;

/// The DTLS side of one session, owned by the session and used on the handshake thread only.
class DtlsPeer final : public DtlsTransport::Listener {
 public:
  DtlsPeer(Session& session, UdpSocket& socket) : session_(session), socket_(socket) {}
  void on_dtls_send(Bytes datagram) override;
  void on_dtls_connected(const SrtpKeys& local, const SrtpKeys& remote) override;
  void on_dtls_closed(const std::string& reason) override;

  std::unique_ptr<DtlsTransport> transport;
  SocketAddress reply_to;             // where the newest datagram came from
  SocketAddress reply_from;           // and where it came to
  std::optional<TimePoint> timer_at;  // the entry in the handshaker's timers that counts

 private:
  Session& session_;
  UdpSocket& socket_;
};

class Handshaker {
 public:
  Handshaker(std::shared_ptr<const DtlsContext> context, UdpSocket& socket, unsigned handshakes_per_second);
  ~Handshaker();
  Handshaker(const Handshaker&) = delete;
  Handshaker& operator=(const Handshaker&) = delete;

  /// How many handshakes may begin in a second, from the next token on.
  void set_rate(unsigned handshakes_per_second);

  /// A DTLS datagram from an address with a valid check. Dropped, and counted, when 2048 wait or 16 of this session:
  /// one peer leaves room for the others, and DTLS repeats what is lost.
  void submit(std::shared_ptr<Session> session, const Datagram& datagram);
  /// Says close_notify and forgets the association.
  void close(std::shared_ptr<Session> session);
  /// Works off what was submitted and closed so far, then ends the thread.
  void stop();

  uint64_t started() const { return started_; }
  uint64_t deferred() const { return deferred_count_; }
  uint64_t dropped() const { return dropped_; }
  /// How often its thread has woken: for a datagram, an end, a timer, a token. Tests see from it that it sleeps.
  uint64_t wakeups() const { return wakeups_; }

 private:
  struct GiveBack {
    void operator()(std::atomic<unsigned>* waiting) const { --*waiting; }
  };
  struct Job {
    std::shared_ptr<Session> session;
    std::unique_ptr<std::atomic<unsigned>, GiveBack> place;  // one of the session's; none for an end
    SocketAddress from;
    SocketAddress to;
    Buffer datagram;
    bool close = false;
  };

  void loop();
  void handle(Job job);
  void feed(const Job& job);
  void set_timer(const std::shared_ptr<Session>& session);
  void fire_timers(TimePoint now);
  void work_off_deferred(TimePoint now);
  bool take_token(TimePoint now);
  std::optional<TimePoint> next_wake() const;

  const std::shared_ptr<const DtlsContext> context_;
  UdpSocket& socket_;
  std::atomic<double> tokens_per_second_;
  std::atomic<uint64_t> started_{0};
  std::atomic<uint64_t> deferred_count_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> wakeups_{0};

  std::mutex mutex_;  // guards jobs_ and stopping_; a leaf
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;

  // Its own thread only.
  std::deque<Job> deferred_;
  std::multimap<TimePoint, std::shared_ptr<Session>> timers_;
  double tokens_;
  TimePoint refilled_ = Clock::now();
  std::thread thread_;
};

}  // namespace reallive::rtc
