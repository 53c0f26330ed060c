// TestPeer: the browser's side of one session in a test: full ICE (as far as a lite server needs), DTLS client, SRTP.
// Belongs to the test's thread: everything happens inside step() and run_until(). It decodes nothing, and checks that
// no SRTP index ever comes with two different datagrams.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rtc/transport/dtls.h"
#include "rtc/transport/session.h"
#include "rtc/transport/srtp.h"
#include "rtc/transport/udp_socket.h"
#include "rtc/wire/rtcp.h"
#include "rtc/wire/rtp.h"
#include "rtc/wire/sdp.h"
#include "rtc/wire/stun.h"

namespace reallive::rtc {

struct OfferOptions {
  bool video = true;
  bool audio = false;
  bool rtx = true;
  bool capture_time = false;
  std::string video_codec = "H264";
  sdp::Direction direction = sdp::Direction::kRecvOnly;
  std::vector<std::string> video_feedback = {"nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"};
};

class TestPeer final : public DtlsTransport::Listener {
 public:
  struct Received {
    rtp::Header header;
    Buffer payload;
    std::map<uint8_t, Buffer> extensions;
    uint64_t index = 0;
    size_t datagram_size = 0;
    TimePoint when;
  };

  /// `context` may be shared by many peers; made when not given.
  explicit TestPeer(std::shared_ptr<const DtlsContext> context = nullptr);
  ~TestPeer() override;

  std::string offer(const OfferOptions& options = {}) const;
  /// Takes the first candidate, our side being done with gathering.
  void accept(const std::string& answer);
  /// Only the transport, for sessions without SDP.
  void connect_to(const SocketAddress& server, const IceCredentials& credentials, const sdp::Fingerprint& fingerprint);
  RemoteTransport transport() const;

  /// Handles what has arrived and what is due; does not wait.
  void step();
  bool run_until(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(10));
  bool connected() const { return sender_.has_value(); }
  bool checked() const { return checked_; }
  const std::string& closed() const { return closed_; }

  void send_rtcp(const Buffer& plain);
  void send_rtp(const Buffer& plain);
  void send_raw(Bytes datagram);
  /// A request of `size` bytes (a multiple of four from 64 on) that proves nothing: answered 401 where it is read.
  void send_padded_check(size_t size);
  /// One connectivity check with what is given instead of the truth.
  void send_check(const std::string& username, const std::string& password, bool controlling, bool nominate);
  /// Another local address from now on, as when a phone changes networks.
  void move();
  /// Before connect_to(): a local address other than 127.0.0.1.
  void bind(const std::string& address);
  /// DTLS close_notify.
  void say_goodbye() { dtls_->close(); }
  void set_credentials(const IceCredentials& local, const IceCredentials& remote);
  const IceCredentials& credentials() const { return local_; }

  void on_dtls_send(Bytes datagram) override;
  void on_dtls_connected(const SrtpKeys& local, const SrtpKeys& remote) override;
  void on_dtls_closed(const std::string& reason) override;

  sdp::Session answer;
  std::vector<Received> packets;
  std::vector<rtcp::Record> reports;
  std::vector<int> stun_errors;
  std::function<bool(const Received&)> lose;  // true: as if it had not arrived
  uint64_t nonce_repeats = 0;                 // one index, two datagrams: must stay 0
  uint64_t identical_repeats = 0;
  bool check_nonces = true;
  bool keep_packets = true;
  uint64_t packet_count = 0;

 private:
  void handle(const Datagram& datagram);
  void take_rtp(std::span<uint8_t> datagram);

  std::shared_ptr<const DtlsContext> context_;
  std::optional<UdpSocket> socket_;
  IceCredentials local_;
  IceCredentials remote_;
  std::optional<SocketAddress> server_;
  std::unique_ptr<DtlsTransport> dtls_;
  bool checked_ = false;
  TimePoint next_check_{};
  std::string closed_;
  std::optional<SrtpSender> sender_;
  std::optional<SrtpReceiver> receiver_;
  std::map<std::pair<uint32_t, uint16_t>, Buffer> sealed_;  // by SSRC and number: no test wraps
};

}  // namespace reallive::rtc
