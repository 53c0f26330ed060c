#include "media/picture_order.h"

namespace reallive::media {

namespace {

constexpr uint64_t kEnough = 60;  // of a stream whose groups are longer, as phones' are
// No encoder reorders further; a source that begins anew does.
constexpr GstClockTime kFar = 2 * GST_SECOND;

}  // namespace

void PictureOrder::add(GstClockTime pts, bool key) {
  if (!GST_CLOCK_TIME_IS_VALID(pts)) return;
  ++units_;
  if (key) {
    ++groups_;
    before_ = here_;
    here_ = false;
  }
  const bool back = GST_CLOCK_TIME_IS_VALID(latest_) && pts < latest_;
  if (back && latest_ - pts <= kFar) {
    here_ = true;
  } else {
    latest_ = pts;
  }
  State state = State::unknown;
  if (here_ || before_) {
    state = State::reordered;
  } else if (groups_ > 1 || units_ >= kEnough) {
    state = State::in_order;
  }
  state_.store(state, std::memory_order_relaxed);
}

std::optional<bool> PictureOrder::reordered() const {
  const State state = state_.load(std::memory_order_relaxed);
  return state == State::unknown ? std::nullopt : std::optional(state == State::reordered);
}

}  // namespace reallive::media
