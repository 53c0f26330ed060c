#include "media/conversion.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <tuple>

#include "base/log.h"
#include "media/elements.h"

namespace reallive::media {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackOff{1000};
constexpr milliseconds kLongestBackOff{30'000};
constexpr int kMaxPixels = 1920 * 1088;  // larger pictures are made smaller: few machines encode them in time
constexpr double kBitsPerPixel = 0.09;   // 2.5 Mbit/s for 720p30, 5.6 for 1080p30

bool exists(const char* factory) {
  return Ref<GstElementFactory>::adopt(gst_element_factory_find(factory)).get() != nullptr;
}

/// The first of these that this machine has; the first of all when it has none, so that the error names it.
const char* first_of(std::initializer_list<const char*> factories) {
  const auto* const found = std::find_if(factories.begin(), factories.end(), exists);
  return found == factories.end() ? *factories.begin() : *found;
}

std::string opus_line(const std::string& codec) {
  std::string decoder = codec == "PCMA" ? "alawdec" : "mulawdec";
  if (codec == "AAC") decoder = fmt::format("aacparse ! {}", first_of({"avdec_aac", "faad"}));
  return decoder +
         " ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=[1,2] ! opusenc frame-size=20 ! opusparse";
}

std::pair<int, int> size_of(const GstStructure* caps) {
  std::pair<int, int> size{0, 0};
  gst_structure_get_int(caps, "width", &size.first);
  gst_structure_get_int(caps, "height", &size.second);
  return size;
}

std::string h264_line(const GstStructure* caps) {
  auto [width, height] = size_of(caps);
  if (width <= 0 || height <= 0) std::tie(width, height) = std::pair(1280, 720);
  int numerator = 0;
  int denominator = 0;
  double rate = 30;  // pictures a second
  if (gst_structure_get_fraction(caps, "framerate", &numerator, &denominator) && numerator > 0 && denominator > 0) {
    rate = std::clamp(static_cast<double>(numerator) / denominator, 1.0, 120.0);
  }
  std::string scale;
  const double pixels = static_cast<double>(width) * height;
  if (pixels > kMaxPixels) {
    const double factor = std::max(std::max(width, height) / 1920.0, std::sqrt(pixels / kMaxPixels));
    width = std::max(2, static_cast<int>(width / factor) & ~1);
    height = std::max(2, static_cast<int>(height / factor) & ~1);
    scale = fmt::format("videoscale ! video/x-raw,width={},height={},pixel-aspect-ratio=1/1 ! ", width, height);
  }
  const double bits = kBitsPerPixel * width * height * rate;
  const int kilobits = std::clamp(static_cast<int>(bits / 1000), 500, 12'000);
  const int key_distance = std::clamp(static_cast<int>(2 * rate), 10, 240);
  // Slices, not frames, go to the decoder's threads: each thread that works on a frame ahead costs a frame of delay.
  const std::string decoder = exists("avdec_h265") ? "avdec_h265 thread-type=slice" : first_of({"libde265dec"});
  const std::string encoder =
      exists("v4l2h264enc")
          ? fmt::format(
                "v4l2h264enc extra-controls=\"controls,video_bitrate={},h264_i_frame_period={},"
                "repeat_sequence_header=1\" ! video/x-h264,level=(string)4,profile=constrained-baseline",
                kilobits * 1000, key_distance)
          : fmt::format(
                "x264enc tune=zerolatency speed-preset=superfast bitrate={} key-int-max={} bframes=0 ! "
                "video/x-h264,profile=constrained-baseline",
                kilobits, key_distance);
  return fmt::format(
      // A machine that is too slow leaves pictures out instead of falling behind.
      "h265parse ! {} ! queue leaky=downstream max-size-buffers=2 max-size-bytes=0 max-size-time=0 ! "
      "{}videoconvert name=pictures ! {} ! h264parse config-interval=-1 ! "
      "capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au",
      decoder, scale, encoder);
}

/// The decoder cuts what lies before the first picture wanted, down to nanoseconds of a picture, so two may come with
/// one time. Encoders and parsers take that for a mistake: the later one is left out.
void keep_times_rising(GstPad* pad) {
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        auto& last = *static_cast<GstClockTime*>(data);
        const GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
        if (!GST_CLOCK_TIME_IS_VALID(pts) || (GST_CLOCK_TIME_IS_VALID(last) && pts <= last)) return GST_PAD_PROBE_DROP;
        last = pts;
        return GST_PAD_PROBE_OK;
      },
      new GstClockTime(GST_CLOCK_TIME_NONE), [](gpointer data) { delete static_cast<GstClockTime*>(data); });
}

/// Hangs the chain between the track that has appeared and the channel; `resized` is called on the track's thread when
/// the chain does not fit any more. On the channel source's thread.
void build_chain(GstBin* pipeline, GstElement* source, GstPad* track, Conversion::Target target, TrackMeter& meter,
                 const std::function<void()>& resized) {
  const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(track));
  const std::string codec = codec_of(caps.get());
  if (!Conversion::converts(codec, target)) {
    GST_ELEMENT_ERROR(source, STREAM, WRONG_TYPE, ("%s cannot be converted", codec.c_str()), (nullptr));
    return;
  }
  const std::string line =
      target == Conversion::Target::opus ? opus_line(codec) : h264_line(gst_caps_get_structure(caps.get(), 0));
  GError* raw = nullptr;
  const auto chain = Ref<GstElement>::sink(
      gst_parse_bin_from_description_full(line.c_str(), TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw));
  const GErrorPtr error(raw);
  if (!chain || error) {
    GST_ELEMENT_ERROR(source, CORE, MISSING_PLUGIN, ("%s", error ? error->message : "an element is missing"),
                      (nullptr));
    return;
  }
  const auto sink = Ref<GstElement>::adopt(gst_bin_get_by_name(pipeline, "to"));
  if (const auto pictures = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(chain.get()), "pictures"))) {
    keep_times_rising(Ref<GstPad>::adopt(gst_element_get_static_pad(pictures.get(), "sink")).get());
  }
  gst_bin_add(pipeline, chain.get());
  const auto in = Ref<GstPad>::adopt(gst_element_get_static_pad(chain.get(), "sink"));
  const auto out = Ref<GstPad>::adopt(gst_element_get_static_pad(chain.get(), "src"));
  const auto end =
      Ref<GstPad>::adopt(gst_element_get_static_pad(sink.get(), Conversion::is_video(target) ? "video_0" : "audio_0"));
  if (GST_PAD_LINK_FAILED(gst_pad_link(out.get(), end.get())) || GST_PAD_LINK_FAILED(gst_pad_link(track, in.get()))) {
    GST_ELEMENT_ERROR(source, CORE, NEGOTIATION, ("%s cannot be converted", codec.c_str()), (nullptr));
    return;
  }
  meter.watch(end.get());
  if (Conversion::is_video(target)) {
    on_caps(track, [size = size_of(gst_caps_get_structure(caps.get(), 0)), resized](GstCaps* now) {
      if (size_of(gst_caps_get_structure(now, 0)) != size) resized();
    });
  }
  gst_element_sync_state_with_parent(chain.get());
}

