#include "channel/gop_cache.h"

#include <algorithm>

namespace reallive::channel {

bool GopCache::push(TrackId track, const Unit& unit, Trash& trash) {
  if (limits_.duration <= 0 || limits_.bytes == 0) {
    clear(trash);  // the limits may have changed since
    return true;
  }
  auto& units = tracks_[track];
  if (track.kind == Kind::video) {
    if (unit.key) drop_all(units, trash);
    if (!unit.key && units.empty()) return true;  // nothing to decode it with
  } else {
    const bool has_video = std::any_of(tracks_.begin(), tracks_.end(), [](const auto& entry) {
      return entry.first.kind == Kind::video && !entry.second.empty();
    });
    if (!has_video) return true;
  }
  units.push_back(unit);
  bytes_ += unit.bytes;
  if (track.kind == Kind::video && unit.key) trim_to_video(trash);
  if (bytes_ <= limits_.bytes && span() <= limits_.duration) return true;
  clear(trash);
  return false;
}

void GopCache::clear(Trash& trash) {
  for (auto& [track, units] : tracks_)
    drop_all(units, trash);
}

void GopCache::remove(TrackId track, Trash& trash) {
  const auto found = tracks_.find(track);
  if (found == tracks_.end()) return;
  drop_all(found->second, trash);
  tracks_.erase(found);
}

const std::deque<Unit>& GopCache::units(TrackId track) const {
  static const std::deque<Unit> none;
  const auto found = tracks_.find(track);
  return found == tracks_.end() ? none : found->second;
}

int64_t GopCache::span() const {
  int64_t first = no_time, last = no_time;
  for (const auto& [track, units] : tracks_) {
    if (units.empty()) continue;
    if (first == no_time || units.front().time() < first) first = units.front().time();
    last = std::max(last, units.back().time());
  }
  return first == no_time ? 0 : last - first;
}

size_t GopCache::count() const {
  size_t count = 0;
  for (const auto& [track, units] : tracks_)
    count += units.size();
  return count;
}

void GopCache::drop_front(std::deque<Unit>& units, Trash& trash) {
  bytes_ -= units.front().bytes;
  trash.push_back(std::move(units.front().payload));
  units.pop_front();
}

void GopCache::drop_all(std::deque<Unit>& units, Trash& trash) {
  while (!units.empty())
    drop_front(units, trash);
}

// Sound from before the oldest picture that is kept helps nobody.
void GopCache::trim_to_video(Trash& trash) {
  int64_t oldest = no_time;
  for (const auto& [track, units] : tracks_) {
    if (track.kind != Kind::video || units.empty()) continue;
    if (oldest == no_time || units.front().time() < oldest) oldest = units.front().time();
  }
  for (auto& [track, units] : tracks_) {
    if (track.kind == Kind::video) continue;
    while (!units.empty() && units.front().time() < oldest)
      drop_front(units, trash);
  }
}

}  // namespace reallive::channel
