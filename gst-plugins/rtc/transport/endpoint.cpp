#include "rtc/transport/endpoint.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "rtc/transport/endpoint_core.h"

namespace reallive::rtc {

namespace {

// Who listens where in this process, and for how many users. The mutex is held while an endpoint is made or closed, so
// that an address is free again before the next one binds it; nothing inside leads back here.
struct Registry {
  struct Entry {
    std::unique_ptr<Endpoint> endpoint;
    std::string name;  // its first user's
    unsigned users = 0;
  };
  std::mutex mutex;
  std::map<std::string, Entry> endpoints;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

// RFC 8445 section 5.1.2.1, type preference 126 for host candidates.
uint32_t host_priority(size_t position) {
  return uint32_t{126} << 24 | static_cast<uint32_t>(65535 - std::min<size_t>(position, 65535)) << 8 | 255;
}

sdp::Candidate host_candidate(const SocketAddress& address, size_t position) {
  sdp::Candidate candidate;
  candidate.foundation = std::to_string(position + 1);
  candidate.priority = host_priority(position);
  candidate.address = address.ip();
  candidate.port = address.port();
  return candidate;
}

unsigned shard_count_for(unsigned wanted) {
  return wanted != 0 ? wanted : std::max(2u, std::thread::hardware_concurrency()) - 1;
}

}  // namespace

EndpointCore::EndpointCore(const EndpointConfig& config, UdpSocket bound, std::shared_ptr<const DtlsContext> dtls)
    : connect_timeout(config.connect_timeout),
      consent_timeout(config.consent_timeout),
      max_sdp_bytes(config.max_sdp_bytes),
      socket(std::move(bound)),
      context(std::move(dtls)),
      table(config.max_sessions),
      handshaker(context, socket, config.handshakes_per_second),
      network(socket, table, handshaker) {
  for (unsigned index = 0; index < shard_count_for(config.shards); ++index) {
    shards.push_back(std::make_shared<Shard>("rl-shard-" + std::to_string(index)));
  }
}

EndpointCore::~EndpointCore() {
  stop();
}

std::shared_ptr<Shard> EndpointCore::next_shard() {
  return shards[next_shard_.fetch_add(1, std::memory_order_relaxed) % shards.size()];
}

void EndpointCore::stop() {
  for (const auto& session : table.all())
    session->close("shutdown");
  for (const auto& shard : shards)
    shard->stop();    // says BYE
  handshaker.stop();  // says close_notify
  network.stop();
}

Endpoint::Endpoint(std::shared_ptr<EndpointCore> core) : core_(std::move(core)) {}

Endpoint::~Endpoint() {
  core_->stop();
}

Result<std::shared_ptr<Endpoint>> Endpoint::acquire(const EndpointConfig& config) {
  const auto address = SocketAddress::parse(config.listen);
  if (!address) return fail("failed", address.error().message);
  std::string key = address->to_string();
  const bool shared = address->port() != 0 || !config.name.empty();
  if (address->port() == 0) key += "#" + config.name;

  if (!shared) {
    auto endpoint = open(config, *address);
    if (!endpoint) return tl::unexpected(endpoint.error());
    return std::shared_ptr<Endpoint>(std::move(*endpoint));
  }
  std::lock_guard lock(registry().mutex);
  auto entry = registry().endpoints.find(key);
  if (entry == registry().endpoints.end()) {
    std::vector<UdpSocket*> others;
    for (const auto& [their_key, theirs] : registry().endpoints) {
      if (!config.name.empty() && theirs.name == config.name && theirs.endpoint->port() == address->port())
        others.push_back(&theirs.endpoint->core_->socket);
    }
    auto endpoint = open(config, *address, others);
    if (!endpoint) return tl::unexpected(endpoint.error());
    entry = registry().endpoints.emplace(key, Registry::Entry{std::move(*endpoint), config.name, 0}).first;
  }
  ++entry->second.users;
  return std::shared_ptr<Endpoint>(entry->second.endpoint.get(), [key](Endpoint*) {
    std::lock_guard closing(registry().mutex);
    auto mine = registry().endpoints.find(key);
    if (--mine->second.users == 0) registry().endpoints.erase(mine);
  });
}

Result<std::unique_ptr<Endpoint>> Endpoint::open(const EndpointConfig& config, const SocketAddress& address,
                                                 std::span<UdpSocket* const> others) {
  auto context = DtlsContext::make();
  if (!context) return fail("failed", context.error().message);
  auto socket = others.empty() ? UdpSocket::bind(address) : UdpSocket::bind_beside(others, address);
  if (!socket) return fail("failed", socket.error().message);
  socket->limit_datagrams(config.max_packet_bytes);
  auto core = std::make_shared<EndpointCore>(config, std::move(*socket), std::move(*context));
  return std::unique_ptr<Endpoint>(new Endpoint(std::move(core)));
}

void Endpoint::set_limits(const EndpointConfig& config) {
  core_->table.set_limit(config.max_sessions);
  core_->handshaker.set_rate(config.handshakes_per_second);
  core_->connect_timeout = config.connect_timeout;
  core_->consent_timeout = config.consent_timeout;
  core_->max_sdp_bytes = config.max_sdp_bytes;
  core_->socket.limit_datagrams(config.max_packet_bytes);
}

uint16_t Endpoint::port() const {
  return core_->socket.local().port();
}

const sdp::Fingerprint& Endpoint::fingerprint() const {
  return core_->context->fingerprint();
}

std::vector<sdp::Candidate> Endpoint::candidates(const std::vector<std::string>& announced) const {
  const SocketAddress& local = core_->socket.local();
  std::vector<SocketAddress> addresses;
  for (const auto& text : announced) {
    if (auto ip = SocketAddress::from_ip(text, local.port())) {
      addresses.push_back(*ip);
    } else if (auto address = SocketAddress::parse(text)) {
      addresses.push_back(*address);
    }
  }
  if (addresses.empty() && !local.is_any()) addresses.push_back(local);
  if (addresses.empty()) {
    addresses = local_addresses(local.port());
    if (!local.v6()) std::erase_if(addresses, [](const auto& address) { return address.v6(); });
    const auto loopback = [](const auto& address) { return address.is_loopback(); };
    if (!std::all_of(addresses.begin(), addresses.end(), loopback)) std::erase_if(addresses, loopback);
  }
  std::vector<sdp::Candidate> candidates;
  candidates.reserve(addresses.size());
  for (const auto& address : addresses)
    candidates.push_back(host_candidate(address, candidates.size()));
  return candidates;
}

Result<std::shared_ptr<Session>> Endpoint::create_session(RemoteTransport remote) {
  if (!core_->table.reserve()) {
    return fail("too-many-sessions",
                "this address serves its limit of " + std::to_string(core_->table.limit()) + " sessions already");
  }
  return std::make_shared<Session>(core_, core_->next_shard(), std::move(remote));
}

size_t Endpoint::max_sdp_bytes() const {
  return core_->max_sdp_bytes;
}

EndpointStats Endpoint::stats() const {
  EndpointStats stats;
  stats.sessions = core_->table.count();
  stats.packets_received = core_->network.packets();
  stats.strangers = core_->network.strangers();
  stats.checks_answered = core_->network.checks_answered();
  stats.checks_refused = core_->network.checks_refused();
  stats.handshakes = core_->handshaker.started();
  stats.handshakes_deferred = core_->handshaker.deferred();
  for (const auto& shard : core_->shards)
    stats.inbox_drops += shard->dropped_packets();
  return stats;
}

size_t Endpoint::shard_count() const {
  return core_->shards.size();
}

}  // namespace reallive::rtc
