// SoupWebSocket: a WebSocket on libsoup's. Owns the connection once the answer 101 is written.
// Main loop's thread; the server keeps it until it has ended. For the server only; handlers see http::WebSocket.
// It never outlives the server: end() cuts what is left.
#pragma once

#include <libsoup/soup.h>
#include <memory>

#include "base/result.h"
#include "http/connection.h"
#include "http/gobject.h"
#include "http/meter.h"
#include "http/websocket.h"

namespace reallive::http {

class SoupWebSocket final : public WebSocket {
 public:
  using Opened = std::function<void(const std::shared_ptr<SoupWebSocket>&)>;

  /// Prepares the answer 101; `opened` comes when it is written. Nothing is prepared when the request is no WebSocket
  /// handshake: code UPGRADE_REQUIRED or VALIDATION_FAILED.
  static base::Result<void> accept(SoupServerMessage* message, const WebSocketLimits& limits, Opened opened);

  /// Takes `message`'s connection.
  SoupWebSocket(SoupServerMessage* message, const WebSocketLimits& limits);
  ~SoupWebSocket() override;
  SoupWebSocket(const SoupWebSocket&) = delete;
  SoupWebSocket& operator=(const SoupWebSocket&) = delete;

  void send(std::string_view text) override;
  void close(uint16_t code, std::string_view reason) override;
  /// Told apart from on_closed, which belongs to the handler.
  std::function<void()> on_ended;
  /// Cuts the connection, tells nobody.
  void end();

 private:
  static void got_message(SoupWebsocketConnection*, gint type, GBytes* message, gpointer self);
  static void closed(SoupWebsocketConnection*, gpointer self);
  static gboolean look_for_life(gpointer self);
  void cut();

  const WebSocketLimits limits_;
  const ConnectionPtr peer_;
  std::shared_ptr<Meter> meter_;
  Object<SoupWebsocketConnection> connection_;
  guint timer_ = 0;
  bool over_ = false;
};

}  // namespace reallive::http
