#include "tls/identity.h"

#include <ctime>

#include "base/network.h"
#include "base/time.h"
#include "tls/openssl.h"

namespace reallive::tls {

using base::fail;
using base::Result;

namespace {

constexpr size_t longest_pem = 1 << 20;

CertificatePtr parse_certificate(const std::string& pem) {
  if (pem.size() > longest_pem) return {};
  CertificatePtr certificate(PEM_read_bio_X509(memory_of(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

int64_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<int64_t>(timegm(&parts)) : 0;
}

std::string date(int64_t seconds) {
  return base::format_time(base::Time(std::chrono::seconds(seconds))).substr(0, 10);
}

void read_alternative_names(X509* certificate, Details& details) {
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      details.names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                 static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      details.addresses.push_back(
          base::IpAddress::from_bytes(ASN1_STRING_get0_data(name->d.iPAddress),
                                      static_cast<size_t>(ASN1_STRING_length(name->d.iPAddress)))
              .to_string());
    }
  }
  GENERAL_NAMES_free(names);
}

Details details_of(X509* certificate) {
  Details details;
  char subject[256] = {};
  if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, subject, sizeof subject) > 0)
    details.subject = subject;
  read_alternative_names(certificate, details);
  details.not_before = seconds(X509_get0_notBefore(certificate));
  details.not_after = seconds(X509_get0_notAfter(certificate));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  for (unsigned i = 0; i < size; ++i) {
    constexpr char digits[] = "0123456789ABCDEF";
    if (i > 0) details.fingerprint += ':';
    details.fingerprint += {digits[digest[i] >> 4], digits[digest[i] & 15]};
  }
  return details;
}

}  // namespace

Result<Details> read_certificate(const std::string& certificate_pem) {
  const CertificatePtr certificate = parse_certificate(certificate_pem);
  if (!certificate) return fail("certificate", "there is no certificate in PEM form in it");
  return details_of(certificate.get());
}

Result<Details> check_identity(const Identity& identity, int64_t now_s) {
  const CertificatePtr certificate = parse_certificate(identity.certificate_pem);
  if (!certificate) return fail("certificate", "the certificate is not in PEM form");
  if (identity.key_pem.size() > longest_pem) return fail("certificate", "the key is too long");
  const KeyPtr key(PEM_read_bio_PrivateKey(memory_of(identity.key_pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return fail("certificate", "the key is not in PEM form, or has a passphrase, which nobody could type here");
  const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) return fail("certificate", "the key does not belong to the certificate");
  Details details = details_of(certificate.get());
  if (now_s >= details.not_after) return fail("certificate", "the certificate ended on " + date(details.not_after));
  if (now_s < details.not_before)
    return fail("certificate", "the certificate begins only on " + date(details.not_before));
  return details;
}

}  // namespace reallive::tls
