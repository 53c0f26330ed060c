// WebrtcbinPublisher: GStreamer's webrtcbin as a publisher: encodes frames that carry their number in their brightness.
// Belongs to the test's thread; GStreamer's threads run below. It never signals by itself: it takes a function that
// answers its offer.
#pragma once

#include <atomic>
#include <functional>
#include <gst/gst.h>
#include <string>

#include "common/ref.h"

namespace reallive::rtc::test {

class WebrtcbinPublisher {
 public:
  struct Config {
    std::string video = "h264";  // "h264", "vp8" or ""
    bool audio = true;
    int keyframe_interval = 30;
    bool nack = true;
  };
  /// Brightness repeats after so many frames.
  static constexpr int kShades = 50;
  static int shade(int frame) { return 20 + 4 * (frame % kShades); }

  explicit WebrtcbinPublisher(const Config& config);
  ~WebrtcbinPublisher();
  WebrtcbinPublisher(const WebrtcbinPublisher&) = delete;
  WebrtcbinPublisher& operator=(const WebrtcbinPublisher&) = delete;

  /// Starts the pipeline and waits for the offer.
  std::string offer();
  void accept(const std::string& answer);
  /// ICE and DTLS are done.
  bool connected() const;

 private:
  static GstPadProbeReturn number_frame(GstPad* pad, GstPadProbeInfo* info, gpointer self);

  Ref<GstElement> pipeline_;
  Ref<GstElement> peer_;
  std::atomic<int> frames_{0};
};

}  // namespace reallive::rtc::test
