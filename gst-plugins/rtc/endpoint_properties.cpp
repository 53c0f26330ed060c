#include "rtc/endpoint_properties.h"

#include <gst/gst.h>

namespace reallive::rtc {

namespace {

std::string text_of(const GValue* value) {
  const char* text = g_value_get_string(value);
  return text ? text : "";
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  g_auto(GStrv) pieces = g_strsplit(text.c_str(), ",", -1);
  for (char** piece = pieces; *piece; ++piece) {
    const char* trimmed = g_strstrip(*piece);
    if (*trimmed) parts.emplace_back(trimmed);
  }
  return parts;
}

std::string join_list(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts)
    text += (text.empty() ? "" : ",") + part;
  return text;
}

}  // namespace

void install_endpoint_properties(GObjectClass* klass, const std::string& peer) {
  // Not G_PARAM_STATIC_BLURB: some blurbs are put together here.
  constexpr auto kStatic = G_PARAM_STATIC_NAME | G_PARAM_STATIC_NICK;
  const auto kBefore = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_READY);
  const auto kAlways = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_PLAYING);
  const EndpointConfig config;
  const auto add = [&](EndpointProperty id, GParamSpec* spec) { g_object_class_install_property(klass, id, spec); };
  const auto add_limit = [&](EndpointProperty id, const char* name, const char* nick, const std::string& blurb,
                             guint least, guint most, auto preset) {
    add(id, g_param_spec_uint(name, nick, blurb.c_str(), least, most, static_cast<guint>(preset), kAlways));
  };
  add(kPropListen, g_param_spec_string("listen", "Listen", "UDP address HOST:PORT, or :PORT for IPv4 and IPv6",
                                       config.listen.c_str(), kBefore));
  add(kPropEndpointName, g_param_spec_string("endpoint-name", "Endpoint name",
                                             "Elements of one name share an endpoint whose port is 0, and may have "
                                             "addresses that overlap",
                                             "", kBefore));
  const std::string announced =
      "Comma-separated addresses that " + peer + "s are told instead of this machine's own (NAT)";
  add(kPropAnnouncedAddresses,
      g_param_spec_string("announced-addresses", "Announced addresses", announced.c_str(), "", kAlways));
  add_limit(kPropMaxSessions, "max-sessions", "Maximum sessions", "Viewers and publishers of one address", 1, 1'000'000,
            config.max_sessions);
  add_limit(kPropHandshakes, "handshakes-per-second", "Handshakes per second",
            "DTLS handshakes that one address begins in a second", 1, 100'000, config.handshakes_per_second);
  add_limit(kPropMaxSdpBytes, "max-sdp-bytes", "Maximum SDP size",
            "Offers and trickle fragments that are longer are refused, bytes", 1024, 131'072, config.max_sdp_bytes);
  add_limit(kPropMaxPacketBytes, "max-packet-bytes", "Maximum packet size",
            "UDP packets that are longer are dropped, bytes", 1280, 9000, config.max_packet_bytes);
  add_limit(kPropConnectTimeout, "connect-timeout-ms", "Connect timeout",
            "A " + peer + " that is not connected by then is dropped, ms", 100, 600'000,
            config.connect_timeout.count());
  add_limit(kPropConsentTimeout, "consent-timeout-ms", "Consent timeout",
            "A " + peer + " without ICE checks for so long is gone, ms", 1000, 600'000, config.consent_timeout.count());
}

bool set_endpoint_property(EndpointSettings& settings, guint id, const GValue* value) {
  EndpointConfig& config = settings.config;
  switch (id) {
    case kPropListen:
      config.listen = text_of(value);
      return true;
    case kPropEndpointName:
      config.name = text_of(value);
      return true;
    case kPropAnnouncedAddresses:
      settings.announced = split_list(text_of(value));
      return true;
    case kPropMaxSessions:
      config.max_sessions = g_value_get_uint(value);
      return true;
    case kPropHandshakes:
      config.handshakes_per_second = g_value_get_uint(value);
      return true;
    case kPropMaxSdpBytes:
      config.max_sdp_bytes = g_value_get_uint(value);
      return true;
    case kPropMaxPacketBytes:
      config.max_packet_bytes = g_value_get_uint(value);
      return true;
    case kPropConnectTimeout:
      config.connect_timeout = std::chrono::milliseconds(g_value_get_uint(value));
      return true;
    case kPropConsentTimeout:
      config.consent_timeout = std::chrono::milliseconds(g_value_get_uint(value));
      return true;
    default:
      return false;
  }
}

bool get_endpoint_property(const EndpointSettings& settings, guint id, GValue* value) {
  const EndpointConfig& config = settings.config;
  switch (id) {
    case kPropListen:
      g_value_set_string(value, config.listen.c_str());
      return true;
    case kPropEndpointName:
      g_value_set_string(value, config.name.c_str());
      return true;
    case kPropAnnouncedAddresses:
      g_value_set_string(value, join_list(settings.announced).c_str());
      return true;
    case kPropMaxSessions:
      g_value_set_uint(value, config.max_sessions);
      return true;
    case kPropHandshakes:
      g_value_set_uint(value, config.handshakes_per_second);
      return true;
    case kPropMaxSdpBytes:
      g_value_set_uint(value, static_cast<guint>(config.max_sdp_bytes));
      return true;
    case kPropMaxPacketBytes:
      g_value_set_uint(value, static_cast<guint>(config.max_packet_bytes));
      return true;
    case kPropConnectTimeout:
      g_value_set_uint(value, static_cast<guint>(config.connect_timeout.count()));
      return true;
    case kPropConsentTimeout:
      g_value_set_uint(value, static_cast<guint>(config.consent_timeout.count()));
      return true;
    default:
      return false;
  }
}

bool is_endpoint_limit(guint id) {
  return id >= kPropMaxSessions && id <= kPropConsentTimeout;
}

}  // namespace reallive::rtc