base::Result<Ref<GstElement>> build(Conversion::Target target, const std::string& channel,
                                    const std::shared_ptr<TrackMeter>& meter, const std::function<void()>& resized) {
  auto pipeline = make_early_pipeline();
  const auto from = make("reallivechannelsrc", "from");
  if (!from) return tl::unexpected(from.error());
  const auto to = make("reallivechannelsink", "to");
  if (!to) return tl::unexpected(to.error());
  const bool video = Conversion::is_video(target);
  g_object_set(from->get(), "channel", channel.c_str(), nullptr);
  // A picture needs those that it refers to, which are decoded and not shown; sound begins anywhere.
  gst_util_set_object_arg(G_OBJECT(from->get()), "start", video ? "cached" : "now");
  g_object_set(to->get(), "channel", Conversion::channel_of(channel, target).c_str(), nullptr);
  Ref<GstPad>::adopt(gst_element_request_pad_simple(to->get(), video ? "video_0" : "audio_0"));
  gst_bin_add_many(GST_BIN(pipeline.get()), from->get(), to->get(), nullptr);
  on_pad_added(from->get(), [bin = GST_BIN(pipeline.get()), source = from->get(), target, meter, video, resized,
                             built = false](GstPad* pad) mutable {
    if (built || std::string_view(GST_PAD_NAME(pad)).starts_with("video") != video) return;
    built = true;
    build_chain(bin, source, pad, target, *meter, resized);
  });
  return pipeline;
}

}  // namespace

std::string Conversion::channel_of(const std::string& channel, Target target) {
  return channel + (target == Target::opus ? ":opus" : ":h264");
}

const char* Conversion::caps_of(Target target) {
  return target == Target::opus
             ? "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0"
             : "video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline,level=(string)3.1";
}

bool Conversion::converts(const std::string& codec, Target target) {
  if (target == Target::h264) return codec == "H265";
  return codec == "AAC" || codec == "PCMA" || codec == "PCMU";
}

Conversion::Conversion(Target target, const std::string& channel, std::function<void()> on_change)
    : target_(target), channel_(channel), on_change_(std::move(on_change)), back_off_(kFirstBackOff, kLongestBackOff) {
  start();
}

void Conversion::start() {
  meter_ = std::make_shared<TrackMeter>();
  const auto resized = [this, post = mailbox_.poster()] {
    post([this] {
      runner_.reset();
      start();
    });
  };
  auto pipeline = build(target_, channel_, meter_, resized);
  if (!pipeline) return failed(pipeline.error().message);
  runner_ = std::make_unique<PipelineRunner>(*pipeline, "", channel_of(channel_, target_),
                                             [this](const PipelineFault& fault) {
                                               if (fault.code == "ended")
                                                 return rest();  // the camera has no such track now
                                               failed(fault.sentence);
                                             });
  runner_->start();
  timer_.repeat(kFirstBackOff, [this] {
    if (meter_->units() == 0) return;
    timer_.cancel();
    back_off_.reset();
    if (!std::exchange(error_, {}).empty()) tell();
  });
}

void Conversion::failed(const std::string& sentence) {
  base::log::warning("media", "a conversion failed",
                     {{"stream", channel_}, {"to", target_ == Target::opus ? "Opus" : "H264"}, {"reason", sentence}});
  rest();
  error_ = (target_ == Target::opus ? "The sound cannot be converted for browsers: "
                                    : "The picture cannot be converted for this browser: ") +
           sentence + ".";
  tell();
}

void Conversion::rest() {
  runner_.reset();
  timer_.start(back_off_.next(), [this] { start(); });
}

void Conversion::tell() {
  mailbox_.post([this] {
    const auto told = on_change_;  // it may destroy this
    told();
  });
}

}  // namespace reallive::media
