#include "rtc/publication.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace reallive::rtc {

namespace {
constexpr int64_t kClockStepNs = 20'000'000;  // further apart: base time or clock changed
constexpr int64_t kClockFollow = 256;
}  // namespace

Publication::Publication(Ref<GstElement> element, std::shared_ptr<Owner> owner, ReceiveNegotiation negotiation)
    : element_(std::move(element)),
      owner_(std::move(owner)),
      negotiation_(std::move(negotiation)),
      dropped_(negotiation_.tracks.size()) {}

void Publication::prepare(std::shared_ptr<Session> session, const Publisher::Config& config) {
  session_ = std::make_shared<PublisherSession>(std::move(session), negotiation_, config);
}

Result<std::vector<std::shared_ptr<TrackBin>>> Publication::build(GstClockTime latency) {
  std::vector<std::shared_ptr<TrackBin>> bins;
  for (const ReceiveTrack& track : negotiation_.tracks) {
    auto bin = TrackBin::create(track, bins.size(), element_.get(), latency, shared_from_this());
    if (!bin) return tl::unexpected(bin.error());
    bins.push_back(std::move(*bin));
  }
  for (const auto& bin : bins)
    bin->start();
  const std::lock_guard lock(mutex_);
  bins_ = bins;
  return bins;
}

std::vector<std::shared_ptr<TrackBin>> Publication::bins() const {
  const std::lock_guard lock(mutex_);
  return bins_;
}

bool Publication::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

void Publication::finish() {
  std::vector<std::shared_ptr<TrackBin>> bins;
  {
    const std::lock_guard lock(mutex_);
    bins.swap(bins_);
  }
  for (const auto& bin : bins)
    bin->finish();
}

void Publication::on_connected() {
  owner_->on_connected(shared_from_this());
}

void Publication::on_gone(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
  }
  for (const auto& bin : ready_)
    bin->flush();  // before the owner lets EOS follow
  ready_.clear();
  waiting_.clear();
  owner_->on_gone(shared_from_this(), reason);
}

void Publication::on_keyframe_wanted(size_t track) {
  session_->request_keyframe(track);
}

void Publication::on_exposed(size_t) {
  {
    const std::lock_guard lock(mutex_);
    if (++exposed_ != negotiation_.tracks.size()) return;
  }
  owner_->on_all_exposed();
}

// Running time of a moment on the steady clock. Where the pipeline runs by another clock, the difference is followed
// slowly, so that reading two clocks one after the other does not show as jitter.
GstClockTime Publication::running_time(int64_t time_us) {
  const auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element_.get()));
  const GstClockTime base = gst_element_get_base_time(element_.get());
  if (!clock || !GST_CLOCK_TIME_IS_VALID(base)) return GST_CLOCK_TIME_NONE;
  const auto steady = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
  const auto now = static_cast<int64_t>(gst_clock_get_time(clock.get()));
  const int64_t offset = now - static_cast<int64_t>(base) - steady;
  if (!clock_offset_ns_ || std::llabs(offset - *clock_offset_ns_) > kClockStepNs) {
    clock_offset_ns_ = offset;
  } else {
    *clock_offset_ns_ += (offset - *clock_offset_ns_) / kClockFollow;
  }
  return static_cast<GstClockTime>(std::max<int64_t>(0, time_us * 1000 + *clock_offset_ns_));
}

void Publication::on_media(size_t track, MediaPacket packet) {
  if (ready_.empty()) ready_ = bins();
  if (ready_.empty()) {
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back({track, std::move(packet)});
    } else {
      dropped_[track] = true;
    }
    return;
  }
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (Waiting& earlier : waiting)
    hand_on(earlier.track, std::move(earlier.packet));
  hand_on(track, std::move(packet));
}

void Publication::hand_on(size_t track, MediaPacket packet) {
  const GstClockTime time = running_time(packet.time_us);
  if (!GST_CLOCK_TIME_IS_VALID(time)) {
    dropped_[track] = true;  // the pipeline is not playing (yet)
    return;
  }
  if (dropped_[track]) {
    dropped_[track] = false;
    session_->request_keyframe(track);
  }
  ready_[track]->push(std::move(packet), time);
}

}  // namespace reallive::rtc
