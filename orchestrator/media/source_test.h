// SourceTest: plays a source once, for somebody who sets a camera up: says what comes, shows one picture of it, or says
// in words what is wrong. Main loop's thread; going out of scope ends it, and then nothing is told.
// It never touches the camera's own stream, and never runs longer than its limit.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/connection.h"
#include "media/host_lookup.h"
#include "media/mailbox.h"
#include "media/media.h"
#include "media/pipeline_runner.h"
#include "media/source_pipeline.h"
#include "media/track_meter.h"

namespace reallive::media {

class SourceTest {
 public:
  /// `done` is called once, never inside the constructor, and may end the test.
  SourceTest(pipeline::CameraSource source, const pipeline::AddressRule& rule, SourceTestCallback done);
  SourceTest(const SourceTest&) = delete;
  SourceTest& operator=(const SourceTest&) = delete;

 private:
  void play(const RtspRoute& route);
  void failed(const PipelineFault& fault);
  void look();
  void measure();
  void finish(SourceTestResult result);

  const pipeline::CameraSource source_;
  const std::string channel_;
  SourceTestCallback done_;
  const int64_t began_us_;
  std::unique_ptr<HostLookup> lookup_;
  std::string address_;
  bool udp_, transport_changed_ = false;
  std::shared_ptr<TrackMeter> meter_;
  std::unique_ptr<PipelineRunner> source_runner_, picture_runner_;
  Connection picture_there_;
  std::string picture_;  // a data: address
  Timer limit_, ticker_;
  Mailbox mailbox_;  // last: what it holds refers to the rest
};

}  // namespace reallive::media
