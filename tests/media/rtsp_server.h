// RtspServer: a real gst-rtsp-server on loopback that a test starts, drops and brings back on the same port.
// Construction and destruction belong to the test's thread; the server runs in a thread of its own.
// It never keeps a connection after it is gone.
#pragma once

#include <gst/rtsp-server/rtsp-server.h>
#include <string>
#include <thread>

#include "common/ref.h"

namespace reallive::media::test {

struct RtspServerOptions {
  int port = 0;  ///< 0 picks a free one
  std::string launch =
      "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 "
      "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 )";
  std::string user = {}, password = {};                    ///< asked for, when given
  bool digest = false;                                     ///< by Digest, not Basic
  bool tls = false;                                        ///< rtsps, with a certificate that it signed itself
  GstRTSPLowerTrans protocols = GST_RTSP_LOWER_TRANS_TCP;  ///< others are refused with 461
  bool reports_making = false;  ///< sender reports tell when pictures were made, not when they were sent
};

class RtspServer {
 public:
  explicit RtspServer(const RtspServerOptions& options = {});
  /// Closes every connection and the port.
  ~RtspServer();
  RtspServer(const RtspServer&) = delete;
  RtspServer& operator=(const RtspServer&) = delete;

  /// Cuts every connection; the port stays open.
  void hang_up();

  int port() const { return port_; }
  /// `rtsp://127.0.0.1:PORT/camera` (rtsps with TLS), with `credentials` ("user:password@") when given.
  std::string url(const std::string& credentials = {}) const;

 private:
  GMainContext* const context_;
  GMainLoop* const loop_;
  GstRTSPServer* const server_;
  guint source_ = 0;
  const bool tls_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace reallive::media::test
