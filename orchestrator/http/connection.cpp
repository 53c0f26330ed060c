#include "http/connection.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/log.h"
#include "base/time.h"
#include "http/message.h"

namespace reallive::http {
namespace {

constexpr char connection_key[] = "reallive-connection";

/// What the library reads ahead of the headers' end at most.
constexpr size_t read_ahead = 16 << 10;

std::atomic<uint64_t> changes{0};

std::chrono::milliseconds now() {
  return base::system_clock().steady();
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

bool is_ready(int descriptor, short events) {
  pollfd one{descriptor, events, 0};
  return poll(&one, 1, 0) > 0;
}

}  // namespace

Connection::Connection(int descriptor, std::string remote_address, std::shared_ptr<tls::Context> tls,
                       const Limits& limits, std::function<void(Connection&)> gone)
    : remote_address_(std::move(remote_address)),
      secure_(tls != nullptr),
      limits_(limits),
      gone_(std::move(gone)),
      descriptor_(descriptor),
      since_(now()) {
  if (tls) tls_ = std::make_unique<tls::Session>(std::move(tls), descriptor);
}

Connection::~Connection() {
  close();
}

Connection::Phase Connection::phase() const {
  const std::lock_guard lock(mutex_);
  return phase_;
}

void Connection::enter(Phase phase) {
  const std::lock_guard lock(mutex_);
  phase_ = phase;
  since_ = now();
  order_ = ++changes;
  received_ = 0;
}

uint64_t Connection::order() const {
  const std::lock_guard lock(mutex_);
  return order_;
}

std::chrono::milliseconds Connection::since(std::chrono::milliseconds now) const {
  const std::lock_guard lock(mutex_);
  return now - since_;
}

gssize Connection::fail(GError** error, GIOErrorEnum code, const char* text) const {
  g_set_error_literal(error, G_IO_ERROR, code, text);
  return -1;
}

void Connection::count_read(size_t bytes) {
  if (phase_ == Phase::fresh || phase_ == Phase::idle) {
    phase_ = Phase::header;
    since_ = now();
    received_ = 0;
  }
  received_ += bytes;
}

void Connection::count_write(size_t wanted, gssize written) {
  blocked_ = written < 0 || static_cast<size_t>(written) < wanted;
  if (blocked_ && !window_) {
    window_ = now();
    window_bytes_ = 0;
  }
  if (written > 0) window_bytes_ += static_cast<size_t>(written);
}

gssize Connection::moved(const tls::Session::Moved& moved, bool for_reading, GError** error) {
  using State = tls::Session::State;
  (for_reading ? read_wants_write_ : write_wants_read_) =
      moved.state == (for_reading ? State::want_write : State::want_read);
  switch (moved.state) {
    case State::done:
      return static_cast<gssize>(moved.bytes);
    case State::want_read:
    case State::want_write:
      return fail(error, G_IO_ERROR_WOULD_BLOCK, "not yet");
    case State::closed:
      return for_reading ? 0 : fail(error, G_IO_ERROR_BROKEN_PIPE, "the client has gone");
    case State::failed:
      break;
  }
  return fail(error, G_IO_ERROR_CONNECTION_CLOSED, "TLS failed");
}

/// libsoup 3.2 forgets to close a connection that ends between two requests: it closes those whose request has begun.
/// So it is shown the beginning of one.
gssize Connection::end_of_input(void* into, size_t size) {
  if (phase_ != Phase::idle || size == 0) return 0;
  phase_ = Phase::header;
  since_ = now();
  *static_cast<char*>(into) = '.';
  return 1;
}

gssize Connection::read(void* into, size_t size, GError** error) {
  std::unique_lock lock(mutex_);
  if (descriptor_ < 0) return fail(error, G_IO_ERROR_CLOSED, "closed");
  if (cut_) return end_of_input(into, size);
  // No more of a header than is allowed is ever taken in, whatever the library makes of it.
  const bool header = phase_ == Phase::fresh || phase_ == Phase::idle || phase_ == Phase::header;
  if (header) {
    const size_t before = phase_ == Phase::header ? received_ : 0;
    const size_t budget = limits_.header + read_ahead;
    if (before >= budget) {
      lock.unlock();
      refuse(431);
      return 0;
    }
    size = std::min(size, budget - before);
  }
  gssize got = 0;
  if (tls_) {
    const auto read = tls_->read({static_cast<std::byte*>(into), size});
    if (phase_ == Phase::idle && read.state == tls::Session::State::failed) return end_of_input(into, size);
    got = moved(read, true, error);
  } else {
    got = recv(descriptor_, into, size, 0);
    if (got < 0 && would_block(errno)) return fail(error, G_IO_ERROR_WOULD_BLOCK, "not yet");
    if (got < 0 && phase_ == Phase::idle) return end_of_input(into, size);
    if (got < 0) return fail(error, G_IO_ERROR_CONNECTION_CLOSED, "the client has gone");
  }
  if (got == 0) return end_of_input(into, size);
  if (got > 0) count_read(static_cast<size_t>(got));
  return got;
}

gssize Connection::write(const void* bytes, size_t size, GError** error) {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) return fail(error, G_IO_ERROR_CLOSED, "closed");
  if (cut_) return fail(error, G_IO_ERROR_BROKEN_PIPE, "cut");
  gssize sent = 0;
  if (tls_) {
    sent = moved(tls_->write({static_cast<const std::byte*>(bytes), size}), false, error);
  } else {
    sent = send(descriptor_, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && would_block(errno))
      fail(error, G_IO_ERROR_WOULD_BLOCK, "not yet");
    else if (sent < 0)
      fail(error, G_IO_ERROR_BROKEN_PIPE, "the client has gone");
  }
  count_write(size, sent);
  return sent;
}

short Connection::wanted_events(bool for_reading) const {
  if (for_reading) return read_wants_write_ ? POLLOUT : POLLIN;
  return write_wants_read_ ? POLLIN : POLLOUT;
}

bool Connection::can_read() const {
  const std::lock_guard lock(mutex_);
  return descriptor_ < 0 || cut_ || (tls_ && tls_->has_pending()) || is_ready(descriptor_, wanted_events(true));
}

bool Connection::can_write() const {
  const std::lock_guard lock(mutex_);
  return descriptor_ < 0 || cut_ || is_ready(descriptor_, wanted_events(false));
}

GSource* Connection::create_source(bool for_reading) const {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0 || cut_ || (for_reading && tls_ && tls_->has_pending())) return g_timeout_source_new(0);
  return g_unix_fd_source_new(descriptor_, wanted_events(for_reading) == POLLIN ? G_IO_IN : G_IO_OUT);
}

