#include "rtc/transport/dtls.h"

#include <algorithm>
#include <cstring>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/time.h>

namespace reallive::rtc {

namespace {

constexpr unsigned kFirstTimeoutUs = 100'000;
constexpr unsigned kLongestTimeoutUs = 3'000'000;
constexpr char kExporterLabel[] = "EXTRACTOR-dtls_srtp";  // RFC 5764 section 4.2

unsigned next_duration(SSL*, unsigned previous_us) {
  return previous_us == 0 ? kFirstTimeoutUs : std::min(previous_us * 2, kLongestTimeoutUs);
}

long bio_control(BIO*, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      return 1;
    default:
      return 0;
  }
}

std::string last_error(const char* otherwise) {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : otherwise;
}

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

BIO_METHOD* DtlsTransport::bio_method() {
  // Lives as long as the process: BIOs keep pointing to it.
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram queue");
    BIO_meth_set_read(made, &DtlsTransport::bio_read);
    BIO_meth_set_write(made, &DtlsTransport::bio_write);
    BIO_meth_set_ctrl(made, &bio_control);
    return made;
  }();
  return method;
}

// One read gives one datagram: BIO_s_mem would run them together.
int DtlsTransport::bio_read(BIO* bio, char* out, int size) {
  auto* const self = static_cast<DtlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->incoming_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const Bytes datagram = std::exchange(self->incoming_, {});
  const size_t taken = std::min(datagram.size(), static_cast<size_t>(size));
  std::memcpy(out, datagram.data(), taken);
  return static_cast<int>(taken);
}

