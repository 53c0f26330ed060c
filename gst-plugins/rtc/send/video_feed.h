// VideoFeed: which frame of a video track goes to one viewer next, and when: first picture, live, catching up.
// Belongs to the viewer's shard; told the time, so it runs under a test's clock. It never lets one viewer hold up
// another, and never sends a frame whose reference it skipped.
#pragma once

#include <cstdint>
#include <optional>

#include "rtc/send/track_sender.h"

namespace reallive::rtc {

class VideoFeed {
 public:
  VideoFeed(TrackSender& sender, const FrameHistory& history) : sender_(sender), history_(history) {}

  /// Sends what is due. When to call again besides for new frames; nothing when only they matter.
  std::optional<TimePoint> advance(Instant now);

  /// The viewer cannot go on without a key frame (PLI, FIR). When no new one comes, it gets the cached one again.
  void on_picture_lost(Instant now);

  /// on_picture_lost() was called, and no key frame has gone since.
  bool misses_picture() const { return lost_since_.has_value(); }
  /// When the last packet of the newest key frame went; nothing before the first.
  std::optional<TimePoint> key_frame_went() const { return key_went_; }

  /// A key frame is worth asking for: the viewer has just come or fallen out and none is cached, or one that is more
  /// than a second old; and again every second as long as it waits without a picture.
  bool take_key_frame_wish(Instant now);
  /// Not live yet: sending cached frames faster than they were made.
  bool catching_up() const { return replaying_; }
  /// How old, by its arrival here, the picture was that went last; 0 unless catching up.
  Clock::duration behind() const { return replaying_ ? behind_ : Clock::duration::zero(); }
  uint64_t frames_skipped() const { return frames_skipped_; }

 private:
  bool find_frame(Instant now);
  void stamp(const FrameHistory::Entry& entry, Instant now);
  uint64_t rate(bool key) const;

  TrackSender& sender_;
  const FrameHistory& history_;
  std::optional<uint64_t> position_;  // nothing: waits for a key frame
  size_t packet_ = 0;                 // of the frame at position_
  bool replaying_ = false;
  Clock::duration behind_{0};
  bool wishes_key_ = true;
  TimePoint wished_{};
  TimePoint next_send_{};
  int64_t rtp_time_ = 0;  // of the frame at position_
  std::optional<int64_t> last_rtp_time_;
  bool closed_up_ = false;  // last_rtp_time_ was not the frame's own
  std::optional<TimePoint> lost_since_;
  std::optional<TimePoint> key_went_;
  uint64_t frames_skipped_ = 0;
};

}  // namespace reallive::rtc
