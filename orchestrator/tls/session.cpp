#include "tls/session.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sys/socket.h>
#include <utility>

#include "tls/openssl.h"

namespace reallive::tls {

using base::fail;
using base::Result;

namespace {

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that left would kill programs that do not ignore
// SIGPIPE.
int descriptor_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int bio_write(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = send(descriptor_of(bio), bytes, static_cast<size_t>(count), MSG_NOSIGNAL);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = recv(descriptor_of(bio), bytes, static_cast<size_t>(count), 0);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

const BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "reallive socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_create(made, bio_create);
    return made;
  }();
  return method;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  const int found =
      SSL_select_next_proto(const_cast<unsigned char**>(chosen), chosen_size, ours, sizeof ours, offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool use_identity(SSL_CTX* context, const Identity& identity) {
  const BioPtr chain = memory_of(identity.certificate_pem);
  const CertificatePtr leaf(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return false;
    }
  }
  ERR_clear_error();  // the end of the chain
  const KeyPtr key(PEM_read_bio_PrivateKey(memory_of(identity.key_pem).get(), nullptr, no_passphrase, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

struct Context::Handle {
  ContextPtr context;
};
struct Session::Handle {
  SslPtr ssl;
};

Context::Context(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Context::~Context() = default;

Result<std::shared_ptr<Context>> Context::create(const Identity& identity) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail("certificate", "TLS cannot be used: " + openssl_reason());
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Clients keep their tickets themselves; a cache here would only be memory for strangers to fill.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (!use_identity(raw, identity)) return fail("certificate", "the certificate cannot be used: " + openssl_reason());
  auto handle = std::make_unique<Handle>();
  handle->context = std::move(context);
  return std::shared_ptr<Context>(new Context(std::move(handle)));
}

Session::Session(std::shared_ptr<Context> context, int descriptor)
    : context_(std::move(context)), handle_(std::make_unique<Handle>()) {
  handle_->ssl.reset(SSL_new(context_->handle().context.get()));
  BIO* bio = BIO_new(socket_method());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(descriptor)));
  SSL_set_bio(handle_->ssl.get(), bio, bio);
  SSL_set_accept_state(handle_->ssl.get());
}

Session::~Session() = default;

Session::State Session::state_of(int result) {
  const int error = SSL_get_error(handle_->ssl.get(), result);
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return State::want_read;
    case SSL_ERROR_WANT_WRITE:
      return State::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return State::closed;
    default:
      return State::failed;
  }
}

Session::Moved Session::read(std::span<std::byte> into) {
  ERR_clear_error();
  const int got = SSL_read(handle_->ssl.get(), into.data(), static_cast<int>(std::min<size_t>(into.size(), INT_MAX)));
  if (got > 0) return {State::done, static_cast<size_t>(got)};
  return {state_of(got)};
}

Session::Moved Session::write(std::span<const std::byte> bytes) {
  ERR_clear_error();
  const int sent =
      SSL_write(handle_->ssl.get(), bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX)));
  if (sent > 0) return {State::done, static_cast<size_t>(sent)};
  return {state_of(sent)};
}

bool Session::has_pending() const {
  // Not SSL_has_pending(): that counts the first half of a record too, which nobody could read.
  return SSL_pending(handle_->ssl.get()) > 0;
}

bool Session::is_connected() const {
  return SSL_is_init_finished(handle_->ssl.get()) == 1;
}

void Session::close() {
  ERR_clear_error();
  if (is_connected()) SSL_shutdown(handle_->ssl.get());
  ERR_clear_error();
}

}  // namespace reallive::tls
