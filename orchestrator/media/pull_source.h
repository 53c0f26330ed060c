// PullSource: keeps one pulled source (the test camera, an RTSP camera) running while it is wanted, and tries again
// with back-off for ever. Main loop's thread. It never gives up, and never waits: every wait is a timer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "media/mailbox.h"
#include "media/pipeline_runner.h"
#include "media/track_meter.h"
#include "pipeline/camera_source.h"

namespace reallive::media {

class PullSource {
 public:
  /// `on_change` is told when state or error differ; it must not destroy the source.
  PullSource(std::string channel, pipeline::CameraSource source, std::function<void()> on_change);

  /// Starts it, or stops it at once.
  void want(bool wanted);
  bool wanted() const { return wanted_; }
  StreamState state() const { return state_; }
  const std::string& error() const { return error_; }
  /// Fills codecs, size and rates.
  void read(StreamStatus& status) const;

 private:
  void start();
  void restart_later(const PipelineFault& fault);
  void tick();
  void change(StreamState state, const std::string& error);

  const std::string channel_;
  const pipeline::CameraSource source_;
  const std::function<void()> on_change_;

  bool wanted_ = false;
  StreamState state_;
  std::string error_;
  std::chrono::milliseconds back_off_;
  std::unique_ptr<PipelineRunner> runner_;
  std::shared_ptr<TrackMeter> meter_;
  uint64_t last_units_ = 0;
  unsigned still_seconds_ = 0;   // since the last access unit
  unsigned online_seconds_ = 0;  // of this attempt
  Timer retry_;
  Timer ticker_;
};

}  // namespace reallive::media
