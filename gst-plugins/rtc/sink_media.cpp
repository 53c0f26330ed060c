#include "rtc/sink_media.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "common/ref.h"
#include "rtc/sink_state.h"

namespace reallive::rtc {

namespace {

// RFC 6184 section 8.1: what the caps say, until the stream's own parameter sets do.
std::string profile_level_id(const GstStructure* caps) {
  static const std::map<std::string, std::string> kProfiles = {
      {"constrained-baseline", "42e0"}, {"baseline", "4200"}, {"main", "4d00"}, {"high", "6400"}};
  const char* profile = gst_structure_get_string(caps, "profile");
  const char* level = gst_structure_get_string(caps, "level");
  const auto found = kProfiles.find(profile ? profile : "constrained-baseline");
  const double number = level ? g_ascii_strtod(level, nullptr) : 3.1;
  char text[8];
  g_snprintf(text, sizeof text, "%s%02x", found == kProfiles.end() ? "42e0" : found->second.c_str(),
             static_cast<unsigned>(std::lround(number * 10)) & 0xFF);
  return text;
}

// RFC 7798 section 7.1: general_profile_idc.
std::string profile_id(const GstStructure* caps) {
  const char* profile = gst_structure_get_string(caps, "profile");
  if (!profile) return {};
  return g_str_equal(profile, "main") ? "1" : g_str_equal(profile, "main-10") ? "2" : "4";
}

bool set_caps(GstElement* element, SinkTrack& track, GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const auto stream = stream_of(sink_of(element));
  if (gst_structure_has_name(structure, "video/x-h264")) {
    stream->set_codec(track.number, CodecKind::kH264, profile_level_id(structure));
  } else if (gst_structure_has_name(structure, "video/x-h265")) {
    stream->set_codec(track.number, CodecKind::kH265, profile_id(structure));
  } else if (gst_structure_has_name(structure, "video/x-vp8")) {
    stream->set_codec(track.number, CodecKind::kVp8, {});
  } else if (gst_structure_has_name(structure, "audio/x-opus")) {
    stream->set_codec(track.number, CodecKind::kOpus, {});
  } else {
    return false;
  }
  update_ready(element);
  return true;
}

std::optional<int64_t> capture_time(GstBuffer* buffer) {
  static GstCaps* const kUnix = gst_caps_new_empty_simple("timestamp/x-unix");
  const auto* meta = gst_buffer_get_reference_timestamp_meta(buffer, kUnix);
  if (!meta) return std::nullopt;
  return static_cast<int64_t>(meta->timestamp);
}

// When running time was 0 on the steady clock: by the pipeline's clock, else by the first buffer.
TimePoint running_zero(GstElement* element, TimePoint now, int64_t running_ns) {
  Sink& sink = sink_of(element);
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  const GstClockTime base = gst_element_get_base_time(element);
  if (clock && GST_CLOCK_TIME_IS_VALID(base) && GST_STATE(element) == GST_STATE_PLAYING) {
    const auto running = static_cast<int64_t>(gst_clock_get_time(clock.get())) - static_cast<int64_t>(base);
    return now - std::chrono::nanoseconds(running);
  }
  std::lock_guard lock(sink.mutex);
  if (sink.zero == TimePoint{}) sink.zero = now - std::chrono::nanoseconds(running_ns);
  return sink.zero;
}

}  // namespace

GstFlowReturn sink_chain(GstElement* element, GstPad* pad, GstBuffer* buffer) {
  Sink& sink = sink_of(element);
  SinkTrack* track = track_of(sink, pad);
  if (!track) return GST_FLOW_FLUSHING;
  if (track->eos) return GST_FLOW_EOS;
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  if (track->segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(pts)) {
    GST_ELEMENT_ERROR(element, STREAM, FORMAT, ("Viewers need buffers with times; put a parser before the sink."),
                      ("%s: timestamp %" GST_TIME_FORMAT ", segment's format %s", GST_PAD_NAME(pad), GST_TIME_ARGS(pts),
                       gst_format_get_name(track->segment.format)));
    return GST_FLOW_ERROR;
  }
  guint64 absolute = 0;
  const int sign = gst_segment_to_running_time_full(&track->segment, GST_FORMAT_TIME, pts, &absolute);
  if (sign == 0) return GST_FLOW_OK;

  UnitTime time;
  time.running_ns = sign * static_cast<int64_t>(absolute);
  time.arrival = Clock::now();
  time.zero = running_zero(element, time.arrival, time.running_ns);
  time.capture_unix_ns = capture_time(buffer);
  // Frames before the segment come out of a cache all at once: they count as come when they were made.
  if (pts < track->segment.start) time.arrival -= std::chrono::nanoseconds(track->segment.start - pts);

  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_ERROR;
  const auto pushed = stream_of(sink)->push(track->number, {map.data, map.size}, time);
  gst_buffer_unmap(buffer, &map);
  if (!pushed) GST_WARNING_OBJECT(pad, "left out: %s", pushed.error().message.c_str());
  return GST_FLOW_OK;
}

namespace {

void end_track(GstElement* element, SinkTrack& track, guint32 seqnum) {
  Sink& sink = sink_of(element);
  {
    std::lock_guard lock(sink.mutex);
    track.eos = true;
    if (!std::all_of(sink.tracks.begin(), sink.tracks.end(), [](const auto& entry) { return entry.second->eos; })) {
      return;
    }
  }
  GstMessage* message = gst_message_new_eos(GST_OBJECT(element));
  gst_message_set_seqnum(message, seqnum);
  gst_element_post_message(element, message);
}

}  // namespace

bool sink_event(GstElement* element, GstPad* pad, GstEvent* event) {
  Sink& sink = sink_of(element);
  SinkTrack* track = track_of(sink, pad);
  if (!track) return false;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS: {
      GstCaps* caps = nullptr;
      gst_event_parse_caps(event, &caps);
      return set_caps(element, *track, caps);
    }
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &track->segment);
      return true;
    case GST_EVENT_STREAM_START:
    case GST_EVENT_FLUSH_STOP: {
      std::lock_guard lock(sink.mutex);
      track->eos = false;
      return true;
    }
    case GST_EVENT_EOS:
      end_track(element, *track, gst_event_get_seqnum(event));
      return true;
    default:
      return true;
  }
}

}  // namespace reallive::rtc
