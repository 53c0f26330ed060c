#include "media/source_pipeline.h"

#include <fmt/format.h>
#include <string_view>

#include "base/log.h"
#include "common/connection.h"
#include "media/elements.h"

namespace reallive::media {

namespace {

using base::fail;

constexpr const char* kPeerKey = "reallive-rtc-pad";

base::Result<Ref<GstElement>> make_channel_sink(const std::string& channel) {
  auto sink = make("reallivechannelsink", "channel");
  if (sink) g_object_set(sink->get(), "channel", channel.c_str(), nullptr);
  return sink;
}

const char* first_track(bool video) {
  return video ? "video_0" : "audio_0";
}

/// Makes a track known before anything comes from it: viewers who wait get an answer with all tracks, not with the one
/// that happens to be first.
void announce(GstElement* channel_sink, bool video) {
  const auto known = Ref<GstPad>::adopt(gst_element_get_static_pad(channel_sink, first_track(video)));
  if (!known) Ref<GstPad>::adopt(gst_element_request_pad_simple(channel_sink, first_track(video)));
}

/// Links `from` to the announced track or to a new one, and counts it there.
bool link_to_channel(GstPad* from, GstElement* channel_sink, bool video, TrackMeter& meter) {
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(channel_sink, first_track(video)));
  if (!pad || gst_pad_is_linked(pad.get())) {
    pad = Ref<GstPad>::adopt(gst_element_request_pad_simple(channel_sink, video ? "video_%u" : "audio_%u"));
  }
  if (!pad || GST_PAD_LINK_FAILED(gst_pad_link(from, pad.get()))) return false;
  meter.watch(pad.get());
  return true;
}

std::string_view string_field(const GstStructure* structure, const char* name) {
  const char* value = gst_structure_get_string(structure, name);
  return value ? value : "";
}

/// Links what an RTSP camera offers and we carry. Sound that we do not carry is not asked for; a picture is, so that
/// the camera is told apart from one that has none.
class RtspLinker {
 public:
  RtspLinker(GstBin* bin, GstElement* channel_sink, std::shared_ptr<TrackMeter> meter)
      : bin_(bin), channel_sink_(channel_sink), meter_(std::move(meter)) {}

  /// Whether the camera shall send this stream.
  bool select(GstCaps* caps) const {
    if (!caps || gst_caps_get_size(caps) == 0) return false;
    const GstStructure* structure = gst_caps_get_structure(caps, 0);
    const std::string_view encoding = string_field(structure, "encoding-name");
    if (encoding == "H264" || encoding == "OPUS") announce(channel_sink_, encoding == "H264");
    return encoding == "OPUS" || string_field(structure, "media") == "video";
  }

  void pad_added(GstPad* pad) {
    const auto caps = Ref<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
    if (!caps || gst_caps_get_size(caps.get()) == 0) return;
    const GstStructure* structure = gst_caps_get_structure(caps.get(), 0);
    const std::string_view encoding = string_field(structure, "encoding-name");
    if (encoding == "H264" && !video_) {
      video_ = chain(pad, {"rtph264depay", "capsfilter", "h264parse", "capsfilter"}, true);
    } else if (encoding == "OPUS" && !audio_) {
      audio_ = chain(pad, {"rtpopusdepay", "opusparse"}, false);
    } else {
      base::log::info("media", "a track of the camera is not carried", {{"encoding", std::string(encoding)}});
    }
  }

  /// All tracks are known.
  void complete(GstElement* source) const {
    if (video_ || audio_) return;
    GST_ELEMENT_ERROR(source, STREAM, FORMAT, ("no video in the camera's description that can be carried (H.264)"),
                      (nullptr));
  }

