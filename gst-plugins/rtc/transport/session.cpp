#include "rtc/transport/session.h"

#include <algorithm>
#include <array>
#include <openssl/rand.h>
#include <stdexcept>

#include "rtc/transport/endpoint_core.h"

namespace reallive::rtc {

namespace {

constexpr size_t kMaxRtcp = 1200;

std::string random_text(size_t size, std::string_view alphabet) {
  std::string text(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(size)) != 1) {
    throw std::runtime_error("the random number generator failed");
  }
  for (char& c : text)
    c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return text;
}

// RFC 8839 section 5.4: at least 24 and 128 bits of randomness, from ice-char. 64 letters: no bias.
IceCredentials make_credentials() {
  constexpr std::string_view kIceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return {random_text(12, kIceChars), random_text(24, kIceChars)};
}

TimePoint from_count(Clock::rep count) {
  return TimePoint(Clock::duration(count));
}

}  // namespace

Session::Session(std::shared_ptr<EndpointCore> core, std::shared_ptr<Shard> shard, RemoteTransport remote)
    : id_(random_text(32, "0123456789abcdef")),
      core_(std::move(core)),
      shard_(std::move(shard)),
      fingerprints_(std::move(remote.fingerprints)),
      local_(make_credentials()),
      remote_ufrag_(std::move(remote.ice.ufrag)),
      last_check_(Clock::now().time_since_epoch().count()),
      supervisor_(*shard_, [this] { supervise(); }) {}

Session::~Session() {
  core_->table.release();
}

IceCredentials Session::local_credentials() const {
  std::lock_guard lock(mutex_);
  return local_;
}

void Session::start(std::shared_ptr<Listener> listener) {
  const bool posted = shard_->post([self = shared_from_this(), listener = std::move(listener)] {
    if (self->gone_) return listener->on_gone("removed");  // closed before it began
    self->listener_ = listener;
    self->started_ = Clock::now();
    self->supervisor_.start(self->started_ + self->core_->connect_timeout.load());
  });
  if (!posted) return;
  const std::string ufrag = local_credentials().ufrag;
  core_->table.add(ufrag, shared_from_this());
  if (closing_) core_->table.remove(ufrag);  // the shard may have finished it in between
}

IceCredentials Session::restart_ice(const IceCredentials& remote) {
  IceCredentials fresh = make_credentials();
  std::string superseded;
  {
    std::lock_guard lock(mutex_);
    // A restart during a restart: only the newest and the last that worked hold.
    if (old_local_.ufrag.empty()) {
      old_local_ = local_;
      old_remote_ufrag_ = remote_ufrag_;
    } else {
      superseded = local_.ufrag;
    }
    local_ = fresh;
    remote_ufrag_ = remote.ufrag;
  }
  if (!superseded.empty()) core_->table.remove(superseded);
  core_->table.add(fresh.ufrag, shared_from_this());
  // finish() removes what it knows of; what came in after it has to go as well.
  if (closing_) core_->table.remove(fresh.ufrag);
  return fresh;
}

void Session::close(const std::string& reason) {
  if (closing_.exchange(true)) return;
  shard_->post([self = shared_from_this(), reason] { self->finish(reason); });
}

SendResult Session::send(std::span<const uint8_t> datagrams, size_t segment_size) {
  const auto to = path();
  if (!to) return {};
  bytes_sent_ += datagrams.size();
  return core_->socket.send_segments(to->remote, datagrams, segment_size, to->local);
}

void Session::send_rtcp(std::span<const uint8_t> plain) {
  if (!sender_ || plain.size() > kMaxRtcp) return;
  std::array<uint8_t, kMaxRtcp + kSrtcpOverhead> sealed;
  const size_t size = sender_->seal_rtcp(plain, sealed);
  if (size != 0) send({sealed.data(), size}, size);
}

SessionStats Session::stats() const {
  SessionStats stats;
  stats.connected = connected();
  if (sender_) stats.srtp_profile = to_string(sender_->profile());
  stats.packets_received = packets_received_;
  stats.bytes_received = bytes_received_;
  stats.packets_rejected = packets_rejected_;
  stats.bytes_sent = bytes_sent_;
  std::lock_guard lock(mutex_);
  if (path_) stats.remote_address = path_->remote.to_string();
  stats.path_changes = path_changes_;
  return stats;
}

