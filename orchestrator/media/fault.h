// PipelineFault: what ended a pipeline, in words that a person can act on. A plain value and pure functions; any
// thread. Every sentence about a camera that cannot be had is made here and in rtsp_source. It never repeats what a
// camera or an element said: that may hold a password.
#pragma once

#include <string>

#include "common/ref.h"

namespace reallive::media {

/// `code` is a stable word: `auth`, `unreachable`, `not-found`, `not-allowed`, `no-video`, `transport`, `format`,
/// `ended`, `failed`.
struct PipelineFault {
  std::string code;
  std::string sentence;
};

/// Reads a GstMessage of type error. `place` is what the pipeline talks to ("10.0.0.7:554"), may be empty.
PipelineFault read_fault(GstMessage* message, const std::string& place);

/// An error that another of our functions posts under a code of ours: read_fault() gives back exactly `fault`.
void post_fault(GstElement* element, const PipelineFault& fault);

}  // namespace reallive::media
