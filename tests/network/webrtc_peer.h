// WebrtcPeer: GStreamer's webrtcbin as a viewer or publisher of H.264, as a program at the other end would be built.
// Belongs to the test's thread; its pipeline has threads of its own. It stops its pipeline at the end of the scope.
// It never signals by itself: the test carries offer and answer.
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>
#include <memory>
#include <string>

#include "frame_hashes.h"
#include "rtc/transport/socket_address.h"

namespace reallive::test {

class WebrtcPeer {
 public:
  /// Receives; the jitter buffer waits this long for repairs. received() are the decoded pictures.
  static std::unique_ptr<WebrtcPeer> viewer(unsigned latency_ms);
  /// Sends what `source` (a launch fragment that ends in raw video) shows, encoded by x264enc; sent() are the pictures
  /// as a decoder beside the encoder sees them.
  static std::unique_ptr<WebrtcPeer> publisher(const std::string& source, unsigned bitrate_kbps);
  ~WebrtcPeer();
  WebrtcPeer(const WebrtcPeer&) = delete;
  WebrtcPeer& operator=(const WebrtcPeer&) = delete;

  /// Starts and makes the offer; empty when that fails.
  std::string offer();
  /// Takes the answer; false when it does not parse.
  bool accept(const std::string& answer);

  const FrameHashes& received() const { return received_; }
  const FrameHashes& sent() const { return sent_; }
  /// "connected" and so on: webrtcbin's connection-state.
  GstWebRTCPeerConnectionState state() const;

 private:
  explicit WebrtcPeer(const std::string& launch);
  void on_pad_added(GstPad* pad);

  GstElement* pipeline_ = nullptr;
  GstElement* webrtc_ = nullptr;
  FrameHashes received_;
  FrameHashes sent_;
};

/// The answer with `address` as its only candidate: a relay's place.
std::string with_candidate(const std::string& answer, const rtc::SocketAddress& address);
/// Where the answer's first UDP candidate points to.
rtc::SocketAddress candidate_of(const std::string& answer);

}  // namespace reallive::test
