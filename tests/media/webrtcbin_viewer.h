// WebrtcbinViewer: GStreamer's webrtcbin as a viewer that decodes what it gets: counts pictures, and knows its tone.
// Belongs to the test's thread; its pipeline has threads of its own. It never signals by itself: the test carries offer
// and answer.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "common/connection.h"
#include "common/ref.h"

namespace reallive::media::test {

class WebrtcbinViewer {
 public:
  /// `video`: "H264", "H265" or empty; `sound`: whether it wants Opus.
  WebrtcbinViewer(const std::string& video, bool sound);
  ~WebrtcbinViewer();
  WebrtcbinViewer(const WebrtcbinViewer&) = delete;
  WebrtcbinViewer& operator=(const WebrtcbinViewer&) = delete;

  std::string offer();
  void accept(const std::string& answer);

  int pictures() const { return pictures_; }
  /// Pixels of the newest picture; 0 before one.
  int width() const { return width_; }
  /// Whether the last fifth of a second is a tone of this frequency, and not one of half as much again.
  bool hears(double frequency) const;

 private:
  void decode(GstPad* pad);
  void take_sound(GstBuffer* buffer);
  double level(double frequency) const;

  Ref<GstElement> pipeline_;
  GstElement* webrtc_ = nullptr;  // the pipeline's
  bool offered_ = false;
  std::atomic<int> pictures_{0}, width_{0};
  mutable std::mutex mutex_;    // guards samples_
  std::vector<float> samples_;  // the newest, mono at 48 kHz
  Connection pads_;
};

}  // namespace reallive::media::test
