// DtlsContext and DtlsTransport: the DTLS 1.2 handshake of one peer over datagrams (RFC 6347), for SRTP keys (RFC
// 5764). A transport belongs to one thread at a time and has none of its own; the context is shared by all and
// immutable. It never opens sockets and never waits: datagrams go in by feed(), time by on_timeout(), all else to the
// listener.
#pragma once

#include <chrono>
#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "rtc/transport/srtp.h"
#include "rtc/wire/sdp.h"

namespace reallive::rtc {

/// A self-signed ECDSA P-256 certificate and the SSL_CTX that uses it; made once an endpoint. Any thread.
class DtlsContext {
 public:
  /// Error code "dtls". `profiles` in OpenSSL's notation; the server's order decides.
  static Result<std::shared_ptr<const DtlsContext>> make(
      const std::string& profiles = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80");
  ~DtlsContext();
  DtlsContext(const DtlsContext&) = delete;
  DtlsContext& operator=(const DtlsContext&) = delete;

  /// sha-256 of the certificate, for the SDP (RFC 8122).
  const sdp::Fingerprint& fingerprint() const { return fingerprint_; }
  SSL_CTX* get() const { return context_; }

 private:
  DtlsContext() = default;
  SSL_CTX* context_ = nullptr;
  sdp::Fingerprint fingerprint_;
};

/// RFC 8122: the digest of a certificate's DER form; nothing for an algorithm other than sha-256, sha-384, sha-512.
std::optional<sdp::Fingerprint> certificate_fingerprint(const X509* certificate, std::string_view algorithm);

class DtlsTransport {
 public:
  enum class Role : uint8_t { kServer, kClient };
  enum class State : uint8_t { kNew, kHandshaking, kConnected, kClosed };

  /// Bytes of the largest datagram that is sent, and of the largest that is taken.
  static constexpr size_t kMtu = 1200;
  static constexpr size_t kMaxDatagram = 9000;  // a jumbo frame; the endpoint has a bound of its own before it
  /// Datagrams that one association takes before it is connected; a handshake needs about six.
  static constexpr size_t kMaxHandshakeDatagrams = 200;

  /// Called from within start(), feed(), on_timeout() and close(), on their thread, after OpenSSL has returned.
  /// Must not call the transport again nor destroy it.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_dtls_send(Bytes datagram) = 0;
    /// Once: the peer's certificate matches and keys exist. `local` seals what goes out, `remote` opens what comes.
    virtual void on_dtls_connected(const SrtpKeys& local, const SrtpKeys& remote) = 0;
    /// Once, unless close() was called first: the peer said goodbye ("closed"), or why it failed.
    virtual void on_dtls_closed(const std::string& reason) = 0;
  };

  /// `peer` are the SDP's fingerprints: the certificate must match one of the strongest hash among them (sha-512,
  /// sha-384, sha-256; others do not count). With none of these no peer is accepted.
  /// Error code "dtls" when OpenSSL is out of memory.
  static Result<std::unique_ptr<DtlsTransport>> make(std::shared_ptr<const DtlsContext> context, Role role,
                                                     std::vector<sdp::Fingerprint> peer, Listener& listener);
  ~DtlsTransport();
  DtlsTransport(const DtlsTransport&) = delete;
  DtlsTransport& operator=(const DtlsTransport&) = delete;

  /// Begins: a client sends its ClientHello, a server waits for one. feed() does it too.
  void start();
  /// One datagram from the peer; ignored when it is too large or the transport is closed.
  void feed(Bytes datagram);
  /// When on_timeout() is due (a flight must be sent again); nothing when no timer runs. First 100 ms, doubling
  /// to at most 3 s.
  std::optional<std::chrono::steady_clock::time_point> next_timeout() const;
  void on_timeout();
  /// Sends close_notify when there is someone to hear it. The listener is not called.
  void close();

  State state() const { return state_; }
  /// "DTLSv1.2", and the cipher suite's name; empty before the handshake is over. For statistics.
  std::string version() const;
  std::string cipher() const;

 private:
  DtlsTransport(std::shared_ptr<const DtlsContext> context, Role role, std::vector<sdp::Fingerprint> peer,
                Listener& listener);
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* out, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  void handshake();
  void read_records();
  void finish_handshake();
  void flush();
  void end(const std::string& reason);
  bool peer_matches() const;

  std::shared_ptr<const DtlsContext> context_;
  const Role role_;
  const std::vector<sdp::Fingerprint> peer_;
  Listener& listener_;

  SSL* ssl_ = nullptr;
  State state_ = State::kNew;
  Bytes incoming_;                // the datagram that feed() was given, until OpenSSL has read it
  std::vector<Buffer> outgoing_;  // what OpenSSL wrote during the present call
  size_t handshake_datagrams_ = 0;
};

}  // namespace reallive::rtc
