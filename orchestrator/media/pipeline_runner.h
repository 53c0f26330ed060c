// PipelineRunner: owns one running GstPipeline: starts it, hears its bus, and disposes of it off the main loop, since
// stopping an element may wait for the network. Main loop's thread. It never restarts anything: that is its owner's
// decision.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "common/ref.h"
#include "media/fault.h"
#include "media/mailbox.h"

namespace reallive::media {

class PipelineRunner {
 public:
  using FaultHandler = std::function<void(const PipelineFault&)>;

  /// `pipeline` is a GstPipeline in state NULL. `on_fault` is called at most once, for an error or the end of the
  /// stream, and may destroy the runner. `writes_to` is the channel it writes to, empty for none.
  PipelineRunner(Ref<GstElement> pipeline, std::string place, std::string writes_to, FaultHandler on_fault);
  /// Stops the pipeline on a thread of GStreamer's.
  ~PipelineRunner();
  PipelineRunner(const PipelineRunner&) = delete;
  PipelineRunner& operator=(const PipelineRunner&) = delete;

  /// To PLAYING, without waiting for it. A channel has one writer: while a former one is being stopped, this one starts
  /// after it. `started` is called then, within start() when nothing has to be waited for.
  void start(std::function<void()> started = nullptr);
  GstElement* element() const { return pipeline_.get(); }
  Ref<GstElement> find(const char* name) const;

  /// Stops `element` on a thread of GStreamer's, as a runner's end does with its pipeline.
  static void stop(const Ref<GstElement>& element) { stop(element, {}); }
  /// Elements of this process that are being stopped now.
  static int stopping();

 private:
  static void stop(const Ref<GstElement>& element, const std::string& writes_to);
  static gboolean on_message(GstBus*, GstMessage* message, gpointer self);
  void report(const PipelineFault& fault);

  Ref<GstElement> pipeline_;
  const std::string place_;
  const std::string writes_to_;
  FaultHandler on_fault_;
  unsigned watch_ = 0;
  Mailbox mailbox_;
};

}  // namespace reallive::media