 private:
  bool chain(GstPad* pad, std::initializer_list<const char*> factories, bool video) {
    Ref<GstElement> last;
    Ref<GstPad> first_pad;
    for (const char* factory : factories) {
      const auto element = make(factory);
      if (!element) return false;
      if (std::string_view(factory) == "h264parse") g_object_set(element->get(), "config-interval", -1, nullptr);
      // One form of H.264 in every channel; left alone, depayloader and parser agree on avc. Before the parser too:
      // given NAL units, it would wait for the next picture to know that this one has ended.
      if (std::string_view(factory) == "capsfilter") {
        gst_util_set_object_arg(G_OBJECT(element->get()), "caps",
                                "video/x-h264,stream-format=byte-stream,alignment=au");
      }
      if (!gst_bin_add(bin_, element->get())) return false;
      if (last) {
        if (!gst_element_link(last.get(), element->get())) return false;
      } else {
        first_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(element->get(), "sink"));
      }
      last = *element;
      added_.push_back(*element);
    }
    const auto out = Ref<GstPad>::adopt(gst_element_get_static_pad(last.get(), "src"));
    if (!link_to_channel(out.get(), channel_sink_, video, *meter_)) return false;
    for (auto element = added_.rbegin(); element != added_.rend(); ++element)
      gst_element_sync_state_with_parent(element->get());
    added_.clear();
    return GST_PAD_LINK_SUCCESSFUL(gst_pad_link(pad, first_pad.get()));
  }

  GstBin* bin_;               // both outlive the signals that lead here
  GstElement* channel_sink_;  //
  const std::shared_ptr<TrackMeter> meter_;
  std::vector<Ref<GstElement>> added_;
  bool video_ = false, audio_ = false;
};

base::Result<SourcePipeline> build_test(const std::string& channel, const std::shared_ptr<TrackMeter>& meter) {
  // Bars that wander, the time of day and the running time to the millisecond, and a tone: each shows at a glance
  // whether the picture lives; in the middle, where no player's controls cover them. Two seconds between key frames, no
  // B-frames, as a good camera is set.
  auto pipeline = parse(
      fmt::format("videotestsrc is-live=true pattern=smpte75 horizontal-speed=2 ! "
                  "video/x-raw,format=I420,width=1280,height=720,framerate=30/1 ! "
                  "clockoverlay time-format=\"%Y-%m-%d %H:%M:%S\" halignment=center valignment=center "
                  "font-desc=\"DejaVu Sans Mono 20\" shaded-background=true ! "
                  "timeoverlay halignment=center valignment=center deltay=70 font-desc=\"DejaVu Sans Mono 20\" "
                  "shaded-background=true ! "
                  "x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=60 bframes=0 threads=1 "
                  "option-string=\"scenecut=0\" ! video/x-h264,profile=constrained-baseline ! "
                  "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au ! "
                  "reallivechannelsink name=channel channel=\"{}\" "
                  "audiotestsrc is-live=true wave=sine freq=440 volume=0.2 samplesperbuffer=960 ! "
                  "audio/x-raw,rate=48000,channels=2 ! opusenc bitrate=64000 ! channel.",
                  channel));
  if (!pipeline) return tl::unexpected(pipeline.error());
  const auto sink = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline->get()), "channel"));
  gst_element_foreach_sink_pad(
      sink.get(),
      [](GstElement*, GstPad* pad, gpointer data) -> gboolean {
        static_cast<TrackMeter*>(data)->watch(pad);
        return TRUE;
      },
      meter.get());
  return SourcePipeline{*pipeline, {}};
}

base::Result<SourcePipeline> build_rtsp(const pipeline::CameraSource& source, const std::string& channel,
                                        const std::shared_ptr<TrackMeter>& meter) {
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  const auto camera = make("rtspsrc", "camera");
  if (!camera) return tl::unexpected(camera.error());
  const auto sink = make_channel_sink(channel);
  if (!sink) return tl::unexpected(sink.error());
  // TCP: most cameras and every Wi-Fi lose UDP. The time-outs make a dead camera known in 5 s.
  gst_util_set_object_arg(G_OBJECT(camera->get()), "protocols", "tcp");
  g_object_set(camera->get(), "location", source.url.c_str(), "latency", 0u, "tcp-timeout", guint64{5'000'000},
               "add-reference-timestamp-meta", TRUE, "drop-on-latency", FALSE, nullptr);
  if (!source.user.empty() || !source.password.empty())
    g_object_set(camera->get(), "user-id", source.user.c_str(), "user-pw", source.password.c_str(), nullptr);
  gst_bin_add_many(GST_BIN(pipeline.get()), camera->get(), sink->get(), nullptr);
  const auto linker = std::make_shared<RtspLinker>(GST_BIN(pipeline.get()), sink->get(), meter);
  g_signal_connect_data(
      camera->get(), "select-stream", G_CALLBACK(+[](GstElement*, guint, GstCaps* caps, gpointer data) -> gboolean {
        return guard(false, [&] { return (*static_cast<std::shared_ptr<RtspLinker>*>(data))->select(caps); });
      }),
      new std::shared_ptr<RtspLinker>(linker),
      [](gpointer data, GClosure*) { delete static_cast<std::shared_ptr<RtspLinker>*>(data); }, GConnectFlags{});
  on_pad_added(camera->get(), [linker](GstPad* pad) { linker->pad_added(pad); });
  on_no_more_pads(camera->get(), [linker](GstElement* element) { linker->complete(element); });
  return SourcePipeline{pipeline, fmt::format("{}:{}", source.host, source.port)};
}

