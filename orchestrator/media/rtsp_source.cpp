#include "media/rtsp_source.h"

#include <fmt/format.h>
#include <gst/sdp/sdp.h>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "common/guard.h"
#include "media/channel_link.h"
#include "media/elements.h"
#include "media/fault.h"
#include "media/rtsp_guard.h"

namespace reallive::media {

namespace {

// A lost datagram is not waited for longer than this.
constexpr guint kUdpLatencyMs = 60;
constexpr guint64 kAnswerLimitUs = 5'000'000;

/// An RTP encoding that is carried, and the elements that make access units of it.
struct Carried {
  std::string_view encoding;
  bool video;
  std::vector<const char*> elements;
  const char* caps;  // of each capsfilter
};

const Carried* find_carried(std::string_view encoding) {
  // One form of H.264 and H.265 in every channel; left alone, depayloader and parser agree on avc. Before the parser
  // too: given NAL units, it would wait for the next picture to know that this one has ended.
  static const std::vector<Carried> all = {
      {"H264", true, {"rtph264depay", "capsfilter", "h264parse", "capsfilter"}, "video/x-h264"},
      {"H265", true, {"rtph265depay", "capsfilter", "h265parse", "capsfilter"}, "video/x-h265"},
      {"OPUS", false, {"rtpopusdepay", "opusparse"}, ""},
      {"MPEG4-GENERIC", false, {"rtpmp4gdepay", "aacparse"}, ""},
      {"MP4A-LATM", false, {"rtpmp4adepay", "aacparse"}, ""},
      {"PCMU", false, {"rtppcmudepay"}, ""},
      {"PCMA", false, {"rtppcmadepay"}, ""},
  };
  for (const Carried& carried : all)
    if (carried.encoding == encoding) return &carried;
  return nullptr;
}

std::string_view string_field(const GstStructure* structure, const char* name) {
  const char* value = gst_structure_get_string(structure, name);
  return value ? value : "";
}

const Carried* carried_by(GstCaps* caps) {
  if (!caps || gst_caps_get_size(caps) == 0) return nullptr;
  return find_carried(string_field(gst_caps_get_structure(caps, 0), "encoding-name"));
}

/// Links what a camera offers and we carry: its first picture and its first sound.
class RtspLinker {
 public:
  RtspLinker(GstElement* pipeline, GstElement* channel_sink, std::shared_ptr<TrackMeter> meter, std::string place)
      : pipeline_(GST_BIN(pipeline)), channel_sink_(channel_sink), meter_(std::move(meter)), place_(std::move(place)) {}

  /// Sees the description (RFC 8866) before anything is asked for.
  void described(GstElement* source, GstSDPMessage* sdp) const {
    drop_clocks(sdp);
    std::string encoding;
    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); ++i) {
      const GstSDPMedia* media = gst_sdp_message_get_media(sdp, i);
      if (gst_sdp_media_get_media(media) != std::string_view("video")) continue;
      encoding = encoding_of(media);
      if (find_carried(encoding)) return;
    }
    post_fault(source, {"no-video", encoding.empty() ? "no video in the description of " + place_
                                                     : "the picture of " + place_ + " is " + encoding +
                                                           ", which is not carried: set the camera to H.264 or H.265"});
  }

  /// Whether the camera shall send this stream.
  bool select(GstCaps* caps) {
    const Carried* carried = carried_by(caps);
    if (!carried || std::exchange(carried->video ? video_asked_ : audio_asked_, true)) {
      base::log::info("media", "a track of the camera is not carried", {{"camera", place_}});
      return false;
    }
    announce_track(channel_sink_, carried->video);
    return true;
  }

  void pad_added(GstPad* pad) {
    const auto caps = Ref<GstCaps>::adopt(gst_pad_query_caps(pad, nullptr));
    const Carried* carried = carried_by(caps.get());
    if (!carried) return;
    bool& linked = carried->video ? video_linked_ : audio_linked_;
    if (!linked) linked = chain(pad, *carried);
  }

 private:
  static bool names_clock(const GstSDPAttribute* attribute) {
    for (const char* key : {"x-gst-clock", "ts-refclk", "mediaclk"})
      if (g_strcmp0(attribute->key, key) == 0) return true;
    return false;
  }

