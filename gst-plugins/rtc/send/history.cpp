#include "rtc/send/history.h"

#include <algorithm>

namespace reallive::rtc {

bool FrameHistory::push(Entry entry) {
  const Frame& frame = *entry.frame;
  const uint64_t number = end();
  const size_t size = frame.data.size();
  const TimePoint now = entry.arrival;
  Track& track = tracks_[entry.track];
  track.newest = number;
  track.held_bytes += size;
  bytes_ += size;
  if (is_video(frame.codec) && frame.key) {
    track.key = number;
    track.gop_bytes = 0;
  }
  track.gop_bytes += size;
  entries_.push_back(std::move(entry));

  bool dropped = false;
  if (track.key && (now - at(*track.key)->arrival > limits_.gop || track.gop_bytes > limits_.gop_bytes)) {
    track.key.reset();
    dropped = true;
  }
  // A track that fell silent must not hold what the others bring.
  for (auto& [index, other] : tracks_) {
    if (other.key && now - at(*other.key)->arrival > limits_.gop) other.key.reset();
  }
  trim();
  return dropped;
}

void FrameHistory::trim() {
  uint64_t keep = end();
  for (const auto& [index, track] : tracks_) {
    if (track.key) keep = std::min(keep, *track.key);
  }
  const TimePoint oldest = entries_.back().arrival - limits_.repair;
  while (first_ < keep && entries_.size() > 1 && entries_.front().arrival < oldest) {
    const size_t size = entries_.front().frame->data.size();
    tracks_[entries_.front().track].held_bytes -= size;
    bytes_ -= size;
    entries_.pop_front();
    ++first_;
  }
}

void FrameHistory::clear() {
  first_ = end();
  entries_.clear();
  tracks_.clear();
  bytes_ = 0;
}

const FrameHistory::Entry* FrameHistory::at(uint64_t number) const {
  if (number < first_ || number >= end()) return nullptr;
  return &entries_[number - first_];
}

std::optional<uint64_t> FrameHistory::newest_key(size_t track) const {
  const auto found = tracks_.find(track);
  return found == tracks_.end() ? std::nullopt : found->second.key;
}

const FrameHistory::Entry* FrameHistory::newest(size_t track) const {
  const auto found = tracks_.find(track);
  return found == tracks_.end() || !found->second.newest ? nullptr : at(*found->second.newest);
}

uint64_t FrameHistory::bitrate(size_t track) const {
  const auto found = tracks_.find(track);
  const double seconds = std::chrono::duration<double>(span()).count();
  if (found == tracks_.end() || seconds < 0.5) return 0;
  return static_cast<uint64_t>(static_cast<double>(found->second.held_bytes) * 8 / seconds);
}

Clock::duration FrameHistory::span() const {
  return entries_.empty() ? Clock::duration::zero() : entries_.back().arrival - entries_.front().arrival;
}

}  // namespace reallive::rtc
