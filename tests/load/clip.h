// Clip: a few seconds of H.264, encoded once at start, played in a loop by publishers.
// Immutable after make(); share it freely. It needs gst_init() and x264enc.
#pragma once

#include <vector>

#include "common/result.h"
#include "rtc/wire/bytes.h"

namespace reallive::load {

struct Clip {
  struct Frame {
    rtc::Buffer annex_b;
    bool key = false;
  };
  std::vector<Frame> frames;  // one group of pictures: only the first is a key frame
  int fps = 30;

  double bitrate() const;  // bits per second

  /// 1280x720 at 30 frames a second, constrained baseline, a key frame every `key_seconds`. Error code "clip".
  static Result<Clip> make(int key_seconds, int kbps = 2500);
};

}  // namespace reallive::load
