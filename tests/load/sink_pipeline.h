// SinkPipeline: a clip played in a loop into a reallivertcsink of its own, for tests that need a live element.
// Frames come from a thread of its own; the methods are for the test's thread. It never talks HTTP.
#pragma once

#include <gst/gst.h>
#include <string>
#include <thread>

#include "common/ref.h"
#include "load/clip.h"

namespace reallive::load {

class SinkPipeline {
 public:
  /// `properties` are appended to the element: "max-sessions=10". Throws when it does not become ready in 10 s.
  explicit SinkPipeline(const Clip& clip, const std::string& properties = {});
  ~SinkPipeline();
  SinkPipeline(const SinkPipeline&) = delete;
  SinkPipeline& operator=(const SinkPipeline&) = delete;

  GstElement* element() const { return sink_.get(); }
  /// The answer, and the viewer's id in `viewer`; the element's error code otherwise.
  Result<std::string> add_viewer(const std::string& offer, std::string& viewer);
  bool remove_viewer(const std::string& viewer);

 private:
  void pace(const std::stop_token& stop);

  const Clip& clip_;
  Ref<GstElement> pipeline_, source_, sink_;
  std::jthread pacer_;
};

}  // namespace reallive::load
