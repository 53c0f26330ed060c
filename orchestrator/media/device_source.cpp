#include "media/device_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "media/channel_link.h"
#include "media/elements.h"

namespace reallive::media {

namespace {

using base::fail;
using base::Result;

constexpr const char* kAudio = ";audio=";

bool offers(const char* factory) {
  return static_cast<bool>(Ref<GstElementFactory>::adopt(gst_element_factory_find(factory)));
}

/// `/dev/videoN` of the V4L2 camera that is called so; empty when there is none. A camera has several nodes: the first
/// one captures.
std::string v4l2_device(const std::string& name) {
  std::string found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/video4linux", none)) {
    std::ifstream file(entry.path() / "name");
    std::string line;
    std::getline(file, line);
    const std::string device = "/dev/" + entry.path().filename().string();
    if (line == name && (found.empty() || device < found)) found = device;
  }
  return found;
}

Result<Ref<GstElement>> make_camera(const std::string& name) {
  const bool is_path = name.starts_with("/dev/");
  if (!is_path && offers("libcamerasrc")) {
    auto camera = make("libcamerasrc", "camera");
    if (camera && name != "auto") g_object_set(camera->get(), "camera-name", name.c_str(), nullptr);
    return camera;
  }
  if (!offers("v4l2src")) return fail("failed", "GStreamer on this machine has neither libcamerasrc nor v4l2src");
  const std::string device = is_path || name == "auto" ? name : v4l2_device(name);
  if (device.empty()) return fail("failed", "this machine has no camera called " + name);
  auto camera = make("v4l2src", "camera");
  if (camera && device != "auto") g_object_set(camera->get(), "device", device.c_str(), nullptr);
  return camera;
}

/// Raw or JPEG pictures to H.264, in hardware where there is an encoder. The level must be given to that one.
std::string encode_video() {
  return std::string(
             "capsfilter caps=\"video/x-raw,width=[16,1920];image/jpeg,width=[16,1920]\" ! decodebin ! "
             "videoconvert ! ") +
         kLeavesOut + " ! " +
         (offers("v4l2h264enc")
              ? "v4l2h264enc extra-controls=\"controls,video_bitrate=2500000,h264_i_frame_period=60,"
                "repeat_sequence_header=1\" ! video/x-h264,level=(string)4,profile=constrained-baseline"
              : "x264enc tune=zerolatency speed-preset=veryfast bitrate=2500 key-int-max=60 bframes=0 ! "
                "video/x-h264,profile=constrained-baseline") +
         " ! h264parse config-interval=-1 ! capsfilter caps=video/x-h264,stream-format=byte-stream,alignment=au";
}

Result<Ref<GstElement>> parse_bin(const std::string& line) {
  GError* raw = nullptr;
  auto bin = Ref<GstElement>::sink(
      gst_parse_bin_from_description_full(line.c_str(), TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw));
  const GErrorPtr error(raw);
  if (!bin || error) return fail("failed", error ? error->message : "an encoder cannot be built");
  return bin;
}

Result<void> add(GstElement* pipeline, GstElement* channel_sink, const Ref<GstElement>& from, const std::string& line,
                 bool video, TrackMeter& meter) {
  const auto encoder = parse_bin(line);
  if (!encoder) return tl::unexpected(encoder.error());
  gst_bin_add_many(GST_BIN(pipeline), from.get(), encoder->get(), nullptr);
  const auto out = Ref<GstPad>::adopt(gst_element_get_static_pad(encoder->get(), "src"));
  if (!gst_element_link(from.get(), encoder->get()) || !link_to_channel(out.get(), channel_sink, video, meter))
    return fail("failed",
                video ? "the camera's pictures cannot be encoded" : "the microphone's sound cannot be encoded");
  return {};
}

}  // namespace

Result<SourcePipeline> build_device(const std::string& name, const std::string& channel,
                                    const std::shared_ptr<TrackMeter>& meter) {
  const size_t cut = std::min(name.find(kAudio), name.size());
  const auto camera = make_camera(name.substr(0, cut));
  if (!camera) return tl::unexpected(camera.error());
  const auto sink = make_channel_sink(channel);
  if (!sink) return tl::unexpected(sink.error());
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  gst_bin_add(GST_BIN(pipeline.get()), sink->get());
  if (auto added = add(pipeline.get(), sink->get(), *camera, encode_video(), true, *meter); !added)
    return tl::unexpected(added.error());
  watch_leaks(pipeline.get(), *meter);
  if (cut == name.size()) return SourcePipeline{pipeline, {}};
  const std::string microphone = name.substr(cut + std::string_view(kAudio).size());
  const auto sound = make("alsasrc", "microphone");
  if (!sound) return tl::unexpected(sound.error());
  if (microphone != "auto") g_object_set(sound->get(), "device", microphone.c_str(), nullptr);
  if (auto added =
          add(pipeline.get(), sink->get(), *sound,
              "queue ! audioconvert ! audioresample ! audio/x-raw,rate=48000 ! opusenc bitrate=64000", false, *meter);
      !added)
    return tl::unexpected(added.error());
  return SourcePipeline{pipeline, {}};
}

}  // namespace reallive::media
