#include "media/track_meter.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "media/elements.h"

namespace reallive::media {

void TrackMeter::watch(GstPad* pad) {
  const auto counters = std::make_shared<Counters>();
  const bool video = std::string_view(GST_PAD_NAME(pad)).starts_with("video");
  using Probe = std::pair<std::shared_ptr<Counters>, bool>;
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        const auto& [counted, is_video] = *static_cast<Probe*>(data);
        count(*counted, GST_PAD_PROBE_INFO_BUFFER(info), is_video);
        return GST_PAD_PROBE_OK;
      },
      new Probe(counters, video), [](gpointer data) { delete static_cast<Probe*>(data); });
  const std::lock_guard lock(mutex_);
  tracks_.push_back({Ref<GstPad>::retain(pad), video, counters});
}

void TrackMeter::count(Counters& counters, GstBuffer* buffer, bool video) {
  if (counters.first_us.load(std::memory_order_relaxed) == 0)
    counters.first_us.store(g_get_monotonic_time(), std::memory_order_relaxed);
  const uint64_t before = counters.units.fetch_add(1, std::memory_order_relaxed);
  counters.bytes.fetch_add(gst_buffer_get_size(buffer), std::memory_order_relaxed);
  if (!video) return;
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  counters.order.add(pts, !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT));
  if (before > 0 && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT)) {
    const GstClockTime last = counters.last_pts;
    const bool forward = GST_CLOCK_TIME_IS_VALID(pts) && GST_CLOCK_TIME_IS_VALID(last) && pts > last;
    // After a longer gap the source has begun anew.
    const double seconds = forward ? std::min(static_cast<double>(pts - last) / GST_SECOND, 5.0) : 0;
    const long room = std::lround(seconds * counters.per_second.load(std::memory_order_relaxed)) - 1;
    counters.dropped.fetch_add(static_cast<uint64_t>(std::max(room, 1L)), std::memory_order_relaxed);
  }
  if (GST_CLOCK_TIME_IS_VALID(pts)) counters.last_pts = pts;
}

void TrackMeter::watch_leaks(GstElement* queue) {
  const auto counted = [queue](const char* name) {
    const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(queue, name));
    const auto count = std::make_shared<std::atomic<uint64_t>>(0);
    using Count = std::shared_ptr<std::atomic<uint64_t>>;
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer data) {
          (*static_cast<Count*>(data))->fetch_add(1, std::memory_order_relaxed);
          return GST_PAD_PROBE_OK;
        },
        new Count(count), [](gpointer data) { delete static_cast<Count*>(data); });
    return count;
  };
  Queue watched{Ref<GstElement>::retain(queue), counted("sink"), counted("src")};
  const std::lock_guard lock(mutex_);
  queues_.push_back(std::move(watched));
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

uint64_t TrackMeter::Queue::leaked() const {
  const uint64_t gone = *out;
  guint level = 0;
  g_object_get(element.get(), "current-level-buffers", &level, nullptr);
  const uint64_t come = *in;
  return come > gone + level ? come - gone - level : 0;
}

uint64_t TrackMeter::dropped() const {
  uint64_t sum = 0;
  for (const auto& track : tracks())
    sum += track.counters->dropped;
  std::vector<Queue> queues;
  {
    const std::lock_guard lock(mutex_);
    queues = queues_;
  }
  // A picture that just changes hands looks like one that is missing: of two looks the better.
  for (const auto& queue : queues)
    sum += std::min(queue.leaked(), queue.leaked());
  return sum;
}

void TrackMeter::read_capture(StreamStatus& status) const {
  for (const auto& track : tracks()) {
    const auto sink = Ref<GstElement>::adopt(gst_pad_get_parent_element(track.pad.get()));
    if (!sink) continue;
    GstStructure* raw = nullptr;
    g_object_get(sink.get(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    if (!stats) return;
    const char* origin = gst_structure_get_string(stats.get(), "capture-time");
    status.capture_time = origin ? origin : "";
    gint64 ns = 0;
    if (gst_structure_get_int64(stats.get(), "newest-capture", &ns))
      status.capture_age_s = static_cast<double>(g_get_real_time() * 1000 - ns) / 1e9;
    if (gst_structure_get_int64(stats.get(), "capture-latency", &ns))
      status.latency_ms = static_cast<double>(std::max<gint64>(ns, 0)) / 1e6;
    return;
  }
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
  if (fps_ == 0) return;  // of a second without pictures the rate of the one before still tells what is missing
  for (const auto& track : tracks())
    track.counters->per_second = fps_;
}

void TrackMeter::read(StreamStatus& status) const {
  read_capture(status);
  status.dropped_frames = dropped();
  status.fps = fps_;
  status.bitrate = bitrate_;
  status.bytes_in = bytes();
  for (const auto& track : tracks()) {
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(track.pad.get()));
    if (!caps || gst_caps_get_size(caps.get()) == 0) continue;
    const GstStructure* structure = gst_caps_get_structure(caps.get(), 0);
    if (track.video) {
      status.video_codec = codec_of(caps.get());
      if (status.video_codec == "H264" || status.video_codec == "H265")
        status.b_frames = track.counters->order.reordered();
      gst_structure_get_int(structure, "width", &status.width);
      gst_structure_get_int(structure, "height", &status.height);
    } else {
      status.audio_codec = codec_of(caps.get());
    }
  }
}

}  // namespace reallive::media
