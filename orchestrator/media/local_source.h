// LocalSource: pipelines of this machine's own pictures into a channel: the test camera, launch lines.
// Called on the main loop. The pipeline is the caller's to start.
// It never repeats a launch line in an error: its values may be secrets.
#pragma once

#include <memory>
#include <string>

#include "media/source_pipeline.h"

namespace reallive::media {

/// Error codes as build_source().
base::Result<SourcePipeline> build_test(const std::string& channel, const std::shared_ptr<TrackMeter>& meter);
base::Result<SourcePipeline> build_launch(const std::string& fragment, const std::string& channel,
                                          const std::shared_ptr<TrackMeter>& meter);

}  // namespace reallive::media
