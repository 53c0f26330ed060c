#include "load/peer.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

#include "load/clock.h"
#include "rtc/wire/dtls_record.h"

namespace reallive::load {

namespace {

constexpr size_t kBatch = 32;
constexpr size_t kDatagram = 2048;
constexpr int64_t kCheckEvery = 50 * kMillisecond;      // until nominated
constexpr int64_t kConsentEvery = 2500 * kMillisecond;  // RFC 7675

std::mt19937_64& random_numbers() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return engine;
}

std::string random_text(size_t size) {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < size; ++i)
    text += kLetters[random_numbers()() % 64];
  return text;
}

rtc::stun::TransactionId random_transaction() {
  rtc::stun::TransactionId id;
  for (auto& byte : id)
    byte = static_cast<uint8_t>(random_numbers()());
  return id;
}

rtc::stun::Address mapped_address(const sockaddr_storage& from) {
  rtc::stun::Address address;
  if (from.ss_family == AF_INET6) {
    auto& in6 = reinterpret_cast<const sockaddr_in6&>(from);
    std::memcpy(address.ip.data(), &in6.sin6_addr, 16);
    address.port = ntohs(in6.sin6_port);
    address.v6 = true;
  } else {
    auto& in = reinterpret_cast<const sockaddr_in&>(from);
    std::memcpy(address.ip.data(), &in.sin_addr, 4);
    address.port = ntohs(in.sin_port);
  }
  return address;
}

/// When the kernel got the datagram, carried over from the wall clock that it stamps with.
int64_t arrival_of(const msghdr& message, int64_t real_to_monotonic) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(const_cast<msghdr*>(&message), each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time;
    std::memcpy(&time, CMSG_DATA(each), sizeof time);
    return time.tv_sec * kSecond + time.tv_nsec + real_to_monotonic;
  }
  return now_ns();
}

}  // namespace

Peer::Peer(const DtlsIdentity& identity, Listener& listener, rtc::sdp::Setup setup)
    : identity_(identity),
      listener_(listener),
      setup_(setup),
      ufrag_(random_text(4)),
      pwd_(random_text(24)),
      tie_breaker_(random_numbers()()) {}

Peer::~Peer() {
  if (socket_ >= 0) close(socket_);
}

rtc::sdp::Transport Peer::offered() const {
  rtc::sdp::Transport transport;
  transport.ufrag = ufrag_;
  transport.pwd = pwd_;
  transport.ice_options = {"trickle"};
  transport.fingerprints = {identity_.fingerprint()};
  transport.setup = setup_;
  return transport;
}

Result<void> Peer::start(Loop& loop, const rtc::sdp::Session& answer) {
  if (answer.media.empty()) return fail("ice", "the answer has no media");
  std::vector<rtc::sdp::Candidate> candidates = answer.candidates;
  for (const auto& media : answer.media) {
    if (!media.rejected() && remote_.ufrag.empty()) remote_ = transport_of(answer, media);
    candidates.insert(candidates.end(), media.candidates.begin(), media.candidates.end());
  }
  if (remote_.ufrag.empty() || remote_.fingerprints.empty()) return fail("ice", "the answer has no credentials");
  int family = 0;
  for (const auto& candidate : candidates) {
    if (candidate.protocol != "udp" || candidate.component != 1) continue;
    Remote remote;
    auto& in = reinterpret_cast<sockaddr_in&>(remote.address);
    auto& in6 = reinterpret_cast<sockaddr_in6&>(remote.address);
    if (inet_pton(AF_INET, candidate.address.c_str(), &in.sin_addr) == 1) {
      in.sin_family = AF_INET;
      in.sin_port = htons(candidate.port);
      remote.size = sizeof in;
    } else if (inet_pton(AF_INET6, candidate.address.c_str(), &in6.sin6_addr) == 1) {
      if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr)) continue;  // needs an interface that SDP cannot name
      in6.sin6_family = AF_INET6;
      in6.sin6_port = htons(candidate.port);
      remote.size = sizeof in6;
    } else {
      continue;
    }
    // One socket, one family: that of the first usable candidate.
    if (family == 0) family = remote.address.ss_family;
    if (remote.address.ss_family == family) candidates_.push_back(remote);
  }
  if (candidates_.empty()) return fail("ice", "the answer has no usable UDP candidate");

  socket_ = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return fail("ice", std::string("no socket: ") + std::strerror(errno));
  int on = 1, size = 1 << 20;
  setsockopt(socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  loop_ = &loop;
  loop_->add(socket_, *this);
  send_checks(now_ns());
  return {};
}

void Peer::stop() {
  if (!loop_) return;
  if (dtls_) dtls_->close();
  loop_->remove(socket_, *this);
  loop_ = nullptr;
  close(socket_);
  socket_ = -1;
}

void Peer::send_checks(int64_t now) {
  rtc::stun::BindingRequest request;
  std::string username = remote_.ufrag + ":" + ufrag_;
  request.username = username;
  request.priority = 0x6e7f1eff;
  request.tie_breaker = tie_breaker_;
  request.use_candidate = true;  // aggressive on purpose: a lite agent takes the newest
  auto check = [&](const Remote& remote) {
    request.transaction = random_transaction();
    rtc::Buffer bytes = rtc::stun::write_request(request, remote_.pwd);
    sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&remote.address), remote.size);
  };
  if (nominated_) {
    check(*nominated_);
  } else {
    for (const Remote& remote : candidates_)
      check(remote);
  }
  next_check_ns_ = now + (nominated_ ? kConsentEvery : kCheckEvery);
}

