#include "load/receive_track.h"

#include <algorithm>

#include "load/clock.h"
#include "load/h264.h"

namespace reallive::load {

namespace {
constexpr int64_t kGiveUp = kSecond;
constexpr int64_t kAskAgain = 50 * kMillisecond;
constexpr size_t kMaxGap = 2000;
constexpr int64_t kLive = 250 * kMillisecond;
}  // namespace

void ReceiveTrack::take(const rtc::rtp::Packet& packet, int64_t arrival_ns, bool repaired) {
  if (packet.payload.empty()) return;  // a probe
  int64_t number = sequence_.unwrap(packet.sequence);
  if (!next_) next_ = number;
  auto gap = gaps_.find(number);
  bool fills = gap != gaps_.end();
  if ((number < *next_ || waiting_.contains(number)) && !fills) {
    ++figures_.duplicates;
    return;
  }
  if (fills) {
    gaps_.erase(gap);
    if (repaired) ++figures_.repaired;
  } else {
    int64_t from = waiting_.empty() ? *next_ : std::max(*next_, waiting_.rbegin()->first + 1);
    if (!gaps_.empty()) from = std::max(from, gaps_.rbegin()->first + 1);
    from = std::max(from, number - static_cast<int64_t>(kMaxGap));
    for (int64_t each = from; each < number; ++each)
      gaps_[each] = {arrival_ns, 0};
  }
  auto payload = h264::inspect(packet.payload);
  if (!payload.valid) ++figures_.malformed;
  ++figures_.packets;
  figures_.bytes += packet.payload.size();
  waiting_[number] = {arrival_ns, packet.timestamp, packet.marker, payload.key, payload.starts_unit, payload.stamp_ns};
  deliver();
}

std::vector<uint16_t> ReceiveTrack::missing(int64_t now) {
  std::vector<uint16_t> numbers;
  for (auto each = gaps_.begin(); each != gaps_.end();) {
    if (now - each->second.since_ns > kGiveUp) {
      ++figures_.lost;
      each = gaps_.erase(each);
      continue;
    }
    if (now - each->second.asked_ns >= kAskAgain) {
      each->second.asked_ns = now;
      numbers.push_back(static_cast<uint16_t>(each->first));
    }
    ++each;
  }
  deliver();
  return numbers;
}

void ReceiveTrack::deliver() {
  while (!waiting_.empty()) {
    auto first = waiting_.begin();
    if (first->first != *next_) {
      // Wait as long as anything in between may still come.
      auto gap = gaps_.lower_bound(*next_);
      if (gap != gaps_.end() && gap->first < first->first) return;
      whole_ = false;
    }
    next_ = first->first + 1;
    deliver(first->second);
    waiting_.erase(first);
  }
}

void ReceiveTrack::deliver(const Entry& entry) {
  if (in_frame_ && entry.timestamp != timestamp_) {  // the marker was lost with its packet
    ++figures_.broken;
    in_frame_ = false;
  }
  if (!in_frame_) {
    in_frame_ = true;
    timestamp_ = entry.timestamp;
    whole_ = whole_ && entry.starts_unit;
    key_ = false;
    arrival_ns_ = 0;
    stamp_ns_.reset();
  }
  key_ = key_ || entry.key;
  arrival_ns_ = std::max(arrival_ns_, entry.arrival_ns);
  if (entry.stamp_ns) stamp_ns_ = entry.stamp_ns;
  if (entry.marker) end_frame();
}

void ReceiveTrack::end_frame() {
  in_frame_ = false;
  if (!std::exchange(whole_, true)) {
    ++figures_.broken;
    return;
  }
  ++figures_.frames;
  if (key_ && figures_.first_key_ns == 0) figures_.first_key_ns = arrival_ns_;
  if (!stamp_ns_) return;
  int64_t delay = std::max<int64_t>(0, arrival_ns_ - *stamp_ns_);
  delays_us_.push_back(static_cast<uint32_t>(delay / 1000));
  if (delay < kLive && figures_.first_live_ns == 0) figures_.first_live_ns = arrival_ns_;
}

}  // namespace reallive::load
