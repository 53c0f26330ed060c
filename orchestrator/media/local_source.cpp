#include "media/local_source.h"

#include <fmt/format.h>

#include "media/channel_link.h"
#include "media/elements.h"

namespace reallive::media {

namespace {

using base::fail;

/// Values of properties may be secrets, and this is shown to whoever may see the camera's status.
std::string mistake_in(const GError& error) {
  if (error.domain == GST_PARSE_ERROR && error.code == GST_PARSE_ERROR_COULD_NOT_SET_PROPERTY) {
    return "a property's value does not fit";
  }
  if (error.domain == GST_PARSE_ERROR && error.code == GST_PARSE_ERROR_SYNTAX) return "syntax error";
  return error.message;
}

}  // namespace

base::Result<SourcePipeline> build_test(const std::string& channel, const std::shared_ptr<TrackMeter>& meter) {
  // Bars that wander, the time of day and the running time to the millisecond, and a tone: each shows at a glance
  // whether the picture lives; in the middle, where no player's controls cover them. Two seconds between key frames, no
  // B-frames, as a good camera is set.
  auto pipeline = parse(
      fmt::format("videotestsrc is-live=true pattern=smpte75 horizontal-speed=2 ! "
                  "video/x-raw,format=I420,width=1280,height=720,framerate=30/1 ! "
                  "{} ! "
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
                  kLeavesOut, channel));
  if (!pipeline) return tl::unexpected(pipeline.error());
  const auto sink = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline->get()), "channel"));
  gst_element_foreach_sink_pad(
      sink.get(),
      [](GstElement*, GstPad* pad, gpointer data) -> gboolean {
        static_cast<TrackMeter*>(data)->watch(pad);
        return TRUE;
      },
      meter.get());
  watch_leaks(pipeline->get(), *meter);
  return SourcePipeline{*pipeline, {}};
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
  const std::string encode =
      encoded ? ""
              : fmt::format(
                    "videoconvert ! {} ! x264enc tune=zerolatency speed-preset=veryfast bitrate=2500 "
                    "key-int-max=60 bframes=0 ! video/x-h264,profile=constrained-baseline ! ",
                    kLeavesOut);
  const auto to = Ref<GstElement>::sink(gst_parse_bin_from_description(
      (encode + "h264parse config-interval=-1 ! capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au")
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
  watch_leaks(pipeline.get(), *meter);
  return SourcePipeline{pipeline, {}};
}

}  // namespace reallive::media
