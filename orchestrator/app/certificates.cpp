#include "app/certificates.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace reallive::app {

using base::Result;

namespace {

namespace log = base::log;

/// Own files are read this often, names and addresses of this host compared; both cost next to nothing.
constexpr std::chrono::seconds interval{5};
/// Addresses come in groups when an interface goes up.
constexpr std::chrono::milliseconds settle{300};
constexpr int64_t day = 24 * 3600;

bool has_all(const tls::Details& details, const std::vector<std::string>& names,
             const std::vector<std::string>& addresses) {
  const auto has = [](const std::vector<std::string>& list) {
    return [&list](const std::string& one) { return std::find(list.begin(), list.end(), one) != list.end(); };
  };
  return std::all_of(names.begin(), names.end(), has(details.names)) &&
         std::all_of(addresses.begin(), addresses.end(), has(details.addresses));
}

}  // namespace

Certificates::Certificates(std::filesystem::path directory, MainLoop& loop, const base::Clock& clock, Deliver deliver)
    : directory_(std::move(directory)), loop_(loop), clock_(clock), deliver_(std::move(deliver)) {
  addresses_ = AddressWatch::create(loop_, [this] { look_later(settle); });
}

Certificates::~Certificates() {
  loop_.cancel(timer_);
}

int64_t Certificates::now_s() const {
  return std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
}

std::string Certificates::authority_pem() const {
  return authority_ && !own() ? authority_->certificate_pem() : std::string();
}

Result<Certificates::Prepared> Certificates::prepare(const CertificateConfig& config) {
  auto identity = config.certificate.empty() ? issue(config) : load_own(config);
  if (!identity) return tl::unexpected(identity.error());
  Prepared prepared{config, std::move(*identity), nullptr};
  if (current_ == prepared.identity) return prepared;
  auto context = tls::Context::create(prepared.identity);
  if (!context) return tl::unexpected(context.error());
  prepared.context = std::move(*context);
  return prepared;
}

void Certificates::use(Prepared prepared) {
  config_ = std::move(prepared.config);
  current_ = std::move(prepared.identity);
  if (prepared.context) deliver_(std::move(prepared.context));
  look_later(interval);
}

Result<tls::Identity> Certificates::load_own(const CertificateConfig& config) const {
  auto certificate = tls::read_file(config.certificate);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = tls::read_file(config.key);
  if (!key) return tl::unexpected(key.error());
  tls::Identity identity{std::move(*certificate), std::move(*key)};
  if (auto checked = tls::check_identity(identity, now_s()); !checked) {
    return base::fail("certificate",
                      config.certificate.string() + " and " + config.key.string() + ": " + checked.error().message);
  }
  return identity;
}

Result<tls::Identity> Certificates::issue(const CertificateConfig& config) {
  if (!authority_) {
    auto authority = tls::Authority::open(directory_, now_s());
    if (!authority) return tl::unexpected(authority.error());
    authority_ = std::move(*authority);
  }
  HostNames host = host_names();
  std::vector<std::string> addresses;
  for (const base::IpAddress& address : host.addresses)
    addresses.push_back(address.to_string());
  if (const auto address = base::IpAddress::parse(config.public_host)) {
    addresses.push_back(address->to_string());
  } else if (!config.public_host.empty()) {
    host.names.insert(host.names.begin(), config.public_host);
  }

  const std::filesystem::path certificate_file = directory_ / "server.crt", key_file = directory_ / "server.key";
  std::error_code error;
  if (std::filesystem::exists(certificate_file, error) && std::filesystem::exists(key_file, error)) {
    tls::Identity kept{tls::read_file(certificate_file).value_or(""), tls::read_file(key_file).value_or("")};
    const auto details = tls::check_identity(kept, now_s());
    if (details && authority_->issued(kept) && has_all(*details, host.names, addresses) &&
        details->not_after - now_s() > tls::renewal_days * day)
      return kept;
  }
  auto identity = authority_->issue(host.names, addresses, now_s());
  if (!identity) return identity;
  if (auto written = tls::write_file(key_file, identity->key_pem); !written) return tl::unexpected(written.error());
  if (auto written = tls::write_file(certificate_file, identity->certificate_pem, 0644); !written)
    return tl::unexpected(written.error());
  log::info("tls", "a certificate was issued",
            {{"names", std::to_string(host.names.size())}, {"addresses", std::to_string(addresses.size())}});
  return identity;
}

void Certificates::look() {
  if (!current_) return;  // there is no configuration yet
  auto prepared = prepare(config_);
  const std::string complaint = prepared ? "" : prepared.error().message;
  if (!complaint.empty() && complaint != complaint_)
    log::warning("tls", "the certificate before stays in use", {{"reason", complaint}});
  complaint_ = complaint;
  if (!prepared) return look_later(interval);
  if (prepared->context) log::info("tls", "connections get a new certificate from now on");
  use(std::move(*prepared));
}

void Certificates::look_later(std::chrono::milliseconds delay) {
  if (!current_) return;
  loop_.cancel(timer_);
  timer_ = loop_.post_after(delay, [this] { look(); });
}

}  // namespace reallive::app
