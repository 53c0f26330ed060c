#include "channel/gst_helpers.h"

namespace reallive::channel {

GST_DEBUG_CATEGORY(debug_category);

namespace {

const char* const video_caps =
    "video/x-h264; video/x-h265; video/x-h266; video/x-vp8; video/x-vp9; video/x-av1; video/mpeg; video/x-h263; "
    "video/x-theora; video/x-dirac; video/x-prores; video/x-dv; video/x-flash-video; video/x-raw(ANY); "
    "image/jpeg; image/png; image/webp; image/x-jpc; application/x-rtp, media=(string)video";

const char* const audio_caps =
    "audio/x-opus; audio/mpeg; audio/x-alaw; audio/x-mulaw; audio/x-vorbis; audio/x-flac; audio/x-ac3; audio/x-eac3; "
    "audio/x-dts; audio/x-speex; audio/AMR; audio/AMR-WB; audio/G722; audio/G729; audio/x-adpcm; audio/x-alac; "
    "audio/x-raw(ANY); application/x-rtp, media=(string)audio";

}  // namespace

void add_pad_templates(GstElementClass* element_class, GstPadDirection direction, GstPadPresence presence) {
  const auto add = [&](const char* name, const char* caps_text) {
    const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(caps_text));
    gst_element_class_add_pad_template(element_class, gst_pad_template_new(name, direction, presence, caps.get()));
  };
  add("video_%u", video_caps);
  add("audio_%u", audio_caps);
  add("data_%u", "ANY");
}

const char* kind_prefix(Kind kind) {
  switch (kind) {
    case Kind::video:
      return "video_";
    case Kind::audio:
      return "audio_";
    case Kind::data:
      break;
  }
  return "data_";
}

std::optional<TrackId> parse_track(std::string_view pad_name) {
  for (const Kind kind : {Kind::video, Kind::audio, Kind::data}) {
    const std::string_view prefix = kind_prefix(kind);
    if (!pad_name.starts_with(prefix)) continue;
    const std::string_view digits = pad_name.substr(prefix.size());
    if (digits.empty() || digits.size() > 5) return std::nullopt;
    unsigned index = 0;
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return std::nullopt;
      index = index * 10 + static_cast<unsigned>(digit - '0');
    }
    return TrackId{kind, index};
  }
  return std::nullopt;
}

StructurePtr to_structure(const ChannelStats& stats) {
  StructurePtr structure(gst_structure_new(
      "channel-stats", "writer", G_TYPE_BOOLEAN, stats.has_writer, "readers", G_TYPE_UINT, stats.readers, "bytes",
      G_TYPE_UINT64, stats.bytes, "dropped-gops", G_TYPE_UINT64, stats.dropped_gops, "dropped-units", G_TYPE_UINT64,
      stats.dropped_units, "key-frame-requests", G_TYPE_UINT64, stats.key_frame_requests, "cached-span", G_TYPE_UINT64,
      static_cast<guint64>(stats.cached_span), "cached-bytes", G_TYPE_UINT64, static_cast<guint64>(stats.cached_bytes),
      "bitrate", G_TYPE_DOUBLE, stats.bits_per_second, nullptr));
  for (const TrackStats& track : stats.tracks) {
    const StructurePtr one(gst_structure_new("track-stats", "units", G_TYPE_UINT64, track.units, "key-units",
                                             G_TYPE_UINT64, track.key_units, "bytes", G_TYPE_UINT64, track.bytes,
                                             "bitrate", G_TYPE_DOUBLE, track.bits_per_second, "units-per-second",
                                             G_TYPE_DOUBLE, track.units_per_second, nullptr));
    gst_structure_set(structure.get(), to_string(track.id).c_str(), GST_TYPE_STRUCTURE, one.get(), nullptr);
  }
  return structure;
}

}  // namespace reallive::channel
