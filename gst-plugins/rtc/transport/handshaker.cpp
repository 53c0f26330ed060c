#include "rtc/transport/handshaker.h"

#include <algorithm>
#include <pthread.h>

#include "rtc/transport/session.h"
#include "rtc/wire/dtls_record.h"

namespace reallive::rtc {

namespace {
constexpr size_t kMaxWaiting = 2048;
// Of one session: the largest flight of a browser is some six datagrams, so there is room for repeats of it as well.
constexpr unsigned kMaxWaitingEach = 16;

/// How many handshakes may begin at once: what a quarter of a second allows.
double bucket(double tokens_per_second) {
  return std::max(1.0, tokens_per_second / 4);
}

}  // namespace

void DtlsPeer::on_dtls_send(Bytes datagram) {
  socket_.send(reply_to, datagram, reply_from);
}

void DtlsPeer::on_dtls_connected(const SrtpKeys& local, const SrtpKeys& remote) {
  session_.on_handshake_done(local, remote);
}

void DtlsPeer::on_dtls_closed(const std::string& reason) {
  session_.close(reason == "closed" ? "peer-closed" : "dtls-failed: " + reason);
}

Handshaker::Handshaker(std::shared_ptr<const DtlsContext> context, UdpSocket& socket, unsigned handshakes_per_second)
    : context_(std::move(context)),
      socket_(socket),
      tokens_per_second_(std::max(1u, handshakes_per_second)),
      tokens_(bucket(tokens_per_second_)) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "rl-handshake");
    loop();
  });
}

void Handshaker::set_rate(unsigned handshakes_per_second) {
  tokens_per_second_ = std::max(1u, handshakes_per_second);
}

Handshaker::~Handshaker() {
  stop();
}

void Handshaker::submit(std::shared_ptr<Session> session, const Datagram& datagram) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    std::atomic<unsigned>& waiting = session->dtls_waiting_;
    if (jobs_.size() >= kMaxWaiting || waiting >= kMaxWaitingEach) {
      ++dropped_;
      return;
    }
    ++waiting;
    Job& job = jobs_.emplace_back();
    job.session = std::move(session);
    job.place.reset(&waiting);
    job.from = datagram.from;
    job.to = datagram.to;
    job.datagram.assign(datagram.data.begin(), datagram.data.end());
  }
  wake_.notify_one();
}

void Handshaker::close(std::shared_ptr<Session> session) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    Job& job = jobs_.emplace_back();
    job.session = std::move(session);
    job.close = true;
  }
  wake_.notify_one();
}

void Handshaker::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Handshaker::loop() {
  for (;;) {
    std::deque<Job> jobs;
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return !jobs_.empty() || stopping_; };
      if (auto when = next_wake()) {
        wake_.wait_until(lock, *when, ready);
      } else {
        wake_.wait(lock, ready);
      }
      jobs.swap(jobs_);
      if (jobs.empty() && stopping_) break;
    }
    wakeups_.fetch_add(1, std::memory_order_relaxed);
    for (auto& job : jobs)
      handle(std::move(job));
    const TimePoint now = Clock::now();
    work_off_deferred(now);
    fire_timers(now);
  }
  timers_.clear();
  deferred_.clear();
}

void Handshaker::handle(Job job) {
  Session& session = *job.session;
  if (job.close) {
    session.dtls_over_ = true;
    if (session.dtls_) session.dtls_->transport->close();
    session.dtls_.reset();
    return;
  }
  if (session.dtls_over_) return;
  if (!session.dtls_) {
    if (deferred_.empty() && !is_client_hello(job.datagram)) return;
    if (!deferred_.empty() || !take_token(Clock::now())) {
      if (deferred_.size() < kMaxWaiting) deferred_.push_back(std::move(job));
      ++deferred_count_;
      return;
    }
  }
  feed(job);
}

void Handshaker::feed(const Job& job) {
  const auto& session = job.session;
  if (!session->dtls_) {
    auto peer = std::make_unique<DtlsPeer>(*session, socket_);
    auto transport = DtlsTransport::make(context_, DtlsTransport::Role::kServer, session->fingerprints_, *peer);
    if (!transport) {
      session->close("dtls-failed: " + transport.error().message);
      return;
    }
    peer->transport = std::move(*transport);
    session->dtls_ = std::move(peer);
    ++started_;
  }
  session->dtls_->reply_to = job.from;
  session->dtls_->reply_from = job.to;
  session->dtls_->transport->feed(job.datagram);
  set_timer(session);
}

void Handshaker::set_timer(const std::shared_ptr<Session>& session) {
  DtlsPeer& peer = *session->dtls_;
  const auto due = peer.transport->next_timeout();
  // An entry that comes too early is looked at again when it fires, so only an earlier time needs a new one.
  if (!due || (peer.timer_at && *peer.timer_at <= *due)) return;
  peer.timer_at = *due;
  timers_.emplace(*due, session);
}

void Handshaker::fire_timers(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto entry = timers_.extract(timers_.begin());
    const auto& session = entry.mapped();
    if (!session->dtls_ || session->dtls_->timer_at != entry.key()) continue;
    session->dtls_->timer_at.reset();
    // OpenSSL knows best whether it is time: it rounds what is left of a timer to 0 and ignores calls that come early.
    session->dtls_->transport->on_timeout();
    set_timer(session);
  }
}

void Handshaker::work_off_deferred(TimePoint now) {
  while (!deferred_.empty()) {
    Job& job = deferred_.front();
    const bool usable = !job.session->dtls_over_ && (job.session->dtls_ || is_client_hello(job.datagram));
    if (usable) {
      if (!job.session->dtls_ && !take_token(now)) return;
      feed(job);
    }
    deferred_.pop_front();
  }
}

bool Handshaker::take_token(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - refilled_).count();
  const double rate = tokens_per_second_;
  tokens_ = std::min(bucket(rate), tokens_ + seconds * rate);
  refilled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::optional<TimePoint> Handshaker::next_wake() const {
  std::optional<TimePoint> when;
  if (!timers_.empty()) when = timers_.begin()->first;
  if (!deferred_.empty()) {
    const auto wait = std::chrono::duration<double>(std::max(0.0, 1 - tokens_) / tokens_per_second_.load());
    const TimePoint token = refilled_ + std::chrono::ceil<Clock::duration>(wait);
    if (!when || token < *when) when = token;
  }
  return when;
}

}  // namespace reallive::rtc
