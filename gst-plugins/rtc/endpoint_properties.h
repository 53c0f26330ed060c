// The properties that reallivertcsink and reallivertcsrc share, as both have the same thing: an endpoint. Names,
// ranges, defaults, and the way to and from EndpointSettings. Any thread, as GObject says; the element's mutex guards
// the settings. They never touch the endpoint itself.
#pragma once

#include <glib-object.h>
#include <string>
#include <vector>

#include "rtc/transport/endpoint.h"

namespace reallive::rtc {

/// Ids; an element's own begin with kPropOwn.
enum EndpointProperty : guint {
  kPropNone,
  kPropListen,
  kPropEndpointName,
  kPropAnnouncedAddresses,
  kPropMaxSessions,
  kPropHandshakes,
  kPropMaxSdpBytes,
  kPropMaxPacketBytes,
  kPropConnectTimeout,
  kPropConsentTimeout,
  kPropOwn,
};

struct EndpointSettings {
  EndpointConfig config;
  std::vector<std::string> announced;
};

/// `peer`: whom the element meets, "viewer" or "publisher".
void install_endpoint_properties(GObjectClass* klass, const std::string& peer);
/// False when it is none of these.
bool set_endpoint_property(EndpointSettings& settings, guint id, const GValue* value);
bool get_endpoint_property(const EndpointSettings& settings, guint id, GValue* value);
/// One that Endpoint::set_limits() takes over at once.
bool is_endpoint_limit(guint id);

}  // namespace reallive::rtc