  /// `a=x-gst-clock` and `a=ts-refclk` (RFC 7273) would make rtspsrc and its jitter buffer ask a host of the camera's
  /// choice for the time.
  static void drop_clocks(GstSDPMessage* sdp) {
    for (guint i = gst_sdp_message_attributes_len(sdp); i-- > 0;)
      if (names_clock(gst_sdp_message_get_attribute(sdp, i))) gst_sdp_message_remove_attribute(sdp, i);
    for (guint m = 0; m < gst_sdp_message_medias_len(sdp); ++m) {
      auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(sdp, m));
      for (guint i = gst_sdp_media_attributes_len(media); i-- > 0;)
        if (names_clock(gst_sdp_media_get_attribute(media, i))) gst_sdp_media_remove_attribute(media, i);
    }
  }

  /// `H264` of `a=rtpmap:96 H264/90000`; of static payload types the one that cameras use. At most 16 letters, digits
  /// and signs, as this is shown to people.
  static std::string encoding_of(const GstSDPMedia* media) {
    if (gst_sdp_media_formats_len(media) == 0) return "unknown";
    const std::string_view format = gst_sdp_media_get_format(media, 0);
    std::string encoding = format == "26" ? "JPEG" : "unknown";
    for (guint i = 0;; ++i) {
      const char* value = gst_sdp_media_get_attribute_val_n(media, "rtpmap", i);
      if (!value) break;
      std::string_view rest = value;
      if (!rest.starts_with(std::string(format) + " ")) continue;
      rest.remove_prefix(std::min(rest.find_first_not_of(' ', format.size()), rest.size()));
      encoding.clear();
      for (const char c : rest.substr(0, std::min<size_t>(rest.find('/'), 16)))
        if (g_ascii_isalnum(c) || c == '-' || c == '.') encoding += g_ascii_toupper(c);
      break;
    }
    return encoding;
  }

  bool chain(GstPad* pad, const Carried& carried) {
    std::vector<Ref<GstElement>> added;
    for (const char* factory : carried.elements) {
      const auto element = make(factory);
      if (!element) {
        base::log::warning("media", "a track of the camera cannot be read", {{"reason", element.error().message}});
        return false;
      }
      const std::string_view name = factory;
      if (name == "h264parse" || name == "h265parse") g_object_set(element->get(), "config-interval", -1, nullptr);
      if (name == "capsfilter") {
        const std::string form = fmt::format("{},stream-format=byte-stream,alignment=au", carried.caps);
        gst_util_set_object_arg(G_OBJECT(element->get()), "caps", form.c_str());
      }
      if (!gst_bin_add(pipeline_, element->get())) return false;
      if (!added.empty() && !gst_element_link(added.back().get(), element->get())) return false;
      added.push_back(*element);
    }
    const auto out = Ref<GstPad>::adopt(gst_element_get_static_pad(added.back().get(), "src"));
    if (!link_to_channel(out.get(), channel_sink_, carried.video, *meter_)) return false;
    for (auto element = added.rbegin(); element != added.rend(); ++element)
      gst_element_sync_state_with_parent(element->get());
    const auto in = Ref<GstPad>::adopt(gst_element_get_static_pad(added.front().get(), "sink"));
    return GST_PAD_LINK_SUCCESSFUL(gst_pad_link(pad, in.get()));
  }

  GstBin* pipeline_;          // both outlive the signals that lead here
  GstElement* channel_sink_;  //
  const std::shared_ptr<TrackMeter> meter_;
  const std::string place_;
  bool video_asked_ = false, audio_asked_ = false;
  bool video_linked_ = false, audio_linked_ = false;
};

using Linker = std::shared_ptr<RtspLinker>;

void connect(GstElement* camera, const char* signal, GCallback call, const Linker& linker) {
  g_signal_connect_data(
      camera, signal, call, new Linker(linker), [](gpointer data, GClosure*) { delete static_cast<Linker*>(data); },
      GConnectFlags{});
}

void set_up(GstElement* camera, const pipeline::CameraSource& source, const RtspRoute& route) {
  gst_util_set_object_arg(G_OBJECT(camera), "protocols", route.udp ? "udp" : "tcp");
  // One transport at a time, and no second connection of its own: what to try next is PullSource's decision.
  g_object_set(camera, "location", pipeline::url_by_address(source, route.address).c_str(), "latency",
               route.udp ? kUdpLatencyMs : 0u, "tcp-timeout", kAnswerLimitUs, "timeout", kAnswerLimitUs,
               "udp-reconnect", FALSE, "add-reference-timestamp-meta", TRUE, "drop-on-latency", FALSE, nullptr);
  // Cameras sign their certificates themselves: the line is encrypted, who is at its end is not checked.
  g_object_set(camera, "tls-validation-flags", 0, nullptr);
  if (!source.user.empty() || !source.password.empty())
    g_object_set(camera, "user-id", source.user.c_str(), "user-pw", source.password.c_str(), nullptr);
}

}  // namespace

void prepare_rtsp() {
  install_rtsp_guard();
}

base::Result<SourcePipeline> build_rtsp(const pipeline::CameraSource& source, const RtspRoute& route,
                                        const std::string& channel, const std::shared_ptr<TrackMeter>& meter) {
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  const auto camera = make("rtspsrc", "camera");
  if (!camera) return tl::unexpected(camera.error());
  const auto sink = make_channel_sink(channel);
  if (!sink) return tl::unexpected(sink.error());
  set_up(camera->get(), source, route);
  pin_datagrams(camera->get(), route.address);
  const std::string place = pipeline::place_of(source);
  gst_bin_add_many(GST_BIN(pipeline.get()), camera->get(), sink->get(), nullptr);
  const auto linker = std::make_shared<RtspLinker>(pipeline.get(), sink->get(), meter, place);
  connect(camera->get(), "on-sdp", G_CALLBACK(+[](GstElement* element, GstSDPMessage* sdp, gpointer data) {
            guard([&] { (*static_cast<Linker*>(data))->described(element, sdp); });
          }),
          linker);
  connect(camera->get(), "select-stream", G_CALLBACK(+[](GstElement*, guint, GstCaps* caps, gpointer data) -> gboolean {
            return guard(false, [&] { return (*static_cast<Linker*>(data))->select(caps); });
          }),
          linker);
  on_pad_added(camera->get(), [linker](GstPad* pad) { linker->pad_added(pad); });
  return SourcePipeline{pipeline, place};
}

}  // namespace reallive::media
