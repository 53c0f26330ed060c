// SoupBodyStream: a BodyStream on a message of libsoup's whose body is not complete yet.
// Main loop's thread. For the server only. It never keeps the message alive: the library ends it with its connection.
#pragma once

#include <cstdint>
#include <libsoup/soup.h>
#include <string_view>

#include "http/body_stream.h"
#include "http/connection.h"
#include "http/gobject.h"

namespace reallive::http {

class SoupBodyStream final : public BodyStream {
 public:
  /// `message` has its status and headers; the body's encoding is set here.
  explicit SoupBodyStream(SoupServerMessage* message);
  ~SoupBodyStream() override;
  SoupBodyStream(const SoupBodyStream&) = delete;
  SoupBodyStream& operator=(const SoupBodyStream&) = delete;

  void write(std::string_view bytes) override;
  void close() override;
  /// Told apart from on_closed, which belongs to the handler.
  std::function<void()> on_ended;
  /// Cuts the connection, tells nobody.
  void end();

 private:
  static void wrote(SoupServerMessage*, guint bytes, gpointer self);
  static void finished(SoupServerMessage*, gpointer self);
  static gboolean client_spoke(gint, GIOCondition, gpointer self);
  void detach();
  void cut();

  SoupServerMessage* message_;  // not ours; null when it is finished
  const ConnectionPtr peer_;
  GSource* watch_ = nullptr;
  uint64_t given_ = 0, written_ = 0;
  bool complete_ = false;
};

}  // namespace reallive::http
