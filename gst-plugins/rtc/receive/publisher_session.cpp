#include "rtc/receive/publisher_session.h"

#include <chrono>

namespace reallive::rtc {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::system_clock;

constexpr auto kStatsInterval = std::chrono::milliseconds(100);

Moment moment_of(TimePoint time) {
  const auto ago = duration_cast<nanoseconds>(Clock::now() - time);
  const auto unix = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()) - ago;
  return {duration_cast<microseconds>(time.time_since_epoch()).count(), unix.count()};
}

}  // namespace

PublisherSession::PublisherSession(std::shared_ptr<Session> session, const ReceiveNegotiation& negotiation,
                                   const Publisher::Config& config)
    : session_(std::move(session)),
      id_(session_->id()),
      heard_at_(Clock::now()),
      publisher_(negotiation, config, *this),
      timer_(session_->shard(), [this] {
        publisher_.tick(moment_of(Clock::now()));
        publish_stats(Clock::now());
        schedule();
      }) {
  stats_.tracks = publisher_.stats();
}

std::chrono::milliseconds PublisherSession::silence() const {
  return duration_cast<std::chrono::milliseconds>(Clock::now() - heard_at_.load());
}

void PublisherSession::start(std::shared_ptr<Listener> listener) {
  listener_ = std::move(listener);
  session_->start(shared_from_this());
}

void PublisherSession::request_keyframe(size_t track) {
  session_->shard().post([self = shared_from_this(), track] {
    if (!self->listener_) return;
    self->publisher_.request_keyframe(track);
    self->schedule();
  });
}

void PublisherSession::close(const std::string& reason) {
  session_->close(reason);
}

PublisherStats PublisherSession::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void PublisherSession::publish_stats(TimePoint now, bool at_once) {
  if (!at_once && now - stats_at_ < kStatsInterval) return;
  stats_at_ = now;
  PublisherStats stats{session_->stats(), publisher_.stats(), publisher_.rejected(), publisher_.bandwidth_estimate()};
  const std::lock_guard lock(mutex_);
  stats_ = std::move(stats);
}

// The timer may fire too early (then tick() finds nothing to do) but never too late; so most packets leave it alone.
void PublisherSession::schedule() {
  if (!listener_) return;
  const int64_t wake = publisher_.next_wake();
  if (wake == INT64_MAX) return timer_.stop();
  const TimePoint at = wake < 0 ? TimePoint{} : TimePoint(microseconds(wake));
  if (timer_.active() && timer_at_ <= at) return;
  timer_at_ = at;
  timer_.start(at);
}

void PublisherSession::on_connected(SrtpProfile) {
  publisher_.start(moment_of(Clock::now()));
  publish_stats(Clock::now(), true);
  schedule();
  listener_->on_connected();
}

void PublisherSession::on_rtp(std::span<const uint8_t> packet, TimePoint arrival) {
  heard_at_ = arrival;
  publisher_.receive_rtp(packet, moment_of(arrival));
  publish_stats(arrival);
  schedule();
}

void PublisherSession::on_rtcp(std::span<const uint8_t> packet, TimePoint arrival) {
  heard_at_ = arrival;
  publisher_.receive_rtcp(packet, moment_of(arrival));
  schedule();
}

void PublisherSession::on_gone(const std::string& reason) {
  timer_.stop();
  if (session_->connected()) session_->send_rtcp(publisher_.goodbye());
  publish_stats(Clock::now(), true);
  const auto listener = std::move(listener_);
  listener_.reset();
  if (listener) listener->on_gone(reason);
}

void PublisherSession::deliver(size_t track, MediaPacket packet) {
  if (listener_) listener_->on_media(track, std::move(packet));
}

void PublisherSession::send_rtcp(Bytes plain) {
  session_->send_rtcp(plain);
}

void PublisherSession::expired(const std::string& reason) {
  session_->close(reason);
}

}  // namespace reallive::rtc