GSource* Connection::create_watch() const {
  const std::lock_guard lock(mutex_);
  return descriptor_ < 0 ? nullptr : g_unix_fd_source_new(descriptor_, G_IO_IN);
}

Connection::Sign Connection::look() const {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) return Sign::gone;
  char byte = 0;
  const auto got = recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return Sign::bytes;
  return got < 0 && would_block(errno) ? Sign::nothing : Sign::gone;
}

void Connection::wait(bool for_reading) const {
  pollfd one{-1, 0, 0};
  {
    const std::lock_guard lock(mutex_);
    if (cut_) return;
    one = {descriptor_, wanted_events(for_reading), 0};
  }
  poll(&one, 1, 1000);
}

void Connection::check(std::chrono::milliseconds now) {
  bool late = false, silent = false;
  {
    const std::lock_guard lock(mutex_);
    if (cut_ || descriptor_ < 0) return;
    const auto enough = [this](std::chrono::milliseconds time, size_t bytes) {
      return bytes >= limits_.least_rate * static_cast<size_t>(time.count()) / 1000;
    };
    const auto time = now - since_;
    if (phase_ == Phase::fresh || phase_ == Phase::idle)
      silent = time >= (phase_ == Phase::fresh ? limits_.header_time : limits_.idle_time);
    else if (phase_ == Phase::header)
      late = time >= limits_.header_time;
    else if (phase_ == Phase::body)
      late = time >= limits_.stall_time && !enough(time, received_);
    if (window_ && now - *window_ >= limits_.stall_time) {
      silent = silent || (blocked_ && !enough(now - *window_, window_bytes_));
      window_.reset();
      if (blocked_) {
        window_ = now;
        window_bytes_ = 0;
      }
    }
  }
  if (late) return refuse(408);
  if (silent) cut();
}

void Connection::refuse(int status) {
  base::log::info("http", "a client was cut", {{"status", std::to_string(status)}, {"remote", remote_address_}});
  const std::string answer = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) +
                             "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  GError* error = nullptr;
  // If not all of it goes at once, it goes not at all: such a client is not waited for.
  write(answer.data(), answer.size(), &error);
  g_clear_error(&error);
  cut();
}

void Connection::cut() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(cut_, true) || descriptor_ < 0) return;
  shutdown(descriptor_, SHUT_RDWR);
}

void Connection::close() {
  {
    const std::lock_guard lock(mutex_);
    if (descriptor_ < 0) return;
    if (tls_ && !cut_) tls_->close();
    if (cut_) {
      // What the kernel still holds for a client that does not take it is thrown away now, not after many minutes.
      const linger none{1, 0};
      if (blocked_) setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    ::close(std::exchange(descriptor_, -1));
  }
  if (const auto gone = std::exchange(gone_, {})) gone(*this);
}

void attach(GSocketAddress* remote, const ConnectionPtr& connection) {
  g_object_set_data_full(G_OBJECT(remote), connection_key, new ConnectionPtr(connection),
                         [](gpointer data) { delete static_cast<ConnectionPtr*>(data); });
}

const ConnectionPtr& connection_of(GSocketAddress* remote) {
  return *static_cast<const ConnectionPtr*>(g_object_get_data(G_OBJECT(remote), connection_key));
}

}  // namespace reallive::http
