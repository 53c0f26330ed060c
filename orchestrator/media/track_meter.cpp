#include "media/track_meter.h"

#include <string_view>

#include "media/elements.h"

namespace reallive::media {

void TrackMeter::watch(GstPad* pad) {
  const auto counters = std::make_shared<Counters>();
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        Counters& counted = **static_cast<std::shared_ptr<Counters>*>(data);
        if (counted.first_us.load(std::memory_order_relaxed) == 0)
          counted.first_us.store(g_get_monotonic_time(), std::memory_order_relaxed);
        counted.units.fetch_add(1, std::memory_order_relaxed);
        counted.bytes.fetch_add(gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info)), std::memory_order_relaxed);
        return GST_PAD_PROBE_OK;
      },
      new std::shared_ptr<Counters>(counters),
      [](gpointer data) { delete static_cast<std::shared_ptr<Counters>*>(data); });
  const std::lock_guard lock(mutex_);
  tracks_.push_back({Ref<GstPad>::retain(pad), std::string_view(GST_PAD_NAME(pad)).starts_with("video"), counters});
}

std::vector<TrackMeter::Track> TrackMeter::tracks() const {
  const std::lock_guard lock(mutex_);
  return tracks_;
}

uint64_t TrackMeter::units() const {
  uint64_t video = 0;
  uint64_t sound = 0;
  bool has_video = false;
  for (const auto& track : tracks()) {
    has_video |= track.video;
    (track.video ? video : sound) += track.counters->units;
  }
  return has_video ? video : sound;
}

int64_t TrackMeter::first_unit_us() const {
  int64_t video = 0;
  int64_t sound = 0;
  for (const auto& track : tracks()) {
    int64_t& first = track.video ? video : sound;
    if (first == 0) first = track.counters->first_us;
  }
  return video != 0 ? video : sound;
}

uint64_t TrackMeter::bytes() const {
  uint64_t sum = 0;
  for (const auto& track : tracks())
    sum += track.counters->bytes;
  return sum;
}

std::string TrackMeter::capture_time() const {
  for (const auto& track : tracks()) {
    const auto sink = Ref<GstElement>::adopt(gst_pad_get_parent_element(track.pad.get()));
    if (!sink) continue;
    GstStructure* raw = nullptr;
    g_object_get(sink.get(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    const char* origin = stats ? gst_structure_get_string(stats.get(), "capture-time") : nullptr;
    return origin ? origin : "";
  }
  return {};
}

void TrackMeter::sample() {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - since_).count();
  if (seconds <= 0) return;
  const uint64_t units_now = units();
  const uint64_t bytes_now = bytes();
  fps_ = static_cast<double>(units_now - since_units_) / seconds;
  bitrate_ = static_cast<double>(bytes_now - since_bytes_) * 8 / seconds;
  since_ = now;
  since_units_ = units_now;
  since_bytes_ = bytes_now;
}

void TrackMeter::read(StreamStatus& status) const {
  status.capture_time = capture_time();
  status.fps = fps_;
  status.bitrate = bitrate_;
  status.bytes_in = bytes();
  for (const auto& track : tracks()) {
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(track.pad.get()));
    if (!caps || gst_caps_get_size(caps.get()) == 0) continue;
    const GstStructure* structure = gst_caps_get_structure(caps.get(), 0);
    if (track.video) {
      status.video_codec = codec_of(caps.get());
      gst_structure_get_int(structure, "width", &status.width);
      gst_structure_get_int(structure, "height", &status.height);
    } else {
      status.audio_codec = codec_of(caps.get());
    }
  }
}

}  // namespace reallive::media
