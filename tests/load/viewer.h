// Viewer: a WHEP player that decodes nothing but checks every packet; asks for what is missing, reports what it got.
// Made and read on any thread through its loop (snapshot()); everything else happens on the loop.
// It never talks HTTP: the offer's answer comes from whoever made it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "load/peer.h"
#include "load/receive_track.h"
#include "rtc/wire/twcc.h"

namespace reallive::load {

class Viewer : private Peer::Listener {
 public:
  struct Snapshot {
    bool connected = false;
    std::string failure;  // why it ended, if it did
    std::string profile;
    ReceiveTrack::Figures video;
    Peer::Counters transport;
    uint64_t other_packets = 0;  // audio
    std::vector<uint32_t> delays_us;
  };

  struct Options {
    rtc::sdp::Setup setup = rtc::sdp::Setup::kActPass;  // see Peer
    std::string profile = "42001f";                     // see viewer_offer()
  };
  Viewer(const DtlsIdentity& identity, Loop& loop);
  Viewer(const DtlsIdentity& identity, Loop& loop, Options options);
  ~Viewer() override;
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  /// H.264 in Chromium's flavours with RTX, and Opus; receive only.
  std::string offer() const;
  /// Takes the answer and begins; error code "ice" or "bad-offer".
  Result<void> start(const std::string& answer);
  /// Leaves with DTLS's goodbye. The destructor does it too.
  void stop();

  /// Figures so far; the delays are those since the last call.
  Snapshot snapshot();
  /// CLOCK_MONOTONIC of the last packet of the first whole key frame, 0 before. Any thread.
  int64_t first_key_ns() const { return first_key_ns_; }
  /// The same for the first frame that is not older than 250 ms: the replay has caught up. Needs a stamped stream.
  int64_t first_live_ns() const { return first_live_ns_; }
  bool connected() const { return connected_; }
  bool failed() const { return failed_; }

 private:
  void on_connected() override;
  void on_rtp(rtc::Bytes packet, int64_t arrival_ns) override;
  void on_rtcp(const std::vector<rtc::rtcp::Record>& records) override;
  void on_tick(int64_t now_ns) override;
  void on_failed(const std::string& reason) override;
  void take_video(const rtc::rtp::Packet& packet, int64_t arrival_ns);
  void report(int64_t now_ns);

  Loop& loop_;
  const Options options_;
  Peer peer_;
  ReceiveTrack video_;
  rtc::TwccRecorder recorder_;
  uint8_t twcc_id_ = 0;  // 0: the answer has none
  uint32_t video_ssrc_ = 0;
  uint64_t other_packets_ = 0;
  int64_t next_report_ns_ = 0, next_feedback_ns_ = 0, next_picture_request_ns_ = 0;
  uint64_t lost_seen_ = 0;
  uint32_t last_sr_ = 0;
  int64_t last_sr_ns_ = 0;
  std::string failure_;
  std::atomic<int64_t> first_key_ns_{0}, first_live_ns_{0};
  std::atomic<bool> connected_{false}, failed_{false};
};

}  // namespace reallive::load
