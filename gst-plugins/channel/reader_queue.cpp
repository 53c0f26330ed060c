#include "channel/reader_queue.h"

#include <utility>

namespace reallive::channel {

void ReaderQueue::restart(bool need_key, Trash& trash) {
  while (!entries_.empty())
    drop_front(trash);
  need_key_ = need_key && kind_ == Kind::video;
  started_ = false;
  losing_ = false;
  break_next_ = true;
}

void ReaderQueue::interrupt_stream(bool need_key) {
  need_key_ = need_key && kind_ == Kind::video;
  started_ = false;
  losing_ = false;
  break_next_ = true;
}

void ReaderQueue::push_cached(const Unit& unit, const Payload& format) {
  entries_.push_back({unit, format, true, std::exchange(break_next_, false)});
  ++cached_;
  newest_cached_ = unit.time();
  need_key_ = false;
  started_ = true;
}

bool ReaderQueue::push(const Unit& unit, const Payload& format, const QueueLimits& limits, Trash& trash) {
  if (need_key_ && !unit.key) {
    if (losing_) {
      ++lost_units_;
      ++dropped_units_;
    }
    return true;
  }
  need_key_ = false;
  losing_ = false;
  started_ = true;
  entries_.push_back({unit, format, false, std::exchange(break_next_, false)});
  live_bytes_ += unit.bytes;
  while (!entries_.empty() && over(limits))
    lose_oldest(trash);
  return need_key_;
}

Delivery ReaderQueue::pop(Trash& trash) {
  Entry& front = entries_.front();
  Delivery delivery;
  delivery.unit = std::move(front.unit);
  delivery.discontinuity = front.discontinuity;
  delivery.cached = front.cached;
  delivery.lost_gops = std::exchange(lost_gops_, 0);
  delivery.lost_units = std::exchange(lost_units_, 0);
  delivery.live_from = front.cached ? newest_cached_ + 1 : delivery.unit.time();
  if (front.format != last_format_) {
    delivery.format = front.format;
    trash.push_back(std::exchange(last_format_, front.format));
  }
  trash.push_back(std::move(front.format));
  if (front.cached) {
    --cached_;
  } else {
    live_bytes_ -= delivery.unit.bytes;
  }
  ++units_;
  bytes_ += delivery.unit.bytes;
  entries_.pop_front();
  return delivery;
}

int64_t ReaderQueue::span() const {
  return entries_.empty() ? 0 : entries_.back().unit.time() - entries_.front().unit.time();
}

bool ReaderQueue::over(const QueueLimits& limits) const {
  if (entries_.size() == cached_) return false;
  return live_bytes_ > limits.bytes || entries_.back().unit.time() - entries_[cached_].unit.time() > limits.duration;
}

void ReaderQueue::drop_front(Trash& trash) {
  Entry& front = entries_.front();
  if (front.cached) {
    --cached_;
  } else {
    live_bytes_ -= front.unit.bytes;
  }
  trash.push_back(std::move(front.unit.payload));
  trash.push_back(std::move(front.format));
  entries_.pop_front();
}

// A picture whose reference is lost is worth nothing, so video goes up to the next key frame; sound goes by packets.
void ReaderQueue::lose_oldest(Trash& trash) {
  do {
    drop_front(trash);
    ++lost_units_;
    ++dropped_units_;
  } while (kind_ == Kind::video && !entries_.empty() && !entries_.front().unit.key);
  if (kind_ == Kind::video) {
    ++lost_gops_;
    ++dropped_gops_;
  }
  if (!entries_.empty()) {
    entries_.front().discontinuity = true;
    return;
  }
  break_next_ = true;
  if (kind_ == Kind::video) need_key_ = losing_ = true;
}

}  // namespace reallive::channel
