#include "rtc/sink_properties.h"

#include "common/guard.h"
#include "rtc/endpoint_properties.h"
#include "rtc/sink_state.h"
#include "rtc/sink_structures.h"

namespace reallive::rtc {

namespace {

enum Property : guint {
  kPropPort = kPropOwn,
  kPropReady,
  kPropStats,
  kPropCacheMs,
  kPropCacheBytes,
};

}  // namespace

void set_sink_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  guard([&] {
    Sink& sink = sink_of(object);
    std::unique_lock lock(sink.mutex);
    switch (id) {
      case kPropCacheMs:
        sink.cache.gop = std::chrono::milliseconds(g_value_get_uint(value));
        sink.stream->set_limits(sink.cache);
        break;
      case kPropCacheBytes:
        sink.cache.gop_bytes = g_value_get_uint64(value);
        sink.stream->set_limits(sink.cache);
        break;
      default:
        if (!set_endpoint_property(sink.settings, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    const auto endpoint = sink.endpoint;
    const EndpointConfig config = sink.settings.config;
    lock.unlock();
    if (endpoint && is_endpoint_limit(id)) endpoint->set_limits(config);
  });
}

void get_sink_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  guard([&] {
    Sink& sink = sink_of(object);
    std::unique_lock lock(sink.mutex);
    switch (id) {
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
      case kPropCacheMs:
        g_value_set_uint(value, static_cast<guint>(sink.cache.gop.count()));
        break;
      case kPropCacheBytes:
        g_value_set_uint64(value, sink.cache.gop_bytes);
        break;
      default:
        if (!get_endpoint_property(sink.settings, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
  });
}

void install_sink_properties(GObjectClass* klass) {
  install_endpoint_properties(klass, "viewer");
  constexpr auto kStatic = G_PARAM_STATIC_STRINGS;
  const auto kBefore = static_cast<GParamFlags>(G_PARAM_READWRITE | kStatic | GST_PARAM_MUTABLE_READY);
  const auto kRead = static_cast<GParamFlags>(G_PARAM_READABLE | kStatic);
  const CacheLimits cache;
  const auto add = [&](Property id, GParamSpec* spec) { g_object_class_install_property(klass, id, spec); };
  add(kPropPort, g_param_spec_uint("port", "Port", "What was bound; 0 below READY", 0, 65535, 0, kRead));
  add(kPropReady, g_param_spec_boolean("ready", "Ready", "Every pad has caps: offers can be answered", FALSE, kRead));
  add(kPropStats,
      g_param_spec_boxed("stats", "Statistics", "Totals of stream and endpoint", GST_TYPE_STRUCTURE, kRead));
  add(kPropCacheMs, g_param_spec_uint("cache-max-ms", "Cache duration", "Longest group of pictures that is cached, ms",
                                      0, 600'000, static_cast<guint>(cache.gop.count()), kBefore));
  add(kPropCacheBytes,
      g_param_spec_uint64("cache-max-bytes", "Cache size", "Largest group of pictures that is cached, bytes", 0,
                          G_MAXUINT64, cache.gop_bytes, kBefore));
}

}  // namespace reallive::rtc
