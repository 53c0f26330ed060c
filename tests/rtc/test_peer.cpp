#include "test_peer.h"

#include <algorithm>
#include <poll.h>
#include <random>

namespace reallive::rtc {

namespace {

std::string random_word(size_t size) {
  static std::mt19937 generator(std::random_device{}());
  std::string word;
  while (word.size() < size)
    word += static_cast<char>('a' + generator() % 26);
  return word;
}

sdp::Codec codec(uint8_t type, std::string name, uint32_t rate, std::string fmtp, std::vector<std::string> feedback) {
  sdp::Codec result;
  result.payload_type = type;
  result.name = std::move(name);
  result.clock_rate = rate;
  result.fmtp = std::move(fmtp);
  result.feedback = std::move(feedback);
  return result;
}

}  // namespace

TestPeer::TestPeer(std::shared_ptr<const DtlsContext> context)
    : context_(context ? std::move(context) : *DtlsContext::make()), local_{random_word(8), random_word(24)} {
  socket_.emplace(*UdpSocket::bind(*SocketAddress::parse("127.0.0.1:0")));
}

TestPeer::~TestPeer() = default;

std::string TestPeer::offer(const OfferOptions& options) const {
  sdp::Session session;
  session.id = 4711;
  session.transport.ufrag = local_.ufrag;
  session.transport.pwd = local_.password;
  session.transport.fingerprints = {context_->fingerprint()};
  session.transport.setup = sdp::Setup::kActPass;
  const auto add = [&](sdp::Kind kind, const char* type, const char* mid) -> sdp::Media& {
    sdp::Media media;
    media.kind = kind;
    media.type = type;
    media.mid = mid;
    media.direction = options.direction;
    media.rtcp_mux = true;
    media.rtcp_rsize = true;
    session.media.push_back(media);
    return session.media.back();
  };
  std::vector<std::string> bundle;
  if (options.video) {
    auto& video = add(sdp::Kind::kVideo, "video", "0");
    bundle.push_back("0");
    const bool h264 = options.video_codec == "H264";
    video.codecs.push_back(codec(102, options.video_codec, 90000,
                                 h264 ? "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" : "",
                                 options.video_feedback));
    if (options.rtx) video.codecs.push_back(codec(103, "rtx", 90000, "apt=102", {}));
    video.extmaps.push_back({4, "urn:ietf:params:rtp-hdrext:sdes:mid"});
    video.extmaps.push_back({5, "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"});
    if (options.capture_time) {
      video.extmaps.push_back({6, "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"});
    }
  }
  if (options.audio) {
    auto& audio = add(sdp::Kind::kAudio, "audio", "1");
    bundle.push_back("1");
    audio.codecs.push_back(codec(111, "opus", 48000, "minptime=10;useinbandfec=1", {"transport-cc"}));
    audio.codecs.back().channels = 2;
  }
  session.bundles = {bundle};
  return sdp::write(session);
}

void TestPeer::accept(const std::string& text) {
  answer = *sdp::parse(text);
  for (const auto& media : answer.media) {
    if (media.rejected()) continue;
    const auto transport = sdp::transport_of(answer, media);
    const auto& candidate = media.candidates.at(0);
    connect_to(*SocketAddress::from_ip(candidate.address, candidate.port), {transport.ufrag, transport.pwd},
               transport.fingerprints.at(0));
    return;
  }
}

void TestPeer::connect_to(const SocketAddress& server, const IceCredentials& credentials,
                          const sdp::Fingerprint& fingerprint) {
  server_ = server;
  remote_ = credentials;
  dtls_ = std::move(*DtlsTransport::make(context_, DtlsTransport::Role::kClient, {fingerprint}, *this));
}

RemoteTransport TestPeer::transport() const {
  return {local_, {context_->fingerprint()}};
}

void TestPeer::send_check(const std::string& username, const std::string& password, bool controlling, bool nominate) {
  stun::BindingRequest request;
  static std::mt19937 generator(std::random_device{}());
  std::generate(request.transaction.begin(), request.transaction.end(), [] { return generator() & 0xFF; });
  request.username = username;
  request.priority = 1;
  request.controlling = controlling;
  request.tie_breaker = 1;
  request.use_candidate = nominate;
  send_raw(stun::write_request(request, password));
}

void TestPeer::send_padded_check(size_t size) {
  constexpr uint16_t kUsername = 0x0006, kSoftware = 0x8022;
  std::string username = remote_.ufrag + ":" + local_.ufrag;
  Buffer check = {0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  append_u16(check, kUsername);
  append_u16(check, static_cast<uint16_t>(username.size()));
  username.resize((username.size() + 3) / 4 * 4);
  check.insert(check.end(), username.begin(), username.end());
  append_u16(check, kSoftware);
  append_u16(check, static_cast<uint16_t>(size - check.size() - 2));
  check.resize(size, ' ');
  put_u16(check.data() + 2, static_cast<uint16_t>(size - 20));
  send_raw(check);
}

void TestPeer::send_raw(Bytes datagram) {
  socket_->send(*server_, datagram);
}

void TestPeer::move() {
  socket_.emplace(*UdpSocket::bind(*SocketAddress::parse("127.0.0.1:0")));
  next_check_ = {};
}

void TestPeer::bind(const std::string& address) {
  socket_.emplace(*UdpSocket::bind(*SocketAddress::parse(address)));
}

void TestPeer::set_credentials(const IceCredentials& local, const IceCredentials& remote) {
  local_ = local;
  remote_ = remote;
  next_check_ = {};
}

void TestPeer::step() {
  const TimePoint now = Clock::now();
  if (server_ && now >= next_check_) {
    send_check(remote_.ufrag + ":" + local_.ufrag, remote_.password, true, true);
    next_check_ = now + (checked_ ? std::chrono::milliseconds(500) : std::chrono::milliseconds(50));
  }
  for (auto batch = socket_->receive(); !batch.empty(); batch = socket_->receive()) {
    for (const auto& datagram : batch)
      handle(datagram);
  }
  if (dtls_) {
    dtls_->on_timeout();  // ignored while it is not time
  }
}

bool TestPeer::run_until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const TimePoint end = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > end) return false;
    step();
    pollfd descriptor{socket_->descriptor(), POLLIN, 0};
    ::poll(&descriptor, 1, 5);
  }
  return true;
}

