#include "rtc/receive/jitter_buffer.h"

#include <algorithm>

namespace reallive::rtc {

namespace {
constexpr int64_t kShortestWaitUs = 20'000;  // without repair: one audio packet's length
}  // namespace

int64_t JitterBuffer::wait_us() const {
  if (config_.repairable) return config_.wait_us;
  return std::min(config_.wait_us, std::max(kShortestWaitUs, 2 * reorder_us_));
}

JitterBuffer::Inserted JitterBuffer::insert(ReceivedPacket packet) {
  const int64_t sequence = packet.sequence;
  if (!next_) next_ = sequence;
  if (sequence < *next_) {
    // Too late for us, but it tells how long the next gap is worth waiting for.
    if (sequence < given_up_below_) {
      reorder_us_ = std::max(reorder_us_, wait_us() + packet.arrival_us - given_up_us_);
      reorder_us_ = std::min(reorder_us_, config_.wait_us);
    }
    return Inserted::kLate;
  }
  auto after = held_.lower_bound(sequence);
  if (after != held_.end() && after->first == sequence) return Inserted::kDuplicate;
  int64_t noticed = packet.arrival_us;
  if (after != held_.end()) {
    noticed = std::min(noticed, after->second.noticed_us);
    reorder_us_ = std::max(reorder_us_, packet.arrival_us - after->second.noticed_us);
  }
  bytes_ += packet.data.size();
  held_.emplace_hint(after, sequence, Held{std::move(packet), noticed});
  return Inserted::kAccepted;
}

std::optional<JitterBuffer::Output> JitterBuffer::pop(int64_t now_us) {
  if (held_.empty()) return std::nullopt;
  auto first = held_.begin();
  Output output;
  if (first->first != *next_) {
    if (now_us < first->second.noticed_us + wait_us() && !overfull()) return std::nullopt;
    output.lost_before = first->first - *next_;
    given_up_us_ = now_us;
    given_up_below_ = first->first;
  }
  next_ = first->first + 1;
  bytes_ -= first->second.packet.data.size();
  output.packet = std::move(first->second.packet);
  held_.erase(first);
  reorder_us_ -= reorder_us_ / 1024;  // forgets within some thousand packets
  return output;
}

std::optional<int64_t> JitterBuffer::deadline() const {
  if (held_.empty()) return std::nullopt;
  return held_.begin()->second.noticed_us + wait_us();
}

void JitterBuffer::reset() {
  held_.clear();
  bytes_ = 0;
  next_.reset();
  given_up_below_ = INT64_MIN;
}

}  // namespace reallive::rtc
