// Publisher: everything between a publisher's decrypted packets and ordered RTP for depayloaders: sorts packets to
// tracks, repairs, reports, gives feedback. Belongs to one thread at a time; the caller brings clock and packets.
// It never trusts a packet, never opens a socket and never grows with what the other side sends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rtc/receive/congestion_feedback.h"
#include "rtc/receive/rtcp_batch.h"
#include "rtc/receive/track_receiver.h"

namespace reallive::rtc {

class Publisher {
 public:
  struct Config {
    int64_t wait_us = 200'000;        ///< longest wait for a missing packet
    int64_t silence_us = 30'000'000;  ///< without any media the publisher counts as gone
    uint32_t ssrc = 1;                ///< our own, in reports and feedback
    std::string cname = "reallive";
  };
  /// Called within receive_rtp(), receive_rtcp() and tick().
  class Output {
   public:
    virtual ~Output() = default;
    virtual void deliver(size_t track, MediaPacket packet) = 0;
    virtual void send_rtcp(Bytes plain) = 0;
    /// Once: the publisher said BYE for all its streams ("peer-closed") or fell silent ("no-media").
    virtual void expired(const std::string& reason) = 0;
  };

  Publisher(const ReceiveNegotiation& negotiation, Config config, Output& output);

  /// Keys exist: silence counts from here.
  void start(Moment now);
  void receive_rtp(Bytes plain, Moment now);
  void receive_rtcp(Bytes plain, Moment now);
  /// Does what is due.
  void tick(Moment now);
  /// When tick() is due next, in µs of the monotonic clock.
  int64_t next_wake() const;
  void request_keyframe(size_t track);
  /// RTCP BYE for the end of a session (RFC 3550 section 6.6).
  Buffer goodbye() const;

  std::vector<TrackStats> stats() const;
  uint64_t rejected() const { return rejected_; }
  /// What REMB told the publisher, 0 when it does not apply.
  uint64_t bandwidth_estimate() const { return feedback_.estimate(); }

 private:
  struct Route {
    size_t track = 0;
    bool retransmission = false;
  };
  static constexpr size_t kMaxRoutes = 32;

  std::optional<Route> route(const rtp::Packet& packet);
  std::optional<Route> route_by_mid(const rtp::Packet& packet) const;
  std::optional<Route> route_by_payload_type(uint8_t payload_type) const;
  void receive_retransmission(Bytes plain, const rtp::Packet& packet, size_t track, Moment now);
  void handle(const rtcp::Record& record, Moment now);
  void handle_bye(const rtcp::Bye& bye, Moment now);
  void drain(Moment now);
  void check_end(Moment now);
  void write_report(Buffer& out, int64_t now_us);
  void write_empty_report(Buffer& out) const;
  void write_name(Buffer& out) const;
  std::vector<uint32_t> media_ssrcs() const;

  const Config config_;
  const ReceiveExtensions extensions_;
  const bool reduced_size_;
  Output& output_;
  std::vector<TrackReceiver> tracks_;
  PlayoutClock playout_;
  CongestionFeedback feedback_;
  std::map<uint32_t, Route> routes_;  // by SSRC
  uint64_t rejected_ = 0;
  int64_t last_media_us_ = 0;
  std::optional<int64_t> bye_us_;
  std::optional<int64_t> next_report_us_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace reallive::rtc
