#include "udp_relay.h"

#include <algorithm>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <unistd.h>

namespace reallive::test {

namespace {

using rtc::SocketAddress;
using rtc::UdpSocket;

constexpr size_t kBuffer = 1 << 20;

UdpSocket loopback(const SocketAddress& like) {
  auto socket = UdpSocket::bind(*SocketAddress::from_ip(like.ip(), 0), kBuffer);
  if (!socket) throw std::runtime_error(socket.error().message);
  return std::move(*socket);
}

}  // namespace

UdpRelay::UdpRelay(const SocketAddress& target, const Conditions& to_server, const Conditions& to_client, unsigned seed)
    : target_(target), front_(loopback(target)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  set_conditions(to_server, to_client);
  to_server_.random.seed(seed);
  to_client_.random.seed(seed + 1);
  thread_ = std::thread([this] { run(); });
}

UdpRelay::~UdpRelay() {
  stopping_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
  thread_.join();
  close(wake_);
}

void UdpRelay::set_conditions(const Conditions& to_server, const Conditions& to_client) {
  const std::lock_guard lock(mutex_);
  to_server_.conditions = to_server;
  to_client_.conditions = to_client;
}

UdpRelay::Counts UdpRelay::to_server() const {
  const std::lock_guard lock(mutex_);
  return to_server_.counts;
}

UdpRelay::Counts UdpRelay::to_client() const {
  const std::lock_guard lock(mutex_);
  return to_client_.counts;
}

UdpSocket* UdpRelay::socket_for(const SocketAddress& client) {
  auto& entry = clients_[client.to_string()];
  if (!entry.second) entry = {client, std::make_unique<UdpSocket>(loopback(target_))};
  return entry.second.get();
}

void UdpRelay::carry(Direction& direction, UdpSocket& from, const SocketAddress& to, rtc::Bytes bytes) {
  const std::lock_guard lock(mutex_);
  const Conditions& conditions = direction.conditions;
  std::uniform_real_distribution<double> chance(0, 1);
  // Always the same number of draws, so that one decision does not shift the others.
  const bool lost = chance(direction.random) < conditions.loss;
  const bool doubled = chance(direction.random) < conditions.duplication;
  const bool late = chance(direction.random) < conditions.reordering;
  const auto most = std::max<int64_t>(1, conditions.reorder_by.count());
  const std::chrono::milliseconds later(1 + static_cast<int64_t>(chance(direction.random) * static_cast<double>(most)));
  ++direction.counts.carried;
  if (lost) {
    ++direction.counts.lost;
    return;
  }
  const auto due = Clock::now() + conditions.delay + (late ? later : std::chrono::milliseconds(0));
  direction.counts.reordered += late;
  direction.counts.duplicated += doubled;
  for (int copies = doubled ? 2 : 1; copies > 0; --copies) {
    Waiting one;
    one.due = due;
    one.order = ++order_;
    one.from = &from;
    one.to = to;
    one.bytes.assign(bytes.begin(), bytes.end());
    waiting_.push(std::move(one));
  }
}

void UdpRelay::run() {
  std::vector<pollfd> descriptors;
  while (!stopping_) {
    const auto now = Clock::now();
    while (!waiting_.empty() && waiting_.top().due <= now) {
      const Waiting& next = waiting_.top();
      next.from->send(next.to, next.bytes);
      waiting_.pop();
    }
    int timeout_ms = -1;
    if (!waiting_.empty()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(waiting_.top().due - Clock::now());
      timeout_ms = static_cast<int>(std::max<int64_t>(0, left.count()) + (left.count() > 0));
    }
    descriptors.assign({{wake_, POLLIN, 0}, {front_.descriptor(), POLLIN, 0}});
    for (const auto& [name, client] : clients_)
      descriptors.push_back({client.second->descriptor(), POLLIN, 0});
    poll(descriptors.data(), descriptors.size(), timeout_ms);
    for (const rtc::Datagram& datagram : front_.receive()) {
      carry(to_server_, *socket_for(datagram.from), target_, datagram.data);
    }
    for (const auto& [name, client] : clients_) {
      for (const rtc::Datagram& datagram : client.second->receive())
        carry(to_client_, front_, client.first, datagram.data);
    }
  }
}

}  // namespace reallive::test