void TestPeer::handle(const Datagram& datagram) {
  if (stun::looks_like_stun(datagram.data)) {
    const auto message = stun::parse(datagram.data);
    if (message && message->kind == stun::Class::kError && message->error) stun_errors.push_back(message->error->code);
    if (message && message->kind == stun::Class::kSuccess && stun::verify_integrity(*message, remote_.password)) {
      if (!checked_ && dtls_) dtls_->start();
      checked_ = true;
    }
    return;
  }
  const uint8_t first = datagram.data[0];
  if (first >= 20 && first <= 63) {
    dtls_->feed(datagram.data);
  } else if (receiver_ && datagram.data.size() >= 12 && datagram.data[1] >= 192 && datagram.data[1] <= 223) {
    if (auto opened = receiver_->open_rtcp(datagram.data)) {
      if (auto records = rtcp::parse(datagram.data.first(opened.size))) {
        reports.insert(reports.end(), records->begin(), records->end());
      }
    }
  } else if (receiver_) {
    take_rtp(datagram.data);
  }
}

void TestPeer::take_rtp(std::span<uint8_t> datagram) {
  Buffer sealed;
  if (check_nonces) sealed.assign(datagram.begin(), datagram.end());
  const auto opened = receiver_->open(datagram);
  if (!opened && opened.status != SrtpStatus::kReplayed) return;
  if (check_nonces) {
    const auto header = rtp::parse_header(sealed);
    auto [entry, fresh] = sealed_.try_emplace({header->ssrc, header->sequence}, sealed);
    if (!fresh) ++(entry->second == sealed ? identical_repeats : nonce_repeats);
  }
  if (!opened) return;
  ++packet_count;
  if (!keep_packets) return;
  const auto packet = rtp::parse(datagram.first(opened.size));
  if (!packet) return;
  Received received;
  received.header = {packet->marker, packet->payload_type, packet->sequence, packet->timestamp, packet->ssrc};
  received.payload.assign(packet->payload.begin(), packet->payload.end());
  for (rtp::Extensions extensions(*packet); auto extension = extensions.next();) {
    received.extensions[extension->id].assign(extension->data.begin(), extension->data.end());
  }
  received.index = opened.index;
  received.datagram_size = sealed.size();
  received.when = Clock::now();
  if (!lose || !lose(received)) packets.push_back(std::move(received));
}

void TestPeer::send_rtcp(const Buffer& plain) {
  Buffer sealed(plain.size() + kSrtcpOverhead);
  send_raw(Bytes(sealed).first(sender_->seal_rtcp(plain, sealed)));
}

void TestPeer::send_rtp(const Buffer& plain) {
  Buffer sealed(plain.size() + kSrtpOverhead);
  const auto header = rtp::parse_header(plain);
  send_raw(Bytes(sealed).first(
      sender_->seal({Bytes(plain).first(header->header_size), {}, Bytes(plain).subspan(header->header_size)}, sealed)));
}

void TestPeer::on_dtls_send(Bytes datagram) {
  send_raw(datagram);
}

void TestPeer::on_dtls_connected(const SrtpKeys& local, const SrtpKeys& remote) {
  sender_ = std::move(*SrtpSender::make(local));
  receiver_ = std::move(*SrtpReceiver::make(remote));
}

void TestPeer::on_dtls_closed(const std::string& reason) {
  closed_ = reason;
}

}  // namespace reallive::rtc
