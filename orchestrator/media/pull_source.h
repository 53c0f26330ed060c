// PullSource: keeps one pulled source (the test camera, an RTSP camera, a launch line) running while it is wanted,
// tries again with back-off for ever, and asks an idle RTSP camera now and then whether it is there. Main loop's
// thread. It never gives up, and never waits: every wait is a timer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/back_off.h"
#include "media/host_lookup.h"
#include "media/mailbox.h"
#include "media/pipeline_runner.h"
#include "media/prober.h"
#include "media/source_pipeline.h"
#include "media/track_meter.h"
#include "pipeline/camera_source.h"

namespace reallive::media {

/// What the sources of a server share.
struct PullSettings {
  pipeline::AddressRule allow;
  Prober* prober = nullptr;
  std::chrono::milliseconds probe_interval{0};  ///< 0: idle cameras are not asked
  std::chrono::milliseconds first_back_off{500};
  std::chrono::milliseconds healthy{10'000};  ///< online that long, and the next failure begins with a short wait
};

class PullSource {
 public:
  /// `on_change` is told when state or error differ; it must not destroy the source. `settings` outlives the source.
  PullSource(std::string channel, pipeline::CameraSource source, const PullSettings& settings,
             std::function<void()> on_change);

  /// Starts it, or stops it at once.
  void want(bool wanted);
  /// The settings are others now. False when they forbid the address that it plays from: then it has failed.
  bool settings_changed();
  bool wanted() const { return wanted_; }
  StreamState state() const { return state_; }
  const std::string& error() const { return error_; }
  /// Fills codecs, size, rates and how long the start took.
  void read(StreamStatus& status) const;

 private:
  void start();
  void connect(const std::vector<std::string>& addresses);
  base::Result<void> check_address() const;
  void play(const RtspRoute& route);
  void failed(const PipelineFault& fault);
  void restart_later(const PipelineFault& fault);
  void halt();
  void tick();
  bool is_probed() const;
  void probe();
  void probed(const PipelineFault* fault);
  void change(StreamState state, const std::string& error);

  const std::string channel_;
  const pipeline::CameraSource source_;
  const PullSettings& settings_;
  const std::function<void()> on_change_;

  bool wanted_ = false;
  StreamState state_;
  std::string error_;
  std::string fault_code_;  // of the last failure; empty after a success
  BackOff back_off_;
  bool udp_;                        // the transport of this attempt
  bool transport_changed_ = false;  // since the last success or wait
  std::string address_;             // of this attempt; empty where there is none
  size_t attempts_ = 0;             // a host with several addresses is tried at each in turn
  std::unique_ptr<HostLookup> lookup_;
  std::unique_ptr<PipelineRunner> runner_;
  std::shared_ptr<TrackMeter> meter_;
  int64_t started_us_ = 0;  // monotonic
  std::optional<unsigned> start_ms_;
  uint64_t last_units_ = 0;
  unsigned still_seconds_ = 0;   // since the last access unit
  unsigned online_seconds_ = 0;  // of this attempt
  Timer retry_;
  Timer ticker_;
  Timer probe_timer_;
  std::unique_ptr<Prober::Ticket> probe_;
};

}  // namespace reallive::media
