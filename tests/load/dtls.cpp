#include "load/dtls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <sys/time.h>

namespace reallive::load {

namespace {

constexpr int kMtu = 1200;
constexpr char kProfiles[] = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";

std::string digest_of(X509* certificate) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), bytes, &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    char pair[4];
    snprintf(pair, sizeof pair, "%s%02X", i > 0 ? ":" : "", bytes[i]);
    text += pair;
  }
  return text;
}

long control_bio(BIO*, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return kMtu;
    default:
      return 0;
  }
}

struct KeySizes {
  size_t key, salt;
};
KeySizes sizes_of(std::string_view profile) {
  if (profile == "SRTP_AEAD_AES_128_GCM") return {16, 12};
  if (profile == "SRTP_AEAD_AES_256_GCM") return {32, 12};
  return {16, 14};
}

}  // namespace

DtlsIdentity::DtlsIdentity() : context_(SSL_CTX_new(DTLS_client_method())) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * 30);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  // The name says 0 on success.
  bool usable = SSL_CTX_use_certificate(context_, certificate) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1 &&
                SSL_CTX_set_tlsext_use_srtp(context_, kProfiles) == 0;
  fingerprint_ = {"sha-256", digest_of(certificate)};
  X509_free(certificate);
  EVP_PKEY_free(key);
  // The fingerprint in the answer is what vouches for the server: checked when the handshake is over.
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  if (!usable) throw std::runtime_error("OpenSSL refuses certificate or SRTP profiles");
}

DtlsIdentity::~DtlsIdentity() {
  SSL_CTX_free(context_);
}

BIO_METHOD* DtlsClient::method() {
  static BIO_METHOD* shared = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "load datagrams");
    BIO_meth_set_read(made, read_bio);
    BIO_meth_set_write(made, write_bio);
    BIO_meth_set_ctrl(made, control_bio);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return shared;
}

int DtlsClient::read_bio(BIO* bio, char* out, int size) {
  auto* self = static_cast<DtlsClient*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->incoming_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t taken = std::min(self->incoming_.size(), static_cast<size_t>(size));
  std::copy_n(self->incoming_.begin(), taken, reinterpret_cast<uint8_t*>(out));
  self->incoming_ = {};  // one read, one datagram
  return static_cast<int>(taken);
}

int DtlsClient::write_bio(BIO* bio, const char* data, int size) {
  auto* self = static_cast<DtlsClient*>(BIO_get_data(bio));
  self->send_({reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)});
  return size;
}

DtlsClient::DtlsClient(const DtlsIdentity& identity, rtc::sdp::Fingerprint expected, Send send)
    : ssl_(SSL_new(identity.context())), expected_(std::move(expected)), send_(std::move(send)) {
  BIO* bio = BIO_new(method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_options(ssl_, SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(ssl_, kMtu);
  DTLS_set_timer_cb(ssl_, [](SSL*, unsigned previous) { return previous == 0 ? 100'000u : 2 * previous; });
  SSL_set_connect_state(ssl_);
}

DtlsClient::~DtlsClient() {
  SSL_free(ssl_);
}

DtlsClient::State DtlsClient::feed(rtc::Bytes datagram) {
  incoming_ = datagram;
  ERR_clear_error();
  if (state_ == State::kHandshaking) {
    int result = SSL_do_handshake(ssl_);
    if (result == 1) {
      finish();
    } else if (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) {
      char text[256];
      ERR_error_string_n(ERR_get_error(), text, sizeof text);
      error_ = text;
      state_ = State::kFailed;
    }
  } else if (state_ == State::kConnected) {
    char byte;
    int result = SSL_read(ssl_, &byte, 1);
    if (result <= 0 && SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) state_ = State::kClosed;
  }
  incoming_ = {};
  return state_;
}

void DtlsClient::tick() {
  if (state_ != State::kHandshaking) return;
  timeval left{};
  if (DTLSv1_get_timeout(ssl_, &left) == 1 && left.tv_sec == 0 && left.tv_usec == 0) DTLSv1_handle_timeout(ssl_);
}

void DtlsClient::finish() {
  X509* certificate = SSL_get1_peer_certificate(ssl_);
  bool matches = certificate && digest_of(certificate) == expected_.value;
  X509_free(certificate);
  auto* profile = SSL_get_selected_srtp_profile(ssl_);
  if (!matches || !profile) {
    error_ = matches ? "no SRTP profile was agreed" : "the certificate is not the answer's";
    state_ = State::kFailed;
    return;
  }
  material_.profile = profile->name;
  KeySizes sizes = sizes_of(material_.profile);
  rtc::Buffer block(2 * (sizes.key + sizes.salt));
  constexpr char kLabel[] = "EXTRACTOR-dtls_srtp";
  SSL_export_keying_material(ssl_, block.data(), block.size(), kLabel, sizeof kLabel - 1, nullptr, 0, 0);
  // RFC 5764 section 4.2: client key, server key, client salt, server salt.
  auto take = [&](rtc::Buffer& out, size_t side) {
    rtc::append_bytes(out, rtc::Bytes(block).subspan(side * sizes.key, sizes.key));
    rtc::append_bytes(out, rtc::Bytes(block).subspan(2 * sizes.key + side * sizes.salt, sizes.salt));
  };
  take(material_.local, 0);
  take(material_.remote, 1);
  state_ = State::kConnected;
}

void DtlsClient::close() {
  if (state_ == State::kConnected) SSL_shutdown(ssl_);
}

}  // namespace reallive::load
