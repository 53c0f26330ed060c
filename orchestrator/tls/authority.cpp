#include "tls/authority.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/network.h"
#include "tls/openssl.h"

namespace reallive::tls {

using base::fail;
using base::Result;

namespace {

constexpr int authority_days = 3650;
constexpr int64_t day = 24 * 3600;
/// Devices whose clock is a little late are to believe a leaf that was made just now.
constexpr int64_t earlier = 3600;

KeyPtr new_key() {
  return KeyPtr(EVP_EC_gen("P-256"));
}

std::string key_pem(EVP_PKEY* key) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  return PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 ? text_of(out.get())
                                                                                                   : std::string();
}

std::string certificate_text(X509* certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  return PEM_write_bio_X509(out.get(), certificate) == 1 ? text_of(out.get()) : std::string();
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_common_name(X509_NAME* name, const std::string& text) {
  constexpr size_t longest = 64;  // ub-common-name of RFC 5280
  const std::string shown = text.substr(0, longest);
  return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("RealLive"), -1,
                                    -1, 0) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(shown.c_str()),
                                    -1, -1, 0) == 1;
}

/// Version 3, a random serial number, a time; without names, extensions and signature.
CertificatePtr begin_certificate(EVP_PKEY* key, int64_t now_s, int days) {
  CertificatePtr certificate(X509_new());
  BIGNUM* serial = BN_new();
  const bool done = certificate && serial && BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate.get())) &&
                    X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), now_s - earlier) &&
                    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), now_s - earlier + days * day) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  BN_free(serial);
  return done ? std::move(certificate) : CertificatePtr();
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "server";
}

std::string alternative_names(const std::vector<std::string>& names, const std::vector<std::string>& addresses) {
  std::string list;
  // Commas and colons have a meaning in OpenSSL's notation; no name or address of a host needs a comma.
  for (const std::string& name : names) {
    if (name.empty() || name.find_first_of(", :\n") != std::string::npos) continue;
    list += (list.empty() ? "DNS:" : ",DNS:") + name;
  }
  for (const std::string& address : addresses) {
    if (base::IpAddress::parse(address)) list += (list.empty() ? "IP:" : ",IP:") + address;
  }
  return list;
}

}  // namespace

struct Authority::Secret {
  CertificatePtr certificate;
  KeyPtr key;
  std::string pem;
};

Authority::Authority(std::unique_ptr<Secret> secret) : secret_(std::move(secret)) {}
Authority::~Authority() = default;

Result<std::unique_ptr<Authority>> Authority::open(const std::filesystem::path& directory, int64_t now_s) {
  const std::filesystem::path certificate_file = directory / "ca.crt", key_file = directory / "ca.key";
  std::error_code error;
  const bool has_certificate = std::filesystem::exists(certificate_file, error);
  const bool has_key = std::filesystem::exists(key_file, error);
  // The key is written first: without the certificate nobody can have trusted it yet.
  if (!has_certificate) {
    const KeyPtr key = new_key();
    CertificatePtr made = key ? begin_certificate(key.get(), now_s, authority_days) : CertificatePtr();
    const bool done = made && set_common_name(X509_get_subject_name(made.get()), "RealLive on " + host_name()) &&
                      X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
                      add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                      add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                      add_extension(made.get(), made.get(), NID_ext_key_usage, "serverAuth") &&
                      add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash") &&
                      X509_sign(made.get(), key.get(), EVP_sha256()) > 0;
    if (!done) return fail("authority", "the local authority could not be made: " + openssl_reason());
    std::filesystem::create_directories(directory, error);
    if (auto written = write_file(key_file, key_pem(key.get())); !written) return tl::unexpected(written.error());
    if (auto written = write_file(certificate_file, certificate_text(made.get()), 0644); !written)
      return tl::unexpected(written.error());
  } else if (!has_key) {
    return fail("authority", key_file.string() + " is missing; put it back, or remove " + certificate_file.string() +
                                 " too, and every device has to trust the new one");
  }

  auto certificate_pem = read_file(certificate_file);
  if (!certificate_pem) return tl::unexpected(certificate_pem.error());
  auto key_pem = read_file(key_file);
  if (!key_pem) return tl::unexpected(key_pem.error());
  auto secret = std::make_unique<Secret>();
  secret->pem = std::move(*certificate_pem);
  if (auto checked = check_identity({secret->pem, *key_pem}, now_s); !checked)
    return fail("authority", certificate_file.string() + ": " + checked.error().message);
  secret->certificate.reset(PEM_read_bio_X509(memory_of(secret->pem).get(), nullptr, no_passphrase, nullptr));
  secret->key.reset(PEM_read_bio_PrivateKey(memory_of(*key_pem).get(), nullptr, no_passphrase, nullptr));
  return std::unique_ptr<Authority>(new Authority(std::move(secret)));
}

