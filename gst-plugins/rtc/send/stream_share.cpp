#include "rtc/send/stream_share.h"

#include <algorithm>

#include "rtc/send/stream.h"

namespace reallive::rtc {

namespace {
constexpr unsigned kMaxQueued = 512;
}

void StreamShare::post(const FrameHistory::Entry& entry, TimePoint zero) {
  if (queued_.fetch_add(1, std::memory_order_relaxed) >= kMaxQueued) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    frames_lost_.fetch_add(1, std::memory_order_relaxed);
    gap_.store(true);
    return;
  }
  shard_->post([self = shared_from_this(), entry, zero] {
    self->queued_.fetch_sub(1, std::memory_order_relaxed);
    self->take(entry, zero);
  });
}

void StreamShare::take(const FrameHistory::Entry& entry, TimePoint zero) {
  if (gap_.exchange(false)) awaiting_key_ = true;
  if (awaiting_key_ && is_video(entry.frame->codec)) {
    if (!entry.frame->key) {
      frames_lost_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    awaiting_key_ = false;
  }
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
      }) {}

void ViewerSession::wake_at(TimePoint when) {
  if (when == timer_at_) return;
  timer_at_ = when;
  timer_.start(when);
}

void ViewerSession::on_connected(SrtpProfile) {
  share_->attach(*this);
  wake_at(viewer_.connect(*this, Instant::now()));
  if (auto stream = stream_.lock()) stream->on_viewer_connected(session_->id());
}

void ViewerSession::on_rtcp(std::span<const uint8_t> packet, TimePoint) {
  wake_at(viewer_.on_rtcp(packet, Instant::now()));
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
