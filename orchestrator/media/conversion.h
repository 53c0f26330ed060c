// Conversion: one track of a channel decoded and encoded anew for browsers, into a channel of its own beside it; one
// for all who need it. Main loop's thread; the chain is built where the track appears. It runs as long as it exists:
// it never decides whether it is wanted, and its failure never touches the channel that it reads.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/ref.h"
#include "media/back_off.h"
#include "media/mailbox.h"
#include "media/pipeline_runner.h"
#include "media/track_meter.h"

namespace reallive::media {

class Conversion {
 public:
  enum class Target { opus, h264 };

  /// Reads the first track of that kind (sound or picture) of `channel`. `on_change` is told when error() differs, on
  /// the main loop, and may destroy the conversion.
  Conversion(Target target, const std::string& channel, std::function<void()> on_change);

  /// The channel that has what `target` makes of `channel`, whether a conversion runs or not.
  static std::string channel_of(const std::string& channel, Target target);
  /// What the converted track is, before anything of it has come.
  static const char* caps_of(Target target);
  /// Whether a track of `codec` (see codec_of()) can be made into `target`.
  static bool converts(const std::string& codec, Target target);
  static bool is_video(Target target) { return target == Target::h264; }

  /// A sentence while it fails; it is tried again by itself, at first after a second, later every 30.
  const std::string& error() const { return error_; }

 private:
  void start();
  void rest();  // until the next try
  void failed(const std::string& sentence);
  void tell();

  const Target target_;
  const std::string channel_;
  const std::function<void()> on_change_;
  std::string error_;
  BackOff back_off_;
  std::unique_ptr<PipelineRunner> runner_;
  std::shared_ptr<TrackMeter> meter_;
  Timer timer_;  // the next try, or the look whether it works again
  Mailbox mailbox_;
};

}  // namespace reallive::media
