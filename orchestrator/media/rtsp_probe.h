// RtspProbe: asks one camera lightly whether it is there: connects, sends OPTIONS, reads the first line of the answer.
// Main loop's thread, all input and output asynchronous; going out of scope ends it, and then nothing is told.
// It never logs in: an answer of any status shows that a camera is there.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "media/fault.h"
#include "media/host_lookup.h"
#include "media/mailbox.h"
#include "pipeline/camera_source.h"

namespace reallive::media {

class RtspProbe {
 public:
  /// Null when the camera answered.
  using Done = std::function<void(const PipelineFault* fault)>;

  /// `source` is of kind rtsp. `done` is called once, within five seconds, never inside the constructor.
  RtspProbe(const pipeline::CameraSource& source, const pipeline::AddressRule& rule, Done done);
  ~RtspProbe();
  RtspProbe(const RtspProbe&) = delete;
  RtspProbe& operator=(const RtspProbe&) = delete;

 private:
  void connect(const std::string& address);
  void finish(const PipelineFault* fault);

  const pipeline::CameraSource source_;
  Done done_;
  Ref<GCancellable> cancel_;
  Timer limit_;
  std::unique_ptr<HostLookup> lookup_;
  Mailbox mailbox_;
};

}  // namespace reallive::media
