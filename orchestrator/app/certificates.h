// Certificates: keeps the server's TLS identity current: issued by the local authority for this host's names and
// addresses, or the owner's own files. Main loop's thread. It never serves a certificate that does not fit its key, and
// never takes away one that works because a new one does not.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/host.h"
#include "base/time.h"
#include "tls/authority.h"
#include "tls/session.h"

namespace reallive::app {

struct CertificateConfig {
  std::filesystem::path certificate, key;  ///< both: the owner's own; none: the local authority's
  std::string public_host;                 ///< one more name or address; may be empty
  bool operator==(const CertificateConfig&) const = default;
};

class Certificates {
 public:
  using Deliver = std::function<void(std::shared_ptr<tls::Context>)>;

  Certificates(std::filesystem::path directory, MainLoop& loop, const base::Clock& clock, Deliver deliver);
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  /// A configuration with an identity for it, which is good and in use nowhere yet.
  struct Prepared {
    CertificateConfig config;
    tls::Identity identity;
    std::shared_ptr<tls::Context> context;  // null: the identity is in use already
  };
  /// Codes `certificate`, `authority`, `file`.
  base::Result<Prepared> prepare(const CertificateConfig& config);
  /// Delivers its identity, from now on a new one whenever names, addresses, files or the time call for it.
  void use(Prepared prepared);

  /// Looks at once whether files, names, addresses or the time call for a new one, as it does by itself every few
  /// seconds.
  void refresh() { look(); }

  bool own() const { return !config_.certificate.empty(); }
  /// What devices must trust; empty with the owner's own certificate.
  std::string authority_pem() const;

 private:
  base::Result<tls::Identity> load_own(const CertificateConfig& config) const;
  base::Result<tls::Identity> issue(const CertificateConfig& config);
  void look();
  void look_later(std::chrono::milliseconds delay);
  int64_t now_s() const;

  const std::filesystem::path directory_;
  MainLoop& loop_;
  const base::Clock& clock_;
  const Deliver deliver_;
  CertificateConfig config_;
  std::unique_ptr<tls::Authority> authority_;
  std::optional<tls::Identity> current_;
  std::string complaint_;  // what the log has been told already
  std::unique_ptr<AddressWatch> addresses_;
  base::Executor::Timer timer_ = 0;
};

}  // namespace reallive::app
