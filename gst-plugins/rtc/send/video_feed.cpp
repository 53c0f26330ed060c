#include "rtc/send/video_feed.h"

#include <algorithm>

namespace reallive::rtc {

namespace {

using std::chrono::milliseconds;

// Later than this a frame is not live any more: newer key frames are preferred, and what is sent is paced.
constexpr auto kLate = milliseconds(300);
constexpr auto kOldKey = milliseconds(1000);
constexpr auto kRetry = milliseconds(2);
// A viewer that still misses its picture after this long has a source that does not answer requests.
constexpr auto kUnanswered = milliseconds(700);
constexpr size_t kBurst = 16;
constexpr uint64_t kKeyRate = 20'000'000;
constexpr uint64_t kRestRate = 10'000'000;
// A timer that fires late may make up for this much.
constexpr auto kCredit = milliseconds(5);

}  // namespace

std::optional<TimePoint> VideoFeed::advance(Instant now) {
  if (!sender_.flush()) return now.steady + kRetry;
  while (find_frame(now)) {
    const auto& entry = *history_.at(*position_);
    const Frame& frame = *entry.frame;
    if (replaying_ && now.steady < next_send_) return next_send_;
    if (packet_ == 0) stamp(entry, now);
    const size_t before = packet_;
    packet_ += sender_.send(frame, *position_, packet_, replaying_ ? kBurst : frame.packets.size(), rtp_time_);
    if (replaying_) {
      uint64_t bits = 0;
      for (size_t index = before; index < packet_; ++index)
        bits += 8 * (frame.packets[index].size + 70u);
      next_send_ =
          std::max(next_send_, now.steady - kCredit) + std::chrono::nanoseconds(bits * 1'000'000'000 / rate(frame.key));
    }
    if (packet_ >= frame.packets.size()) {
      if (frame.key) {
        lost_since_.reset();
        key_went_ = now.steady;
      }
      ++*position_;
      packet_ = 0;
    }
    if (sender_.blocked()) return now.steady + kRetry;
  }
  return std::nullopt;
}

// Moves position_ to the frame that goes next; false when there is none yet.
bool VideoFeed::find_frame(Instant now) {
  const size_t track = sender_.plan().track;
  const auto key = history_.newest_key(track);
  if (position_ && *position_ < history_.first()) {  // a newer key frame, or time, has removed it
    frames_skipped_ += key.value_or(history_.first()) - *position_;
    position_.reset();
    packet_ = 0;
    wishes_key_ = true;
  }
  if (!position_) {
    if (!key) return false;
    position_ = key;
    replaying_ = true;
  }
  const FrameHistory::Entry* entry;
  while ((entry = history_.at(*position_)) && entry->track != track)
    ++*position_;
  if (!entry) {
    replaying_ = false;
    return false;
  }
  if (packet_ == 0 && now.steady - entry->arrival > kLate) {
    if (key && *key > *position_) {
      frames_skipped_ += *key - *position_;
      position_ = key;
    }
    replaying_ = true;
  }
  return true;
}

// While catching up a frame is stamped as if it were made when it is sent, so that the viewer, which shows by stamps,
// is live when the replay ends.
void VideoFeed::stamp(const FrameHistory::Entry& entry, Instant now) {
  behind_ = now.steady - entry.arrival;
  const uint32_t clock_rate = codec_clock_rate(sender_.codec());
  const auto* newest = history_.newest(sender_.plan().track);
  int64_t time = entry.frame->meta.rtp_time;
  bool closed_up = false;
  if (replaying_ && newest && newest != &entry) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.steady - newest->arrival).count();
    time = newest->frame->meta.rtp_time + since * clock_rate / 1'000'000;
    closed_up = true;
  }
  if ((closed_up || closed_up_) && last_rtp_time_ && time <= *last_rtp_time_) {
    time = *last_rtp_time_ + clock_rate / 1000;
    closed_up = true;
  }
  closed_up_ = closed_up;
  last_rtp_time_ = rtp_time_ = time;
}

uint64_t VideoFeed::rate(bool key) const {
  const uint64_t bitrate = history_.bitrate(sender_.plan().track);
  return key ? std::max(kKeyRate, 8 * bitrate) : std::max(kRestRate, 10 * bitrate);
}

void VideoFeed::on_picture_lost(Instant now) {
  if (!lost_since_) {
    lost_since_ = now.steady;
    return;
  }
  const auto key = history_.newest_key(sender_.plan().track);
  if (now.steady - *lost_since_ < kUnanswered || replaying_ || !key || !position_) return;
  position_ = key;
  packet_ = 0;
  replaying_ = true;
  lost_since_ = now.steady;
}

bool VideoFeed::take_key_frame_wish(Instant now) {
  const bool again = !position_ && now.steady - wished_ >= kOldKey;
  if (!wishes_key_ && !again) return false;
  wishes_key_ = false;
  wished_ = now.steady;
  const auto key = history_.newest_key(sender_.plan().track);
  return !key || now.steady - history_.at(*key)->arrival > kOldKey;
}

}  // namespace reallive::rtc
