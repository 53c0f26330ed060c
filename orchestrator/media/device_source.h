// DeviceSource: cameras and microphones of this machine (`device:NAME`), by libcamera, V4L2 and ALSA, whichever this
// machine's GStreamer offers. Called on the main loop.
// It never puts a name into a launch line: names are set as properties.
#pragma once

#include <memory>
#include <string>

#include "media/source_pipeline.h"

namespace reallive::media {

/// `name`: `auto` (libcamera's first camera, else V4L2's), `/dev/video0`, a camera's name; `;audio=auto` or
/// `;audio=hw:1,0` behind it adds a microphone. Error codes as build_source().
base::Result<SourcePipeline> build_device(const std::string& name, const std::string& channel,
                                          const std::shared_ptr<TrackMeter>& meter);

}  // namespace reallive::media
