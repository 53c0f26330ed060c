// Identity: a certificate chain and its private key as PEM, and what they say. Pure functions on foreign bytes.
// Any thread. Only the modules tls and auth include OpenSSL.
// It never keeps a key longer than its caller does, and no error message holds one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace reallive::tls {

struct Identity {
  std::string certificate_pem;  ///< the leaf first, then what it was signed with
  std::string key_pem;
  bool operator==(const Identity&) const = default;
};

/// What the first certificate of a PEM text says.
struct Details {
  std::string subject;                        ///< common name
  std::vector<std::string> names, addresses;  ///< subjectAltName: DNS names, IP addresses as text
  int64_t not_before = 0, not_after = 0;      ///< UNIX time, seconds
  std::string fingerprint;                    ///< SHA-256, `AB:CD:…`
};

/// Code `certificate`: not PEM, or no certificate in it.
base::Result<Details> read_certificate(const std::string& certificate_pem);

/// That the key belongs to the certificate, and that `now_s` lies in its time. Code `certificate`; the message says
/// what is wrong.
base::Result<Details> check_identity(const Identity& identity, int64_t now_s);

}  // namespace reallive::tls
