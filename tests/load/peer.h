// Peer: ICE against a lite or full agent, DTLS as client, SRTP; one UDP socket. The transport of viewer and publisher.
// Lives on one loop; made and destroyed anywhere, but start() to stop() on the loop's thread.
// It never interprets media: plain packets go to the listener.
#pragma once

#include <memory>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <vector>

#include "load/dtls.h"
#include "load/loop.h"
#include "load/srtp.h"
#include "rtc/wire/rtcp.h"
#include "rtc/wire/sdp.h"
#include "rtc/wire/stun.h"

namespace reallive::load {

class Peer : private Loop::Handler {
 public:
  /// On the loop's thread. None may destroy the peer.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_connected() = 0;
    /// A plain packet; `arrival_ns` is when the kernel got it, on CLOCK_MONOTONIC.
    virtual void on_rtp(rtc::Bytes packet, int64_t arrival_ns) = 0;
    virtual void on_rtcp(const std::vector<rtc::rtcp::Record>& records) = 0;
    virtual void on_tick(int64_t now_ns) = 0;
    virtual void on_failed(const std::string& reason) = 0;
  };

  struct Counters {
    uint64_t datagrams = 0;
    uint64_t forged = 0;     // SRTP or SRTCP that does not authenticate
    uint64_t replayed = 0;   // or repeated byte by byte
    uint64_t malformed = 0;  // of no known kind, or unparsable when plain
  };

  /// `setup`: kActPass as browsers offer it, or kActive, which makes a full agent wait for our ClientHello.
  Peer(const DtlsIdentity& identity, Listener& listener, rtc::sdp::Setup setup = rtc::sdp::Setup::kActPass);
  ~Peer() override;

  /// What the offer says of this side.
  rtc::sdp::Transport offered() const;
  /// Begins connectivity checks to the answer's UDP candidates. Error code "ice" when it has none.
  Result<void> start(Loop& loop, const rtc::sdp::Session& answer);
  void stop();

  bool connected() const { return srtp_ != nullptr; }
  const std::string& profile() const { return profile_; }
  const Counters& counters() const { return counters_; }
  void send_rtp(rtc::Buffer packet);
  void send_rtcp(rtc::Buffer packet);
  /// The share of what send_rtp() is given that is dropped: a lossy network in one line.
  void set_loss(double rate) { loss_ = rate; }

 private:
  struct Remote {
    sockaddr_storage address{};
    socklen_t size = 0;
  };

  void on_readable() override;
  void on_tick(int64_t now_ns) override;
  void take(uint8_t* data, size_t size, const Remote& from, int64_t arrival_ns);
  void take_stun(rtc::Bytes datagram, const Remote& from);
  void take_dtls(rtc::Bytes datagram);
  void send_checks(int64_t now_ns);
  void nominate(const Remote& remote);
  void send_datagram(rtc::Bytes datagram);
  void fail_with(const std::string& reason);
  bool drop();

  const DtlsIdentity& identity_;
  Listener& listener_;
  const rtc::sdp::Setup setup_;
  std::string ufrag_, pwd_;
  rtc::sdp::Transport remote_;
  std::vector<Remote> candidates_;
  std::optional<Remote> nominated_;
  Loop* loop_ = nullptr;
  int socket_ = -1;
  int64_t next_check_ns_ = 0;
  uint64_t tie_breaker_ = 0;
  std::unique_ptr<DtlsClient> dtls_;
  std::unique_ptr<Srtp> srtp_;
  std::string profile_;
  Counters counters_;
  double loss_ = 0;
  bool failed_ = false;
};

}  // namespace reallive::load
