#include "rtc/sink_properties.h"

#include "common/guard.h"
#include "rtc/sink_state.h"
#include "rtc/sink_structures.h"

namespace reallive::rtc {

namespace {

enum Property {
  kPropNone,
  kPropListen,
  kPropEndpointName,
  kPropAnnouncedAddresses,
  kPropPort,
  kPropReady,
  kPropStats,
  kPropMaxSessions,
  kPropHandshakes,
  kPropMaxSdpBytes,
  kPropMaxPacketBytes,
  kPropConnectTimeout,
  kPropConsentTimeout,
  kPropCacheMs,
  kPropCacheBytes,
};

std::vector<std::string> split_list(const char* text) {
  std::vector<std::string> parts;
  g_auto(GStrv) pieces = g_strsplit(text ? text : "", ",", -1);
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

bool is_limit(guint id) {
  return id == kPropMaxSessions || id == kPropHandshakes || id == kPropMaxSdpBytes || id == kPropMaxPacketBytes ||
         id == kPropConnectTimeout || id == kPropConsentTimeout;
}

}  // namespace

void set_sink_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guard([&] {
    Sink& sink = sink_of(object);
    std::unique_lock lock(sink.mutex);
    const auto text = [&] {
      const char* string = g_value_get_string(value);
      return std::string(string ? string : "");
    };
    const auto milliseconds = [&] { return std::chrono::milliseconds(g_value_get_uint(value)); };
    switch (id) {
      case kPropListen:
        sink.config.listen = text();
        break;
      case kPropEndpointName:
        sink.config.name = text();
        break;
      case kPropAnnouncedAddresses:
        sink.announced = split_list(g_value_get_string(value));
        break;
      case kPropMaxSessions:
        sink.config.max_sessions = g_value_get_uint(value);
        break;
      case kPropHandshakes:
        sink.config.handshakes_per_second = g_value_get_uint(value);
        break;
      case kPropMaxSdpBytes:
        sink.config.max_sdp_bytes = g_value_get_uint(value);
        break;
      case kPropMaxPacketBytes:
        sink.config.max_packet_bytes = g_value_get_uint(value);
        break;
      case kPropConnectTimeout:
        sink.config.connect_timeout = milliseconds();
        break;
      case kPropConsentTimeout:
        sink.config.consent_timeout = milliseconds();
        break;
      case kPropCacheMs:
        sink.cache.gop = milliseconds();
        sink.stream->set_limits(sink.cache);
        break;
      case kPropCacheBytes:
        sink.cache.gop_bytes = g_value_get_uint64(value);
        sink.stream->set_limits(sink.cache);
        break;
      default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    const auto endpoint = sink.endpoint;
    const EndpointConfig config = sink.config;
    lock.unlock();
    if (endpoint && is_limit(id)) endpoint->set_limits(config);
  });
}

void get_sink_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guard([&] {
    Sink& sink = sink_of(object);
    std::unique_lock lock(sink.mutex);
    const auto milliseconds = [&](std::chrono::milliseconds span) {
      g_value_set_uint(value, static_cast<guint>(span.count()));
    };
    switch (id) {
      case kPropListen:
        g_value_set_string(value, sink.config.listen.c_str());
        break;
      case kPropEndpointName:
        g_value_set_string(value, sink.config.name.c_str());
        break;
      case kPropAnnouncedAddresses:
        g_value_set_string(value, join_list(sink.announced).c_str());
        break;
      case kPropPort:
        g_value_set_uint(value, sink.endpoint ? sink.endpoint->port() : 0);
        break;
      case kPropReady:
        g_value_set_boolean(value, sink.ready);
        break;
      case kPropStats: {
        const auto stream = sink.stream;
        const auto endpoint = sink.endpoint;
        lock.unlock();
        g_value_take_boxed(value,
                           to_structure(stream->stats(), endpoint ? endpoint->stats() : EndpointStats{}).release());
        break;
      }
      case kPropMaxSessions:
        g_value_set_uint(value, sink.config.max_sessions);
        break;
      case kPropHandshakes:
        g_value_set_uint(value, sink.config.handshakes_per_second);
        break;
      case kPropMaxSdpBytes:
        g_value_set_uint(value, static_cast<guint>(sink.config.max_sdp_bytes));
        break;
      case kPropMaxPacketBytes:
        g_value_set_uint(value, static_cast<guint>(sink.config.max_packet_bytes));
        break;
      case kPropConnectTimeout:
        milliseconds(sink.config.connect_timeout);
        break;
      case kPropConsentTimeout:
        milliseconds(sink.config.consent_timeout);
        break;
      case kPropCacheMs:
        milliseconds(sink.cache.gop);
        break;
      case kPropCacheBytes:
        g_value_set_uint64(value, sink.cache.gop_bytes);
        break;
      default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

void install_sink_properties(GObjectClass* klass) {
  constexpr auto kStatic = G_PARAM_STATIC_STRINGS;
  const auto kBefore = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_READY);
  const auto kAlways = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_PLAYING);
  const auto kRead = static_cast<GParamFlags>(G_PARAM_READABLE | kStatic);
  const EndpointConfig config;
  const CacheLimits cache;
  const auto add = [&](Property id, GParamSpec* spec) { g_object_class_install_property(klass, id, spec); };
  add(kPropListen, g_param_spec_string("listen", "Listen", "UDP address HOST:PORT, or :PORT for IPv4 and IPv6",
                                       config.listen.c_str(), kBefore));
  add(kPropEndpointName, g_param_spec_string("endpoint-name", "Endpoint name",
                                             "Elements of one name share an endpoint whose port is 0", "", kBefore));
  add(kPropAnnouncedAddresses,
      g_param_spec_string("announced-addresses", "Announced addresses",
                          "Comma-separated addresses that viewers are told instead of this machine's own (NAT)", "",
                          kAlways));
  add(kPropPort, g_param_spec_uint("port", "Port", "What was bound; 0 below READY", 0, 65535, 0, kRead));
  add(kPropReady, g_param_spec_boolean("ready", "Ready", "Every pad has caps: offers can be answered", FALSE, kRead));
  add(kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Totals of stream and endpoint", GST_TYPE_STRUCTURE, kRead));
  add(kPropMaxSessions, g_param_spec_uint("max-sessions", "Maximum sessions", "Viewers and publishers of one address",
                                          1, 1'000'000, config.max_sessions, kAlways));
  add(kPropHandshakes, g_param_spec_uint("handshakes-per-second", "Handshakes per second",
                                         "DTLS handshakes that one address begins in a second", 1, 100'000,
                                         config.handshakes_per_second, kAlways));
  add(kPropMaxSdpBytes, g_param_spec_uint("max-sdp-bytes", "Maximum SDP size",
                                          "Offers and trickle fragments that are longer are refused, bytes", 1024,
                                          131'072, static_cast<guint>(config.max_sdp_bytes), kAlways));
  add(kPropMaxPacketBytes,
      g_param_spec_uint("max-packet-bytes", "Maximum packet size", "UDP packets that are longer are dropped, bytes",
                        1280, 9000, static_cast<guint>(config.max_packet_bytes), kAlways));
  add(kPropConnectTimeout, g_param_spec_uint("connect-timeout-ms", "Connect timeout",
                                             "A viewer that is not connected by then is dropped, ms", 100, 600'000,
                                             static_cast<guint>(config.connect_timeout.count()), kAlways));
  add(kPropConsentTimeout,
      g_param_spec_uint("consent-timeout-ms", "Consent timeout", "A viewer without ICE checks for so long is gone, ms",
                        1000, 600'000, static_cast<guint>(config.consent_timeout.count()), kAlways));
  add(kPropCacheMs, g_param_spec_uint("cache-max-ms", "Cache duration", "Longest group of pictures that is cached, ms",
                                      0, 600'000, static_cast<guint>(cache.gop.count()), kBefore));
  add(kPropCacheBytes,
      g_param_spec_uint64("cache-max-bytes", "Cache size", "Largest group of pictures that is cached, bytes", 0,
                          G_MAXUINT64, cache.gop_bytes, kBefore));
}

}  // namespace reallive::rtc
