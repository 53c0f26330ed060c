// Publisher: a WHIP client that plays a clip in a loop and stamps each frame with the clock; answers NACK by RTX.
// Frames are paced by a thread of its own; the transport lives on the loop. It never talks HTTP.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "load/clip.h"
#include "load/peer.h"

namespace reallive::load {

class Publisher : private Peer::Listener {
 public:
  struct Options {
    bool ignore_pli = false;  // else a PLI or FIR starts the clip again, with its key frame
    double loss = 0;          // share of packets that are dropped instead of sent
    bool stamps = true;       // else no SEI goes before each picture, and nobody can tell its age
  };
  struct Snapshot {
    bool connected = false;
    std::string failure, profile;
    uint64_t frames = 0, packets = 0, repairs = 0, picture_requests = 0, feedback = 0;
  };

  Publisher(const DtlsIdentity& identity, Loop& loop, const Clip& clip, Options options);
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  std::string offer() const;
  /// Takes the answer and begins; sends from the moment it is connected.
  Result<void> start(const std::string& answer);
  void stop();
  Snapshot snapshot();
  bool connected() const { return connected_; }
  bool failed() const { return failed_; }

 private:
  void on_connected() override;
  void on_rtp(rtc::Bytes, int64_t) override {}
  void on_rtcp(const std::vector<rtc::rtcp::Record>& records) override;
  void on_tick(int64_t now_ns) override;
  void on_failed(const std::string& reason) override;

  void pace();
  void send_frame(int64_t now_ns);
  void send_packet(uint16_t sequence, uint32_t timestamp, bool marker, const rtc::Buffer& payload);
  void repair(const rtc::rtcp::Nack& nack);
  void answer_picture_request();

  static constexpr size_t kHistory = 2048;
  struct Sent {
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    bool marker = false;
    rtc::Buffer payload;  // empty: nothing kept here yet
  };

  Loop& loop_;
  const Clip& clip_;
  const Options options_;
  Peer peer_;
  uint8_t twcc_id_ = 0;
  uint32_t ssrc_ = 0x10ad0001, repair_ssrc_ = 0x10ad0002;
  uint16_t sequence_ = 0, repair_sequence_ = 0, twcc_sequence_ = 0;
  size_t position_ = 0;
  bool restart_ = false;
  std::vector<Sent> history_{kHistory};
  uint64_t octets_ = 0;
  uint32_t timestamp_ = 0;
  int64_t next_report_ns_ = 0;
  Snapshot figures_;
  std::atomic<bool> connected_{false}, failed_{false};

  std::mutex mutex_;  // guards ending_
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread pacer_;
};

}  // namespace reallive::load
