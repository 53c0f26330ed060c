#include "rtc/receive/nack_list.h"

#include <algorithm>

namespace reallive::rtc {

namespace {
// A packet is not missed in the first moment: packets of one burst change places.
constexpr int64_t kFirstDelayUs = 2'000;
constexpr int64_t kLongestFirstDelayUs = 30'000;
constexpr int64_t kShortestRepeatUs = 20'000;
// Repeats by the round trip at first, then further and further apart: a sender that is held up for a moment must not
// use up all tries on a short road while there is still time to wait.
constexpr int kEagerTries = 3;
}  // namespace

void NackList::set_rtt(int64_t rtt_us) {
  rtt_us = std::clamp<int64_t>(rtt_us, 1'000, kMaxAgeUs);
  rtt_us_ = rtt_known_ ? (7 * rtt_us_ + rtt_us) / 8 : rtt_us;
  rtt_known_ = true;
}

void NackList::learn(const Entry& entry, int64_t now_us) {
  const bool unasked = entry.tries == 0;
  const bool too_soon = entry.tries == 1 && rtt_known_ && now_us - entry.last_asked_us < rtt_us_ / 2;
  if (unasked || too_soon) {
    reorder_us_ = std::min(kLongestFirstDelayUs, std::max(reorder_us_, now_us - entry.noticed_us));
    return;
  }
  // An answer to the last question, unless it came sooner than one can come (Karn's ambiguity).
  const int64_t since_last = now_us - entry.last_asked_us;
  set_rtt(entry.tries > 1 && since_last < rtt_us_ / 2 ? now_us - entry.first_asked_us : since_last);
}

NackList::Received NackList::received(int64_t sequence, int64_t now_us) {
  Received result;
  if (!newest_) {
    newest_ = sequence;
    return result;
  }
  if (sequence <= *newest_) {
    auto found = missing_.find(sequence);
    if (found == missing_.end()) return result;
    learn(found->second, now_us);
    missing_.erase(found);
    return result;
  }
  const int64_t gap = sequence - *newest_ - 1;
  result.missing = static_cast<size_t>(gap);
  if (gap > 0 && missing_.size() + static_cast<size_t>(gap) > kMaxEntries) {
    missing_.clear();
    result.overflow = true;
  } else {
    if (gap > 0) reorder_us_ -= reorder_us_ / 16;
    const Entry entry{now_us, now_us + std::max(kFirstDelayUs, reorder_us_ + reorder_us_ / 4)};
    for (int64_t lost = *newest_ + 1; lost < sequence; ++lost)
      missing_.emplace_hint(missing_.end(), lost, entry);
  }
  newest_ = sequence;
  return result;
}

void NackList::forget_below(int64_t sequence) {
  missing_.erase(missing_.begin(), missing_.lower_bound(sequence));
}

std::vector<uint16_t> NackList::take_due(int64_t now_us) {
  std::vector<uint16_t> due;
  for (auto it = missing_.begin(); it != missing_.end();) {
    auto& [sequence, entry] = *it;
    if (entry.due_us > now_us) {
      ++it;
      continue;
    }
    if (entry.tries >= kMaxTries || now_us - entry.noticed_us > kMaxAgeUs) {
      it = missing_.erase(it);
      continue;
    }
    due.push_back(static_cast<uint16_t>(sequence));
    if (entry.tries++ == 0) entry.first_asked_us = now_us;
    entry.last_asked_us = now_us;
    const int64_t by_rtt_us = std::max(kShortestRepeatUs, rtt_us_ + rtt_us_ / 4);
    entry.interval_us = entry.tries <= kEagerTries ? by_rtt_us : entry.interval_us + entry.interval_us / 4;
    entry.due_us = now_us + entry.interval_us;
    ++it;
  }
  return due;
}

std::optional<int64_t> NackList::next_due() const {
  std::optional<int64_t> next;
  for (const auto& [sequence, entry] : missing_) {
    if (!next || entry.due_us < *next) next = entry.due_us;
  }
  return next;
}

void NackList::reset() {
  missing_.clear();
  newest_.reset();
}

}  // namespace reallive::rtc
