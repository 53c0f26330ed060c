// Session: the transport of one peer: ICE-lite credentials, the nominated path, DTLS state and SRTP keys.
// It belongs to one shard; the network and handshake threads only feed it. Methods say which thread may call them.
// It never knows what the packets mean: that is its Listener's (a viewer's or a publisher's) business.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "rtc/transport/shard.h"
#include "rtc/transport/srtp.h"
#include "rtc/transport/udp_socket.h"
#include "rtc/wire/sdp.h"

namespace reallive::rtc {

struct EndpointCore;
class DtlsPeer;

/// RFC 8445 section 5.3.
struct IceCredentials {
  std::string ufrag;
  std::string password;
  bool operator==(const IceCredentials&) const = default;
};

/// What the peer's description says about its transport.
struct RemoteTransport {
  IceCredentials ice;
  std::vector<sdp::Fingerprint> fingerprints;  // at least one; RFC 8122
};

struct SessionStats {
  bool connected = false;
  std::string srtp_profile;    // "AEAD_AES_128_GCM" …, empty before the handshake is done
  std::string remote_address;  // "192.0.2.1:5000", empty before the first check
  uint64_t packets_received = 0;
  uint64_t bytes_received = 0;
  uint64_t packets_rejected = 0;  // failed authentication or malformed; replays do not count
  uint64_t bytes_sent = 0;
  uint64_t path_changes = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  /// Called on the session's shard. After on_gone() nothing more is called and the listener is released.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// Keys exist: media can flow both ways.
    virtual void on_connected(SrtpProfile profile) = 0;
    /// A decrypted, authenticated packet; valid during the call only.
    virtual void on_rtp(std::span<const uint8_t> packet, TimePoint arrival) = 0;
    virtual void on_rtcp(std::span<const uint8_t> packet, TimePoint arrival) = 0;
    /// The last call, once. send_rtcp() still works inside it when the session was connected: say BYE here. Reasons:
    /// "removed", "shutdown", "connect-timeout", "consent-expired", "peer-closed", "dtls-failed: …".
    virtual void on_gone(const std::string& reason) = 0;
  };

  /// By Endpoint::create_session() only.
  Session(std::shared_ptr<EndpointCore> core, std::shared_ptr<Shard> shard, RemoteTransport remote);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Any thread.

  /// Unguessable, 128 bits in hex: the viewer's or publisher's public id.
  const std::string& id() const { return id_; }
  IceCredentials local_credentials() const;
  Shard& shard() const { return *shard_; }
  const std::shared_ptr<Shard>& shared_shard() const { return shard_; }
  /// Begins to answer checks and to wait for the handshake; the connect timeout starts. Call once.
  void start(std::shared_ptr<Listener> listener);
  /// New credentials on both sides (RFC 8445 section 2.4); the old ones hold until the first check with the new.
  /// Media goes on. Returns our new ones.
  IceCredentials restart_ice(const IceCredentials& remote);
  /// Ends the session: on_gone(reason) follows on the shard, then close_notify to the peer. May be called repeatedly.
  void close(const std::string& reason);

  // Shard thread.

  bool connected() const { return sender_.has_value(); }
  /// Seals outgoing packets; only while connected().
  SrtpSender& srtp() { return *sender_; }
  /// Sends sealed datagrams that lie one after the other: all of `segment_size` but the last (UDP GSO, at most 64).
  SendResult send(std::span<const uint8_t> datagrams, size_t segment_size);
  /// Seals and sends one RTCP compound packet of at most 1200 bytes.
  void send_rtcp(std::span<const uint8_t> plain);
  SessionStats stats() const;

 private:
  friend class SessionTable;
  friend class NetworkThread;
  friend class Handshaker;
  friend class Shard;

  friend class DtlsPeer;

  // Network thread.

  /// The password of the credentials that `username` ("OURS:THEIRS") names; nothing when they are not of now.
  std::optional<std::string> password_for(std::string_view username) const;
  void on_check(const Datagram& check, bool nominated, std::string_view username, TimePoint now);

  // Handshake thread.
  void on_handshake_done(const SrtpKeys& local, const SrtpKeys& remote);

  // Any thread.
  struct Path {
    SocketAddress remote;
    SocketAddress local;  // the any-address when bound to one
    bool operator==(const Path&) const = default;
  };
  std::optional<Path> path() const;

  // Shard thread.
  void connect(const SrtpKeys& local, const SrtpKeys& remote);
  void receive(std::span<uint8_t> datagram, bool rtcp, TimePoint arrival);
  void supervise();
  void finish(const std::string& reason);

  const std::string id_;
  const std::shared_ptr<EndpointCore> core_;
  const std::shared_ptr<Shard> shard_;
  const std::vector<sdp::Fingerprint> fingerprints_;

  // Guards the credentials and the path; a leaf: nothing is called while it is held.
  mutable std::mutex mutex_;
  IceCredentials local_;
  std::string remote_ufrag_;
  IceCredentials old_local_;  // while a restart waits for its first check
  std::string old_remote_ufrag_;
  std::optional<Path> path_;
  bool nominated_ = false;
  uint64_t path_changes_ = 0;

  std::atomic<Clock::rep> last_check_;
  std::atomic<bool> closing_{false};

  std::unique_ptr<DtlsPeer> dtls_;         // handshake thread only
  bool dtls_over_ = false;                 // handshake thread only
  std::atomic<unsigned> dtls_waiting_{0};  // datagrams that the handshaker holds

  // Guarded by the shard's mutex: what of this session its inbox holds, and which filling of the inbox that was.
  size_t inbox_bytes_ = 0;
  uint64_t inbox_filling_ = 0;

  std::vector<SocketAddress> addresses_;  // network thread only
  bool forgotten_ = false;                // network thread only

  // Shard thread only.
  std::shared_ptr<Listener> listener_;
  bool gone_ = false;
  std::optional<SrtpSender> sender_;
  std::optional<SrtpReceiver> receiver_;
  Timer supervisor_;
  TimePoint started_{};
  uint64_t packets_received_ = 0;
  uint64_t bytes_received_ = 0;
  uint64_t packets_rejected_ = 0;
  uint64_t bytes_sent_ = 0;
};

}  // namespace reallive::rtc