/// Values of properties may be secrets, and this is shown to whoever may see the camera's status.
std::string mistake_in(const GError& error) {
  if (error.domain == GST_PARSE_ERROR && error.code == GST_PARSE_ERROR_COULD_NOT_SET_PROPERTY) {
    return "a property's value does not fit";
  }
  if (error.domain == GST_PARSE_ERROR && error.code == GST_PARSE_ERROR_SYNTAX) return "syntax error";
  return error.message;
}

base::Result<SourcePipeline> build_launch(const std::string& fragment, const std::string& channel,
                                          const std::shared_ptr<TrackMeter>& meter) {
  GError* raw = nullptr;
  const auto from = Ref<GstElement>::sink(
      // A line may end in caps, which the parser takes only before an element.
      gst_parse_bin_from_description_full((fragment + " ! identity silent=true").c_str(), TRUE, nullptr,
                                          GST_PARSE_FLAG_FATAL_ERRORS, &raw));
  const GErrorPtr error(raw);
  if (!from || error)
    return fail("failed",
                "the launch line cannot be played: " + (error ? mistake_in(*error) : std::string("it makes nothing")));
  const auto out = Ref<GstPad>::adopt(gst_element_get_static_pad(from.get(), "src"));
  const auto caps = Ref<GstCaps>::adopt(gst_pad_query_caps(out.get(), nullptr));
  const bool fixed = !gst_caps_is_any(caps.get()) && !gst_caps_is_empty(caps.get());
  const bool encoded = fixed && gst_structure_has_name(gst_caps_get_structure(caps.get(), 0), "video/x-h264");
  const auto to = Ref<GstElement>::sink(gst_parse_bin_from_description(
      (std::string(encoded ? ""
                           : "videoconvert ! x264enc tune=zerolatency speed-preset=veryfast bitrate=2500 "
                             "key-int-max=60 bframes=0 ! video/x-h264,profile=constrained-baseline ! ") +
       "h264parse config-interval=-1 ! capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au")
          .c_str(),
      TRUE, nullptr));
  const auto sink = make_channel_sink(channel);
  if (!sink) return tl::unexpected(sink.error());
  if (!to) return fail("failed", "an element that encodes H.264 is missing");
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  gst_bin_add_many(GST_BIN(pipeline.get()), from.get(), to.get(), sink->get(), nullptr);
  if (!gst_element_link(from.get(), to.get())) {
    return fail("failed", "the launch line cannot be played: it gives neither raw video nor H.264");
  }
  const auto end = Ref<GstPad>::adopt(gst_element_get_static_pad(to.get(), "src"));
  if (!link_to_channel(end.get(), sink->get(), true, *meter)) return fail("failed", "the channel takes no H.264");
  return SourcePipeline{pipeline, {}};
}

}  // namespace

base::Result<SourcePipeline> build_source(const pipeline::CameraSource& source, const std::string& channel,
                                          const std::shared_ptr<TrackMeter>& meter) {
  using Kind = pipeline::CameraSource::Kind;
  switch (source.kind) {
    case Kind::test:
      return build_test(channel, meter);
    case Kind::rtsp:
      return build_rtsp(source, channel, meter);
    case Kind::publish:
      return fail("not-supported", "this camera is published to, not pulled");
    case Kind::launch:
      return build_launch(source.fragment, channel, meter);
    case Kind::device:
      break;
  }
  return fail("not-supported", "this version plays no device: sources");
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
  if (has_section(offer, "video")) announce(sink->get(), true);
  if (has_section(offer, "audio")) announce(sink->get(), false);
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
