// PictureOrder: whether pictures are sent in another order than they are shown in, as streams with B-frames are.
// Told by the track's streaming thread, asked by any. It sees times only, never a picture's bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <gst/gst.h>
#include <optional>

namespace reallive::media {

class PictureOrder {
 public:
  /// A picture's time of presentation, in the order of decoding. `key`: it begins a group of pictures.
  void add(GstClockTime pts, bool key);
  /// In the group of pictures that comes now or the one before it. Nothing until a whole group, or sixty pictures, came
  /// in order.
  std::optional<bool> reordered() const;

 private:
  GstClockTime latest_ = GST_CLOCK_TIME_NONE;
  uint64_t units_ = 0, groups_ = 0;
  bool here_ = false, before_ = false;  // in this group, in the one before
  enum class State : uint8_t { unknown, in_order, reordered };
  std::atomic<State> state_{State::unknown};
};

}  // namespace reallive::media
