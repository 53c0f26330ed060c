#include "rtc/send/stream_share.h"

#include <algorithm>

#include "rtc/send/stream.h"

namespace reallive::rtc {

namespace {
constexpr unsigned kMaxQueued = 512;
constexpr auto kReportInterval = std::chrono::milliseconds(500);
// Who leaves soon has been counted too.
constexpr auto kFirstReportInterval = std::chrono::milliseconds(100);
constexpr auto kNew = std::chrono::seconds(2);
}  // namespace

// What is lost is decided here and not on the shard: frames that already wait came before the gap.
bool StreamShare::post(const FrameHistory::Entry& entry, TimePoint zero) {
  const bool video = is_video(entry.frame->codec);
  const bool of_no_use = video && !entry.frame->key && broken_.contains(entry.track);
  if (of_no_use || queued_.load(std::memory_order_relaxed) >= kMaxQueued) {
    frames_lost_.fetch_add(1, std::memory_order_relaxed);
    if (video) broken_.insert(entry.track);
    return video;
  }
  if (video) broken_.erase(entry.track);
  queued_.fetch_add(1, std::memory_order_relaxed);
  shard_->post([self = shared_from_this(), entry, zero] {
    self->queued_.fetch_sub(1, std::memory_order_relaxed);
    self->take(entry, zero);
  });
  return false;
}

void StreamShare::take(const FrameHistory::Entry& entry, TimePoint zero) {
  view_.zero = zero;
  view_.history.push(entry);
  const Instant now = Instant::now();
  for (auto* viewer : viewers_)
    viewer->advance(now);
}

void StreamShare::attach(ViewerSession& viewer) {
  viewers_.push_back(&viewer);
}

void StreamShare::detach(ViewerSession& viewer) {
  std::erase(viewers_, &viewer);
}

void StreamShare::clear() {
  view_.history.clear();
}

ViewerSession::ViewerSession(std::shared_ptr<Session> session, std::shared_ptr<StreamShare> share,
                             std::weak_ptr<Stream> stream, ViewerPlan plan, const std::vector<CodecKind>& codecs)
    : session_(std::move(session)),
      share_(std::move(share)),
      stream_(std::move(stream)),
      viewer_(std::move(plan.tracks), std::move(plan.cname), codecs, share_->view(), *this),
      timer_(session_->shard(), [this] {
        timer_at_ = {};
        advance(Instant::now());
      }) {
  report_.id = session_->id();
  report_.viewer = viewer_.stats();
}

// After each thing that happened: tells of it, or soon, and wakes when the viewer wants it.
void ViewerSession::settle(TimePoint wake, TimePoint now) {
  const TimePoint report_due = reported_at_ + (now - connected_at_ < kNew ? kFirstReportInterval : kReportInterval);
  if (now >= report_due) {
    publish_report(now);
  } else {
    wake = std::min(wake, report_due);
  }
  if (wake == timer_at_) return;
  timer_at_ = wake;
  timer_.start(wake);
}

void ViewerSession::publish_report(TimePoint now) {
  reported_at_ = now;
  ViewerReport report{session_->id(), session_->stats(), viewer_.stats()};
  std::lock_guard lock(mutex_);
  std::swap(report_, report);
}

ViewerReport ViewerSession::report() const {
  std::lock_guard lock(mutex_);
  return report_;
}

void ViewerSession::on_connected(SrtpProfile) {
  share_->attach(*this);
  const Instant now = Instant::now();
  connected_at_ = now.steady;
  const TimePoint wake = viewer_.connect(*this, now);
  publish_report(now.steady);
  settle(wake, now.steady);
  if (auto stream = stream_.lock()) stream->on_viewer_connected(session_->id());
}

void ViewerSession::on_rtcp(std::span<const uint8_t> packet, TimePoint) {
  const Instant now = Instant::now();
  settle(viewer_.on_rtcp(packet, now), now.steady);
}

void ViewerSession::on_gone(const std::string& reason) {
  timer_.stop();
  if (session_->connected()) viewer_.say_bye(reason);
  share_->detach(*this);
  if (auto stream = stream_.lock()) stream->on_viewer_gone(session_->id(), reason);
}

void ViewerSession::on_key_frame_wanted(size_t track) {
  if (auto stream = stream_.lock()) stream->on_key_frame_wanted(track);
}

}  // namespace reallive::rtc
