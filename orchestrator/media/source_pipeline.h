// Builds the pipelines that end in a channel: the test camera, an RTSP camera, a launch line, a WHIP publisher.
// Called on the main loop; the pads that appear later are linked on the elements' own threads.
// It never starts a pipeline, and never puts a user's name or password into a launch line.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "common/ref.h"
#include "media/track_meter.h"
#include "pipeline/camera_source.h"

namespace reallive::media {

struct SourcePipeline {
  Ref<GstElement> pipeline;  ///< a GstPipeline in state NULL
  std::string place;         ///< what it talks to, for sentences ("10.0.0.7:554"); empty for local sources
};

/// How an RTSP camera is reached this time.
struct RtspRoute {
  std::string address = {};  ///< numeric: the camera's name, resolved and checked
  bool udp = false;          ///< media by UDP, else within the connection (TCP)
};

/// A pipeline that pulls `source` into `channel`; `route` matters for rtsp only. Error codes: `failed` (an element is
/// missing: the sentence names it), `not-supported`.
base::Result<SourcePipeline> build_source(const pipeline::CameraSource& source, const RtspRoute& route,
                                          const std::string& channel, const std::shared_ptr<TrackMeter>& meter);

/// Settings of the rtc elements of this server.
struct RtcSettings {
  std::string listen;
  std::string announced_addresses;  ///< comma-separated
  RtcLimits limits = {};
  std::string endpoint_name = "server";  ///< elements of one name share a port that was picked (port 0)
};

/// `reallivertcsrc name=rtc` into `channel`, which knows at once what tracks `offer` (SDP) has.
base::Result<SourcePipeline> build_ingest(const RtcSettings& settings, const std::string& channel,
                                          const std::string& offer, const std::shared_ptr<TrackMeter>& meter);

/// A source or ingest pipeline: takes out of its channel the tracks that were announced but from which nothing came, so
/// that nobody waits for them. They are added again when something comes.
void forget_silent_tracks(GstElement* pipeline);

/// The rtc element alone, which holds the endpoint (socket and certificate) while nothing else does.
base::Result<Ref<GstElement>> make_rtc_element(const char* factory, const RtcSettings& settings);

/// The limits of the endpoint that `element`, or any other of its address, has open.
void set_rtc_limits(GstElement* element, const RtcLimits& limits);

}  // namespace reallive::media
