// TrackMeter: counts what flows into a channel, for a stream's status: access units, bytes, losses, caps.
// watch() and the counters belong to the streaming threads; the rest to the main loop's thread.
// It never touches a buffer's contents.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "common/ref.h"
#include "media/media.h"
#include "media/picture_order.h"

namespace reallive::media {

class TrackMeter {
 public:
  /// Counts what passes `pad`, a sink pad of a channel.
  void watch(GstPad* pad);
  /// Counts what `queue`, one before the encoder that is leaky downstream, leaves out.
  void watch_leaks(GstElement* queue);

  /// Access units of pictures; of sound where there is no picture.
  uint64_t units() const;
  uint64_t bytes() const;
  /// Pictures that are missing: where a gap is marked (GST_BUFFER_FLAG_DISCONT), as many as it had room for at the rate
  /// of the last second, at least one; and what queues left out.
  uint64_t dropped() const;
  /// When the first picture passed (of sound where there is no picture), in µs of the monotonic clock; 0: not yet.
  int64_t first_unit_us() const;
  /// Takes the rates since the last call; call it about once a second.
  void sample();
  /// Fills codecs, size, rates and bytes of `status`.
  void read(StreamStatus& status) const;

 private:
  struct Counters {  // the pad's probe has them too, so they do not hold the pad
    std::atomic<uint64_t> units{0};
    std::atomic<uint64_t> bytes{0};
    std::atomic<int64_t> first_us{0};
    std::atomic<uint64_t> dropped{0};
    std::atomic<double> per_second{0};            // units, as last sampled
    GstClockTime last_pts = GST_CLOCK_TIME_NONE;  // the streaming thread's
    PictureOrder order = {};
  };
  struct Queue {
    Ref<GstElement> element;
    std::shared_ptr<std::atomic<uint64_t>> in, out;
    uint64_t leaked() const;
  };
  struct Track {
    Ref<GstPad> pad;
    bool video;
    std::shared_ptr<Counters> counters;
  };
  std::vector<Track> tracks() const;
  static void count(Counters& counters, GstBuffer* buffer, bool video);
  void read_capture(StreamStatus& status) const;

  mutable std::mutex mutex_;  // guards tracks_ and queues_; a leaf
  std::vector<Track> tracks_;
  std::vector<Queue> queues_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  uint64_t since_units_ = 0, since_bytes_ = 0;
  double fps_ = 0, bitrate_ = 0;
};

}  // namespace reallive::media