const std::string& Authority::certificate_pem() const {
  return secret_->pem;
}

Result<Identity> Authority::issue(const std::vector<std::string>& names, const std::vector<std::string>& addresses,
                                  int64_t now_s) const {
  X509* issuer = secret_->certificate.get();
  const KeyPtr key = new_key();
  CertificatePtr leaf = key ? begin_certificate(key.get(), now_s, leaf_days) : CertificatePtr();
  const bool done = leaf && set_common_name(X509_get_subject_name(leaf.get()), names.empty() ? "RealLive" : names[0]) &&
                    X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer)) == 1 &&
                    add_extension(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(leaf.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(leaf.get(), issuer, NID_ext_key_usage, "serverAuth") &&
                    add_extension(leaf.get(), issuer, NID_subject_key_identifier, "hash") &&
                    add_extension(leaf.get(), issuer, NID_authority_key_identifier, "keyid:always") &&
                    add_extension(leaf.get(), issuer, NID_subject_alt_name, alternative_names(names, addresses)) &&
                    X509_sign(leaf.get(), secret_->key.get(), EVP_sha256()) > 0;
  if (!done) return fail("authority", "a certificate could not be made: " + openssl_reason());
  // The authority's own certificate goes along, so that a device can show what to trust.
  return Identity{certificate_text(leaf.get()) + secret_->pem, key_pem(key.get())};
}

bool Authority::issued(const Identity& identity) const {
  const CertificatePtr leaf(
      PEM_read_bio_X509(memory_of(identity.certificate_pem).get(), nullptr, no_passphrase, nullptr));
  const bool signed_here = leaf && X509_verify(leaf.get(), secret_->key.get()) == 1;
  ERR_clear_error();
  return signed_here;
}

Result<void> write_file(const std::filesystem::path& file, const std::string& text, unsigned mode) {
  const std::filesystem::path temporary = file.string() + ".new";
  const auto refuse = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    unlink(temporary.c_str());
    return fail("file", std::string("cannot ") + what + " " + file.string() + ": " + reason);
  };
  unlink(temporary.c_str());
  const int descriptor =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, static_cast<mode_t>(mode));
  if (descriptor < 0) return refuse("write");
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(descriptor, text.data() + done, text.size() - done);
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  const bool whole = done == text.size() && fsync(descriptor) == 0;
  close(descriptor);
  if (!whole) return refuse("write");
  if (rename(temporary.c_str(), file.c_str()) != 0) return refuse("replace");
  return {};
}

Result<std::string> read_file(const std::filesystem::path& file) {
  constexpr size_t longest = 1 << 20;
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return fail("file", "cannot read " + file.string() + ": " + std::strerror(errno));
  std::string text;
  char part[16384];
  ssize_t count = 0;
  while (text.size() <= longest && (count = read(descriptor, part, sizeof part)) > 0)
    text.append(part, static_cast<size_t>(count));
  const int reason = errno;
  close(descriptor);
  if (count < 0) return fail("file", "cannot read " + file.string() + ": " + std::strerror(reason));
  if (text.size() > longest) return fail("file", file.string() + " is longer than 1 MiB");
  return text;
}

}  // namespace reallive::tls