std::optional<std::string> Session::password_for(std::string_view username) const {
  const auto names = [&](const std::string& ours, const std::string& theirs) {
    return username.size() == ours.size() + 1 + theirs.size() && username.starts_with(ours) &&
           username[ours.size()] == ':' && username.ends_with(theirs);
  };
  std::lock_guard lock(mutex_);
  if (names(local_.ufrag, remote_ufrag_)) return local_.password;
  if (!old_local_.ufrag.empty() && names(old_local_.ufrag, old_remote_ufrag_)) return old_local_.password;
  return std::nullopt;
}

void Session::on_check(const Datagram& check, bool nominated, std::string_view username, TimePoint now) {
  last_check_ = now.time_since_epoch().count();
  std::string superseded;
  {
    std::lock_guard lock(mutex_);
    const bool of_now = username.starts_with(local_.ufrag + ":");
    if (of_now && !old_local_.ufrag.empty()) {
      superseded = std::exchange(old_local_, {}).ufrag;
      nominated_ = false;
    }
    // Until something is nominated the newest pair that works is used; afterwards only nominations move the path.
    // What still arrives for the old credentials of a restart does not count.
    const bool counts = of_now || !old_local_.ufrag.empty();
    if (counts && (nominated || !nominated_)) {
      const Path path{check.from, check.to};
      if (path_ && *path_ != path) ++path_changes_;
      path_ = path;
      nominated_ = nominated_ || nominated;
    }
  }
  if (!superseded.empty()) core_->table.remove(superseded);
}

void Session::on_handshake_done(const SrtpKeys& local, const SrtpKeys& remote) {
  shard_->post([self = shared_from_this(), local, remote] { self->connect(local, remote); });
}

std::optional<Session::Path> Session::path() const {
  std::lock_guard lock(mutex_);
  return path_;
}

void Session::connect(const SrtpKeys& local, const SrtpKeys& remote) {
  if (gone_ || sender_) return;
  auto sender = SrtpSender::make(local);
  auto receiver = SrtpReceiver::make(remote);
  if (!sender || !receiver) {
    closing_ = true;
    return finish("dtls-failed: " + (sender ? receiver.error() : sender.error()).message);
  }
  sender_ = std::move(*sender);
  receiver_ = std::move(*receiver);
  supervise();
  if (listener_) listener_->on_connected(sender_->profile());
}

void Session::receive(std::span<uint8_t> datagram, bool rtcp, TimePoint arrival) {
  if (gone_ || !receiver_ || !listener_) return;
  const SrtpOpened opened = rtcp ? receiver_->open_rtcp(datagram) : receiver_->open(datagram);
  if (!opened) {
    if (opened.status != SrtpStatus::kReplayed) ++packets_rejected_;
    return;
  }
  ++packets_received_;
  bytes_received_ += datagram.size();
  const auto plain = datagram.first(opened.size);
  if (rtcp) {
    listener_->on_rtcp(plain, arrival);
  } else {
    listener_->on_rtp(plain, arrival);
  }
}

void Session::supervise() {
  if (gone_) return;
  const TimePoint now = Clock::now();
  const TimePoint deadline =
      sender_ ? from_count(last_check_) + core_->consent_timeout.load() : started_ + core_->connect_timeout.load();
  if (now < deadline) return supervisor_.start(deadline);
  // Not here: this runs inside the supervisor's own timer, and finish() may let the last reference go.
  close(sender_ ? "consent-expired" : "connect-timeout");
}

void Session::finish(const std::string& reason) {
  if (gone_) return;
  gone_ = true;
  supervisor_.stop();
  if (listener_) std::exchange(listener_, nullptr)->on_gone(reason);
  sender_.reset();
  receiver_.reset();
  std::string ufrags[2];
  {
    std::lock_guard lock(mutex_);
    ufrags[0] = local_.ufrag;
    ufrags[1] = old_local_.ufrag;
  }
  for (const auto& ufrag : ufrags) {
    if (!ufrag.empty()) core_->table.remove(ufrag);
  }
  core_->handshaker.close(shared_from_this());
  core_->network.forget(shared_from_this());
}

}  // namespace reallive::rtc
