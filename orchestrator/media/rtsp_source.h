// RtspSource: the pipeline that pulls one RTSP camera into a channel: H.264 or H.265, and AAC, Opus or G.711 as it
// comes. Called on the main loop; pads that appear later are linked on rtspsrc's own threads. It never resolves a name,
// never follows the camera to another address, and never puts a password into a launch line.
#pragma once

#include <memory>
#include <string>

#include "media/source_pipeline.h"

namespace reallive::media {

/// Once for the process, before the first rtspsrc exists: see rtsp_guard.h.
void prepare_rtsp();

/// Error codes as build_source().
base::Result<SourcePipeline> build_rtsp(const pipeline::CameraSource& source, const RtspRoute& route,
                                        const std::string& channel, const std::shared_ptr<TrackMeter>& meter);

}  // namespace reallive::media