void Peer::on_tick(int64_t now) {
  if (now >= next_check_ns_) send_checks(now);
  if (dtls_) dtls_->tick();
  listener_.on_tick(now);
}

void Peer::on_readable() {
  thread_local uint8_t data[kBatch][kDatagram];
  thread_local Remote from[kBatch];
  thread_local uint8_t control[kBatch][64];
  mmsghdr messages[kBatch];
  iovec vectors[kBatch];
  for (size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {data[i], kDatagram};
    messages[i] = {};
    messages[i].msg_hdr = {&from[i].address, sizeof from[i].address, &vectors[i], 1, control[i], sizeof control[i], 0};
  }
  int count = recvmmsg(socket_, messages, kBatch, MSG_DONTWAIT, nullptr);
  int64_t offset = now_ns() - read_clock(CLOCK_REALTIME);
  for (int i = 0; i < count && socket_ >= 0; ++i) {
    from[i].size = messages[i].msg_hdr.msg_namelen;
    take(data[i], messages[i].msg_len, from[i], arrival_of(messages[i].msg_hdr, offset));
  }
}

void Peer::take(uint8_t* data, size_t size, const Remote& from, int64_t arrival_ns) {
  ++counters_.datagrams;
  switch (rtc::classify({data, size})) {
    case rtc::PacketKind::kStun:
      take_stun({data, size}, from);
      return;
    case rtc::PacketKind::kDtls:
      take_dtls({data, size});
      return;
    case rtc::PacketKind::kRtp:
    case rtc::PacketKind::kRtcp:
      break;
    default:
      ++counters_.malformed;
      return;
  }
  if (!srtp_) return;  // overtook the last flight of the handshake
  bool rtcp = rtc::classify({data, size}) == rtc::PacketKind::kRtcp;
  auto opened = rtcp ? srtp_->open_rtcp(data, size) : srtp_->open_rtp(data, size);
  if (opened == Srtp::Opened::kForged) ++counters_.forged;
  if (opened == Srtp::Opened::kReplayed) ++counters_.replayed;
  if (opened != Srtp::Opened::kYes) return;
  if (!rtcp) {
    listener_.on_rtp({data, size}, arrival_ns);
  } else if (auto records = rtc::rtcp::parse({data, size})) {
    listener_.on_rtcp(*records);
  } else {
    ++counters_.malformed;
  }
}

void Peer::take_stun(rtc::Bytes datagram, const Remote& from) {
  auto message = rtc::stun::parse(datagram);
  if (!message) {
    ++counters_.malformed;
    return;
  }
  if (message->kind == rtc::stun::Class::kRequest) {
    // Only a full agent checks us back.
    if (!rtc::stun::verify_integrity(*message, pwd_)) return;
    rtc::Buffer bytes = rtc::stun::write_response(message->transaction, mapped_address(from.address), pwd_);
    sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&from.address), from.size);
  } else if (message->kind == rtc::stun::Class::kSuccess) {
    if (rtc::stun::verify_integrity(*message, remote_.pwd) && !nominated_) nominate(from);
  } else if (message->kind == rtc::stun::Class::kError && message->error) {
    fail_with("ICE error " + std::to_string(message->error->code));
  }
}

void Peer::nominate(const Remote& remote) {
  nominated_ = remote;
  next_check_ns_ = now_ns() + kConsentEvery;
  rtc::sdp::Fingerprint expected = remote_.fingerprints[0];
  dtls_ = std::make_unique<DtlsClient>(identity_, expected, [this](rtc::Bytes bytes) { send_datagram(bytes); });
  dtls_->feed({});
}

void Peer::take_dtls(rtc::Bytes datagram) {
  if (!dtls_) return;
  auto state = dtls_->feed(datagram);
  if (state == DtlsClient::State::kFailed) fail_with("DTLS: " + dtls_->error());
  if (state == DtlsClient::State::kClosed) fail_with("closed by the server");
  if (state == DtlsClient::State::kConnected && !srtp_) {
    profile_ = dtls_->material().profile;
    srtp_ = std::make_unique<Srtp>(dtls_->material());
    listener_.on_connected();
  }
}

void Peer::fail_with(const std::string& reason) {
  if (!std::exchange(failed_, true)) listener_.on_failed(reason);
}

void Peer::send_datagram(rtc::Bytes datagram) {
  sendto(socket_, datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&nominated_->address),
         nominated_->size);
}

bool Peer::drop() {
  return loss_ > 0 && std::uniform_real_distribution<>()(random_numbers()) < loss_;
}

void Peer::send_rtp(rtc::Buffer packet) {
  if (!srtp_ || socket_ < 0) return;
  srtp_->seal_rtp(packet);
  if (!drop()) send_datagram(packet);
}

void Peer::send_rtcp(rtc::Buffer packet) {
  if (!srtp_ || socket_ < 0) return;
  srtp_->seal_rtcp(packet);
  send_datagram(packet);
}

}  // namespace reallive::load