int DtlsTransport::bio_write(BIO* bio, const char* data, int size) {
  auto* const self = static_cast<DtlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  try {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(data);
    self->outgoing_.emplace_back(bytes, bytes + size);
    return size;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

DtlsTransport::DtlsTransport(std::shared_ptr<const DtlsContext> context, Role role, std::vector<sdp::Fingerprint> peer,
                             Listener& listener)
    : context_(std::move(context)), role_(role), peer_(std::move(peer)), listener_(listener) {}

Result<std::unique_ptr<DtlsTransport>> DtlsTransport::make(std::shared_ptr<const DtlsContext> context, Role role,
                                                           std::vector<sdp::Fingerprint> peer, Listener& listener) {
  std::unique_ptr<DtlsTransport> self(new DtlsTransport(std::move(context), role, std::move(peer), listener));
  self->ssl_ = SSL_new(self->context_->get());
  BIO* const bio = BIO_new(bio_method());
  if (!self->ssl_ || !bio) {
    BIO_free(bio);
    return fail("dtls", "out of memory for a DTLS association");
  }
  BIO_set_data(bio, self.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(self->ssl_, bio, bio);
  SSL_set_mtu(self->ssl_, static_cast<long>(kMtu));
  DTLS_set_timer_cb(self->ssl_, &next_duration);
  if (role == Role::kServer) {
    SSL_set_accept_state(self->ssl_);
  } else {
    SSL_set_connect_state(self->ssl_);
  }
  return self;
}

DtlsTransport::~DtlsTransport() {
  SSL_free(ssl_);
}

void DtlsTransport::start() {
  if (state_ != State::kNew) return;
  state_ = State::kHandshaking;
  handshake();
}

void DtlsTransport::feed(Bytes datagram) {
  if (state_ == State::kClosed || datagram.empty() || datagram.size() > kMaxDatagram) return;
  start();
  if (state_ == State::kHandshaking && ++handshake_datagrams_ > kMaxHandshakeDatagrams) {
    end("the peer sent too many handshake datagrams");
    return;
  }
  incoming_ = datagram;
  if (state_ == State::kHandshaking) {
    handshake();
  } else if (state_ == State::kConnected) {
    read_records();
  }
  incoming_ = {};
}

void DtlsTransport::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
  const std::string reason = error == SSL_ERROR_SSL ? last_error("the handshake failed") : "the handshake failed";
  flush();
  if (error == SSL_ERROR_NONE) {
    finish_handshake();
  } else if (error != SSL_ERROR_WANT_READ) {
    end(reason);
  }
}

// Nothing but alerts is expected once keys exist; OpenSSL answers repeated flights of the handshake meanwhile.
void DtlsTransport::read_records() {
  uint8_t discarded[kMaxDatagram];
  ERR_clear_error();
  int result = 0;
  do {
    result = SSL_read(ssl_, discarded, sizeof discarded);
  } while (result > 0);
  const int error = SSL_get_error(ssl_, result);
  const std::string reason = error == SSL_ERROR_ZERO_RETURN ? "closed" : last_error("the association failed");
  flush();
  if (error != SSL_ERROR_WANT_READ) end(reason);
}

void DtlsTransport::finish_handshake() {
  if (!peer_matches()) {
    end("the peer's certificate does not match the fingerprint of its description");
    return;
  }
  const SRTP_PROTECTION_PROFILE* const selected = SSL_get_selected_srtp_profile(ssl_);
  if (!selected) {
    end("no SRTP profile in common");
    return;
  }
  SrtpKeys client, server;
  client.profile = server.profile = static_cast<SrtpProfile>(selected->id);
  const size_t key = srtp_key_size(client.profile), salt = srtp_salt_size(client.profile);
  std::array<uint8_t, 2 * (32 + 14)> material{};
  if (SSL_export_keying_material(ssl_, material.data(), 2 * (key + salt), kExporterLabel, sizeof kExporterLabel - 1,
                                 nullptr, 0, 0) != 1) {
    end("cannot export the SRTP keys");
    return;
  }
  // Both keys come first, then both salts; the client's before the server's.
  std::copy_n(material.begin(), key, client.key.begin());
  std::copy_n(material.begin() + key, key, server.key.begin());
  std::copy_n(material.begin() + 2 * key, salt, client.salt.begin());
  std::copy_n(material.begin() + 2 * key + salt, salt, server.salt.begin());
  OPENSSL_cleanse(material.data(), material.size());
  state_ = State::kConnected;
  const bool is_server = role_ == Role::kServer;
  listener_.on_dtls_connected(is_server ? server : client, is_server ? client : server);
}

bool DtlsTransport::peer_matches() const {
  const std::unique_ptr<X509, X509Deleter> certificate(SSL_get1_peer_certificate(ssl_));
  if (!certificate) return false;
  for (const char* const algorithm : {"sha-512", "sha-384", "sha-256"}) {
    if (std::ranges::none_of(peer_, [&](const auto& offered) { return offered.algorithm == algorithm; })) continue;
    const auto actual = certificate_fingerprint(certificate.get(), algorithm);
    return actual && std::ranges::find(peer_, *actual) != peer_.end();
  }
  return false;
}

std::optional<std::chrono::steady_clock::time_point> DtlsTransport::next_timeout() const {
  timeval left{};
  if (state_ != State::kHandshaking || DTLSv1_get_timeout(ssl_, &left) != 1) return std::nullopt;
  return std::chrono::steady_clock::now() + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

void DtlsTransport::on_timeout() {
  if (state_ != State::kHandshaking) return;
  ERR_clear_error();
  const bool gone = DTLSv1_handle_timeout(ssl_) < 0;
  flush();
  if (gone) end("the peer did not answer");
}

void DtlsTransport::close() {
  if (state_ != State::kClosed && SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    flush();
  }
  state_ = State::kClosed;
}

void DtlsTransport::flush() {
  for (const Buffer& datagram : std::exchange(outgoing_, {})) {
    listener_.on_dtls_send(datagram);
  }
}

void DtlsTransport::end(const std::string& reason) {
  if (state_ == State::kClosed) return;
  close();
  listener_.on_dtls_closed(reason);
}

std::string DtlsTransport::version() const {
  return SSL_is_init_finished(ssl_) ? SSL_get_version(ssl_) : "";
}

std::string DtlsTransport::cipher() const {
  const SSL_CIPHER* const used = SSL_is_init_finished(ssl_) ? SSL_get_current_cipher(ssl_) : nullptr;
  return used ? SSL_CIPHER_get_name(used) : "";
}

}  // namespace reallive::rtc
