// Forwarded: who the client behind trusted proxies is: X-Forwarded-For, -Proto, -Host and RFC 7239's Forwarded. Pure.
// Any thread. Foreign bytes, bounded: at most `most_hops` are looked at.
// It believes nothing that a proxy outside the trusted networks said, or could have been told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/network.h"
#include "http/message.h"

namespace reallive::http {

inline constexpr size_t most_hops = 32;

/// As the client sees itself and this server.
struct ClientView {
  std::string remote_address;  ///< numeric, without port
  std::string scheme;          ///< `http` or `https`
  std::string host;            ///< with its port; may be empty
  bool operator==(const ClientView&) const = default;
};

/// `direct` is what the socket and the Host header say. The right-most address that is not a trusted proxy counts. A
/// proxy usually adds to one kind of header and passes the other on as the client wrote it, so where X-Forwarded-For
/// is there Forwarded is not looked at.
ClientView see_client(const ClientView& direct, const Headers& headers, const std::vector<base::Network>& trusted);

/// What a Host header may hold to be repeated in an address: letters, digits, `.-:[]`.
bool is_host(std::string_view host);

}  // namespace reallive::http
