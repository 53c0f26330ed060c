#include "http/soup_websocket.h"

#include <algorithm>
#include <string>

#include "base/time.h"
#include "http/metered_stream.h"

namespace reallive::http {
namespace {

struct Upgrade {
  WebSocketLimits limits;
  SoupWebSocket::Opened opened;
};

void wrote_informational(SoupServerMessage* message, gpointer data) {
  guard([message, data] {
    const auto* upgrade = static_cast<Upgrade*>(data);
    const Object<SoupServerMessage> held(SOUP_SERVER_MESSAGE(g_object_ref(message)));  // `data` goes with it
    upgrade->opened(std::make_shared<SoupWebSocket>(message, upgrade->limits));
  });
}

}  // namespace

bool origin_may_connect(const CorsPolicy& policy, const Request& request) {
  const auto origin = request.header("Origin");
  if (!origin) return true;
  if (equal_ignoring_case(*origin, request.scheme + "://" + request.host)) return true;
  return std::any_of(policy.origins.begin(), policy.origins.end(),
                     [&](const std::string& one) { return one == "*" || one == *origin; });
}

base::Result<void> SoupWebSocket::accept(SoupServerMessage* message, const WebSocketLimits& limits, Opened opened) {
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  const char* wanted = soup_message_headers_get_list(headers, "Upgrade");
  if (!wanted || !equal_ignoring_case(wanted, "websocket"))
    return base::fail("UPGRADE_REQUIRED", "This address speaks WebSocket.");
  // The library's own check of origins knows one origin only; origin_may_connect() has been asked.
  if (!soup_websocket_server_check_handshake(message, nullptr, nullptr, nullptr, nullptr) ||
      !soup_websocket_server_process_handshake(message, nullptr, nullptr, nullptr, nullptr))
    return base::fail("VALIDATION_FAILED", "The WebSocket handshake is malformed.");
  g_signal_connect_data(
      message, "wrote-informational", G_CALLBACK(wrote_informational), new Upgrade{limits, std::move(opened)},
      [](gpointer data, GClosure*) { delete static_cast<Upgrade*>(data); }, GConnectFlags(0));
  return {};
}

SoupWebSocket::SoupWebSocket(SoupServerMessage* message, const WebSocketLimits& limits)
    : limits_(limits),
      peer_(connection_of(soup_server_message_get_remote_address(message))),
      meter_(std::make_shared<Meter>(MeterLimits{.message = limits.message, .queue = limits.queue},
                                     base::system_clock().steady())) {
  const Object<GIOStream> stolen(soup_server_message_steal_connection(message));
  const Object<GIOStream> metered = metered_stream(stolen.get(), meter_);
  connection_.reset(soup_websocket_connection_new(metered.get(), soup_server_message_get_uri(message),
                                                  SOUP_WEBSOCKET_CONNECTION_SERVER, nullptr, nullptr, nullptr));
  soup_websocket_connection_set_max_incoming_payload_size(connection_.get(), limits.message);
  soup_websocket_connection_set_keepalive_interval(connection_.get(), static_cast<guint>(limits.ping.count()));
  g_signal_connect(connection_.get(), "message", G_CALLBACK(got_message), this);
  g_signal_connect(connection_.get(), "closed", G_CALLBACK(closed), this);
  const auto interval = std::clamp<int64_t>(std::chrono::milliseconds(limits.silence).count() / 4, 100, 5000);
  timer_ = g_timeout_add(static_cast<guint>(interval), look_for_life, this);
}

SoupWebSocket::~SoupWebSocket() {
  end();
}

void SoupWebSocket::send(std::string_view text) {
  if (over_ || soup_websocket_connection_get_state(connection_.get()) != SOUP_WEBSOCKET_STATE_OPEN) return;
  if (!meter_->give(text.size() + (text.size() < 126 ? 2 : text.size() < 65536 ? 4 : 10))) return cut();
  const std::string terminated(text);
  soup_websocket_connection_send_text(connection_.get(), terminated.c_str());
}

void SoupWebSocket::close(uint16_t code, std::string_view reason) {
  if (over_ || soup_websocket_connection_get_state(connection_.get()) != SOUP_WEBSOCKET_STATE_OPEN) return;
  soup_websocket_connection_close(connection_.get(), code, std::string(reason.substr(0, 120)).c_str());
}

void SoupWebSocket::cut() {
  peer_->cut();  // the library notices at its next read
}

void SoupWebSocket::end() {
  if (std::exchange(over_, true)) return;
  g_source_remove(timer_);
  g_signal_handlers_disconnect_by_data(connection_.get(), this);
  cut();
  connection_.reset();
}

void SoupWebSocket::got_message(SoupWebsocketConnection*, gint type, GBytes* message, gpointer data) {
  guard([type, message, data] {
    auto* self = static_cast<SoupWebSocket*>(data);
    if (type != SOUP_WEBSOCKET_DATA_TEXT) return self->close(CloseCode::unsupported, "text messages only");
    gsize size = 0;
    const auto* bytes = static_cast<const char*>(g_bytes_get_data(message, &size));
    if (self->on_message) self->on_message(std::string_view(bytes, size));
  });
}

void SoupWebSocket::closed(SoupWebsocketConnection*, gpointer data) {
  guard([data] {
    auto* self = static_cast<SoupWebSocket*>(data);
    self->end();
    if (const auto handler = std::exchange(self->on_closed, nullptr)) handler();
    if (const auto server = std::exchange(self->on_ended, nullptr)) server();
  });
}

gboolean SoupWebSocket::look_for_life(gpointer data) {
  auto* self = static_cast<SoupWebSocket*>(data);
  if (self->meter_->is_dead(base::system_clock().steady(), self->limits_.silence)) self->cut();
  return G_SOURCE_CONTINUE;
}

}  // namespace reallive::http
