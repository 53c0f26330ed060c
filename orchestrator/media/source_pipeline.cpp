#include "media/source_pipeline.h"

#include <fmt/format.h>
#include <string_view>

#include "base/log.h"
#include "common/connection.h"
#include "media/channel_link.h"
#include "media/device_source.h"
#include "media/elements.h"
#include "media/local_source.h"
#include "media/rtsp_source.h"

namespace reallive::media {

namespace {

using base::fail;

constexpr const char* kPeerKey = "reallive-rtc-pad";

}  // namespace

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
    g_object_set(element->get(), "listen", settings.listen.c_str(), "endpoint-name", "server", "announced-addresses",
                 settings.announced_addresses.c_str(), nullptr);
  }
  return element;
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

base::Result<Ref<GstElement>> build_output(const RtcSettings& settings, const std::string& channel) {
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  const auto from = make("reallivechannelsrc", "channel");
  if (!from) return tl::unexpected(from.error());
  const auto rtc = make_rtc_element("reallivertcsink", settings);
  if (!rtc) return tl::unexpected(rtc.error());
  g_object_set(from->get(), "channel", channel.c_str(), nullptr);
  gst_util_set_object_arg(G_OBJECT(from->get()), "start", "cached");
  gst_bin_add_many(GST_BIN(pipeline.get()), from->get(), rtc->get(), nullptr);
  on_pad_added(from->get(), [rtc = rtc->get()](GstPad* pad) {
    const bool video = std::string_view(GST_PAD_NAME(pad)).starts_with("video");
    const auto to = Ref<GstPad>::adopt(gst_element_request_pad_simple(rtc, video ? "video_%u" : "audio_%u"));
    if (!to) return;
    if (GST_PAD_LINK_FAILED(gst_pad_link(pad, to.get()))) {
      // A codec that WebRTC does not carry: viewers get the other tracks.
      gst_element_release_request_pad(rtc, to.get());
      base::log::info("media", "a track is not carried by WebRTC", {{"pad", GST_PAD_NAME(pad)}});
      return;
    }
    // When the track goes, its pad has lost its peer before anybody is told: it remembers whom to release.
    g_object_set_data_full(G_OBJECT(pad), kPeerKey, Ref<GstPad>(to).release(), &gst_object_unref);
  });
  g_signal_connect(from->get(), "pad-removed", G_CALLBACK(+[](GstElement*, GstPad* pad, gpointer) {
                     guard([&] {
                       const auto to =
                           Ref<GstPad>::adopt(static_cast<GstPad*>(g_object_steal_data(G_OBJECT(pad), kPeerKey)));
                       if (!to) return;
                       const auto rtc = Ref<GstElement>::adopt(gst_pad_get_parent_element(to.get()));
                       if (rtc) gst_element_release_request_pad(rtc.get(), to.get());
                     });
                   }),
                   nullptr);
  return pipeline;
}

}  // namespace reallive::media
