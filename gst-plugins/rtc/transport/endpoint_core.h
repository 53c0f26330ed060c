// EndpointCore: the parts of one endpoint that its sessions reach: socket, table, handshaker, network thread, shards.
// Any thread may use the parts as they say themselves; stop() belongs to the Endpoint that owns the threads.
// It never outlives its threads: stop() has run before the last session lets go.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "rtc/transport/endpoint.h"
#include "rtc/transport/handshaker.h"
#include "rtc/transport/network_thread.h"
#include "rtc/transport/session_table.h"

namespace reallive::rtc {

struct EndpointCore {
  EndpointCore(const EndpointConfig& config, UdpSocket bound, std::shared_ptr<const DtlsContext> dtls);
  ~EndpointCore();

  std::shared_ptr<Shard> next_shard();
  /// Ends all sessions and joins all threads.
  void stop();

  std::atomic<std::chrono::milliseconds> connect_timeout, consent_timeout;
  std::atomic<size_t> max_sdp_bytes;
  UdpSocket socket;
  const std::shared_ptr<const DtlsContext> context;
  SessionTable table;
  std::vector<std::shared_ptr<Shard>> shards;
  Handshaker handshaker;
  NetworkThread network;

 private:
  std::atomic<unsigned> next_shard_{0};
};

}  // namespace reallive::rtc
