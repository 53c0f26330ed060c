#include "rtc/transport/network_thread.h"

#include <algorithm>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rtc/transport/session.h"
#include "rtc/wire/dtls_record.h"

namespace reallive::rtc {

namespace {

constexpr size_t kMaxAddressesPerSession = 16;

stun::Address to_stun(const SocketAddress& address) {
  return {address.ip_bytes(), address.port(), address.v6()};
}

}  // namespace

NetworkThread::NetworkThread(UdpSocket& socket, SessionTable& table, Handshaker& handshaker)
    : socket_(socket),
      table_(table),
      handshaker_(handshaker),
      wake_descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "rl-network");
    loop();
  });
}

NetworkThread::~NetworkThread() {
  stop();
  if (wake_descriptor_ >= 0) ::close(wake_descriptor_);
}

void NetworkThread::forget(std::shared_ptr<Session> session) {
  {
    std::lock_guard lock(mutex_);
    forgotten_.push_back(std::move(session));
  }
  eventfd_write(wake_descriptor_, 1);
}

void NetworkThread::stop() {
  stopping_ = true;
  eventfd_write(wake_descriptor_, 1);
  if (thread_.joinable()) thread_.join();
}

void NetworkThread::loop() {
  pollfd descriptors[2] = {{socket_.descriptor(), POLLIN, 0}, {wake_descriptor_, POLLIN, 0}};
  while (!stopping_) {
    ::poll(descriptors, 2, -1);
    if (descriptors[1].revents != 0) {
      eventfd_t count;
      eventfd_read(wake_descriptor_, &count);
      drop_forgotten();
    }
    if (descriptors[0].revents == 0) continue;
    while (!stopping_) {
      auto batch = socket_.receive();
      if (batch.empty()) break;
      const TimePoint now = Clock::now();
      for (const auto& datagram : batch)
        handle(datagram, now);
      // Under steady load poll() is not reached for long: sessions that ended are dropped here as well.
      drop_forgotten();
      if (socket_.drained()) break;
    }
  }
  drop_forgotten();
  by_address_.clear();
}

void NetworkThread::drop_forgotten() {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    std::lock_guard lock(mutex_);
    sessions.swap(forgotten_);
  }
  for (const auto& session : sessions) {
    for (const auto& address : session->addresses_) {
      if (auto found = by_address_.find(address); found != by_address_.end() && found->second == session) {
        by_address_.erase(found);
      }
    }
    session->addresses_.clear();
    session->forgotten_ = true;
  }
}

void NetworkThread::handle(const Datagram& datagram, TimePoint now) {
  packets_.fetch_add(1, std::memory_order_relaxed);
  const PacketKind kind = classify(datagram.data);
  if (kind == PacketKind::kStun) return handle_stun(datagram, now);
  auto found = by_address_.find(datagram.from);
  if (found == by_address_.end()) {
    strangers_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto& session = found->second;
  switch (kind) {
    case PacketKind::kDtls:
      handshaker_.submit(session, datagram);
      break;
    case PacketKind::kRtp:
    case PacketKind::kRtcp:
      session->shard().deliver(session, datagram.data, kind == PacketKind::kRtcp, now);
      break;
    default:
      break;
  }
}

void NetworkThread::handle_stun(const Datagram& datagram, TimePoint now) {
  const auto message = stun::parse(datagram.data);
  if (!message || message->method != stun::kBinding) {
    strangers_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // An indication is a keep-alive (RFC 8445 section 11); a lite agent sends no requests, so there are no responses.
  if (message->kind != stun::Class::kRequest) return;
  const auto session = table_.find(message->username.substr(0, message->username.find(':')));
  if (!session || session->forgotten_) {
    strangers_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto password = session->password_for(message->username);
  if (!message->has_fingerprint || !password || !stun::verify_integrity(*message, *password)) {
    return refuse(datagram, *message, 401, {});
  }
  if (message->unknown_count > 0) return refuse(datagram, *message, 420, *password);
  // Who is lite is controlled, always (RFC 8445 section 6.1.1): the peer has to switch (section 7.3.1.1).
  if (message->controlled) return refuse(datagram, *message, 487, *password);

  const Buffer response = stun::write_response(message->transaction, to_stun(datagram.from), *password);
  socket_.send(datagram.from, response, datagram.to);
  checks_answered_.fetch_add(1, std::memory_order_relaxed);
  learn(session, datagram.from);
  session->on_check(datagram, message->use_candidate, message->username, now);
}

void NetworkThread::refuse(const Datagram& check, const stun::Message& message, int code, std::string_view password) {
  checks_refused_.fetch_add(1, std::memory_order_relaxed);
  socket_.send(check.from, stun::write_error(message.transaction, code, password, message.unknown_types()), check.to);
}

void NetworkThread::learn(const std::shared_ptr<Session>& session, const SocketAddress& from) {
  auto& owner = by_address_[from];
  if (owner == session) return;
  if (owner) std::erase(owner->addresses_, from);
  owner = session;
  session->addresses_.push_back(from);
  if (session->addresses_.size() > kMaxAddressesPerSession) {
    by_address_.erase(session->addresses_.front());
    session->addresses_.erase(session->addresses_.begin());
  }
}

}  // namespace reallive::rtc
