// The DTLS client of a load peer, on OpenSSL with a BIO of its own: one write, one datagram.
// Belongs to its peer's loop; the identity is shared by all and immutable. It never touches a socket.
#pragma once

#include <functional>
#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>

#include "rtc/wire/bytes.h"
#include "rtc/wire/sdp.h"

namespace reallive::load {

/// A self-signed certificate and the context that offers SRTP profiles in Chromium's order.
class DtlsIdentity {
 public:
  DtlsIdentity();
  ~DtlsIdentity();
  DtlsIdentity(const DtlsIdentity&) = delete;
  DtlsIdentity& operator=(const DtlsIdentity&) = delete;

  const rtc::sdp::Fingerprint& fingerprint() const { return fingerprint_; }
  SSL_CTX* context() const { return context_; }

 private:
  SSL_CTX* context_ = nullptr;
  rtc::sdp::Fingerprint fingerprint_;
};

/// Keys as libsrtp wants them: key and salt in a row.
struct SrtpMaterial {
  std::string profile;  // OpenSSL's name: "SRTP_AEAD_AES_128_GCM"
  rtc::Buffer local, remote;
};

class DtlsClient {
 public:
  using Send = std::function<void(rtc::Bytes)>;
  DtlsClient(const DtlsIdentity& identity, rtc::sdp::Fingerprint expected, Send send);
  ~DtlsClient();
  DtlsClient(const DtlsClient&) = delete;
  DtlsClient& operator=(const DtlsClient&) = delete;

  enum class State : uint8_t { kHandshaking, kConnected, kFailed, kClosed };

  /// Goes on with the handshake; call once to begin, then with each datagram.
  State feed(rtc::Bytes datagram);
  /// To be called now and then: repeats a flight when its time has come.
  void tick();
  /// Valid when connected.
  const SrtpMaterial& material() const { return material_; }
  const std::string& error() const { return error_; }
  void close();

 private:
  static BIO_METHOD* method();
  static int read_bio(BIO* bio, char* out, int size);
  static int write_bio(BIO* bio, const char* data, int size);
  void finish();

  SSL* ssl_ = nullptr;
  rtc::sdp::Fingerprint expected_;
  Send send_;
  rtc::Bytes incoming_;
  State state_ = State::kHandshaking;
  SrtpMaterial material_;
  std::string error_;
};

}  // namespace reallive::load
