// The certificate and the SSL_CTX that all transports of an endpoint share.

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "rtc/transport/dtls.h"

namespace reallive::rtc {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

// Ten years: browsers compare the fingerprint and ignore the dates, other peers may not.
constexpr long kValidSeconds = 10L * 365 * 24 * 3600;

Certificate self_signed(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const auto* common_name = reinterpret_cast<const unsigned char*>("RealLive");
  const bool made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24L * 3600) &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds) &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
                    X509_set_issuer_name(certificate.get(), name) == 1 &&
                    X509_set_pubkey(certificate.get(), key) == 1 && X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  return made ? std::move(certificate) : nullptr;
}

// Any certificate passes here; the fingerprint decides once the handshake is over (RFC 8827 section 6.5).
int accept_certificate(int, X509_STORE_CTX*) {
  return 1;
}

}  // namespace

Result<std::shared_ptr<const DtlsContext>> DtlsContext::make(const std::string& profiles) {
  ERR_clear_error();
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? self_signed(key.get()) : nullptr;
  if (!certificate) return fail("dtls", "cannot make a certificate");
  std::shared_ptr<DtlsContext> self(new DtlsContext);
  self->context_ = SSL_CTX_new(DTLS_method());
  SSL_CTX* const context = self->context_;
  if (!context || SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1 ||
      SSL_CTX_use_certificate(context, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return fail("dtls", "OpenSSL cannot do DTLS 1.2 with ECDSA P-256");
  }
  // Unlike its neighbours this one answers 0 when all is well.
  if (SSL_CTX_set_tlsext_use_srtp(context, profiles.c_str()) != 0) {
    return fail("dtls", "OpenSSL does not know one of the SRTP profiles " + profiles);
  }
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_max_cert_list(context, 16 * 1024);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &accept_certificate);
  auto fingerprint = certificate_fingerprint(certificate.get(), "sha-256");
  if (!fingerprint) return fail("dtls", "cannot make the certificate's fingerprint");
  self->fingerprint_ = std::move(*fingerprint);
  return self;
}

DtlsContext::~DtlsContext() {
  SSL_CTX_free(context_);
}

std::optional<sdp::Fingerprint> certificate_fingerprint(const X509* certificate, std::string_view algorithm) {
  const EVP_MD* hash = algorithm == "sha-256"   ? EVP_sha256()
                       : algorithm == "sha-384" ? EVP_sha384()
                       : algorithm == "sha-512" ? EVP_sha512()
                                                : nullptr;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!hash || X509_digest(certificate, hash, digest, &size) != 1) return std::nullopt;
  constexpr char kHex[] = "0123456789ABCDEF";
  sdp::Fingerprint fingerprint{std::string(algorithm), {}};
  for (unsigned i = 0; i < size; ++i) {
    if (i) fingerprint.value += ':';
    fingerprint.value += kHex[digest[i] >> 4];
    fingerprint.value += kHex[digest[i] & 15];
  }
  return fingerprint;
}

}  // namespace reallive::rtc
