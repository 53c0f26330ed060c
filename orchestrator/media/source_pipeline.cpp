#include "media/source_pipeline.h"

#include <fmt/format.h>
#include <string_view>

#include "base/log.h"
#include "media/channel_link.h"
#include "media/device_source.h"
#include "media/elements.h"
#include "media/local_source.h"
#include "media/rtsp_source.h"

namespace reallive::media {

using base::fail;

base::Result<SourcePipeline> build_source(const pipeline::CameraSource& source, const RtspRoute& route,
                                          const std::string& channel, const std::shared_ptr<TrackMeter>& meter) {
  using Kind = pipeline::CameraSource::Kind;
  switch (source.kind) {
    case Kind::test:
      return build_test(channel, meter);
    case Kind::rtsp:
      return build_rtsp(source, route, channel, meter);
    case Kind::launch:
      return build_launch(source.fragment, channel, meter);
    case Kind::device:
      return build_device(source.device, channel, meter);
    case Kind::publish:
      break;
  }
  return fail("not-supported", "this camera is published to, not pulled");
}

base::Result<Ref<GstElement>> make_rtc_element(const char* factory, const RtcSettings& settings) {
  auto element = make(factory, "rtc");
  if (element) {
    g_object_set(element->get(), "listen", settings.listen.c_str(), "endpoint-name", settings.endpoint_name.c_str(),
                 "announced-addresses", settings.announced_addresses.c_str(), nullptr);
    set_rtc_limits(element->get(), settings.limits);
  }
  return element;
}

void set_rtc_limits(GstElement* element, const RtcLimits& limits) {
  g_object_set(element, "max-sessions", limits.max_sessions, "handshakes-per-second", limits.handshakes_per_second,
               "connect-timeout-ms", limits.connect_timeout_ms, "max-sdp-bytes", limits.max_sdp_bytes,
               "max-packet-bytes", limits.max_packet_bytes, nullptr);
}

base::Result<SourcePipeline> build_ingest(const RtcSettings& settings, const std::string& channel,
                                          const std::string& offer, const std::shared_ptr<TrackMeter>& meter) {
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  const auto rtc = make_rtc_element("reallivertcsrc", settings);
  if (!rtc) return tl::unexpected(rtc.error());
  const auto sink = make_channel_sink(channel);
  if (!sink) return tl::unexpected(sink.error());
  gst_bin_add_many(GST_BIN(pipeline.get()), rtc->get(), sink->get(), nullptr);
  if (has_section(offer, "video")) announce_track(sink->get(), true);
  if (has_section(offer, "audio")) announce_track(sink->get(), false);
  on_pad_added(rtc->get(), [channel_sink = sink->get(), meter](GstPad* pad) {
    const bool video = std::string_view(GST_PAD_NAME(pad)).starts_with("video");
    if (!link_to_channel(pad, channel_sink, video, *meter))
      base::log::warning("media", "a published track cannot join the channel", {{"pad", GST_PAD_NAME(pad)}});
  });
  return SourcePipeline{pipeline, {}};
}

void forget_silent_tracks(GstElement* pipeline) {
  const auto channel = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline), "channel"));
  if (!channel) return;
  std::vector<Ref<GstPad>> silent;
  gst_element_foreach_sink_pad(
      channel.get(),
      [](GstElement*, GstPad* pad, gpointer data) -> gboolean {
        if (!gst_pad_is_linked(pad)) {
          static_cast<std::vector<Ref<GstPad>>*>(data)->push_back(Ref<GstPad>::retain(pad));
        }
        return TRUE;
      },
      &silent);
  for (const auto& pad : silent)
    gst_element_release_request_pad(channel.get(), pad.get());
}

}  // namespace reallive::media
