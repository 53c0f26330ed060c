#include "http/soup_body_stream.h"

#include <string>
#include <utility>

namespace reallive::http {

std::string event_text(std::string_view id, std::string_view data) {
  std::string text;
  text.reserve(id.size() + data.size() + 16);
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  return text.append("data: ").append(data).append("\n\n");
}

SoupBodyStream::SoupBodyStream(SoupServerMessage* message)
    : message_(message), peer_(connection_of(soup_server_message_get_remote_address(message))) {
  const bool chunks = soup_server_message_get_http_version(message) != SOUP_HTTP_1_0;
  soup_message_headers_set_encoding(soup_server_message_get_response_headers(message),
                                    chunks ? SOUP_ENCODING_CHUNKED : SOUP_ENCODING_EOF);
  soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
  g_signal_connect(message, "wrote-body-data", G_CALLBACK(wrote), this);
  g_signal_connect(message, "finished", G_CALLBACK(finished), this);
  // The library does not read while it answers: who leaves is seen here, not only at the next heartbeat.
  watch_ = peer_->create_watch();
  if (!watch_) return;
  g_source_set_callback(watch_, G_SOURCE_FUNC(client_spoke), this, nullptr);
  g_source_attach(watch_, nullptr);
}

SoupBodyStream::~SoupBodyStream() {
  end();
}

void SoupBodyStream::write(std::string_view bytes) {
  if (!message_ || complete_ || bytes.empty()) return;
  if (given_ - written_ + bytes.size() > longest_stream_queue) return cut();
  given_ += bytes.size();
  soup_message_body_append(soup_server_message_get_response_body(message_), SOUP_MEMORY_COPY, bytes.data(),
                           bytes.size());
  soup_server_message_unpause(message_);
}

void SoupBodyStream::close() {
  if (!message_ || std::exchange(complete_, true)) return;
  soup_message_body_complete(soup_server_message_get_response_body(message_));
  soup_server_message_unpause(message_);
}

/// The next write fails, and with it the message.
void SoupBodyStream::cut() {
  if (!message_) return;
  peer_->cut();
  if (std::exchange(complete_, true)) return;
  soup_message_body_append(soup_server_message_get_response_body(message_), SOUP_MEMORY_STATIC, event_heartbeat.data(),
                           event_heartbeat.size());
  soup_server_message_unpause(message_);
}

void SoupBodyStream::end() {
  if (!message_) return;
  cut();
  detach();
}

void SoupBodyStream::detach() {
  g_signal_handlers_disconnect_by_data(message_, this);
  message_ = nullptr;
  if (watch_) g_source_destroy(watch_);
  g_clear_pointer(&watch_, g_source_unref);
}

void SoupBodyStream::wrote(SoupServerMessage*, guint bytes, gpointer self) {
  static_cast<SoupBodyStream*>(self)->written_ += bytes;
}

void SoupBodyStream::finished(SoupServerMessage*, gpointer data) {
  guard([data] {
    auto* self = static_cast<SoupBodyStream*>(data);
    self->detach();
    if (const auto handler = std::exchange(self->on_closed, nullptr)) handler();
    if (const auto server = std::exchange(self->on_ended, nullptr)) server();
  });
}

gboolean SoupBodyStream::client_spoke(gint, GIOCondition, gpointer data) {
  auto* self = static_cast<SoupBodyStream*>(data);
  const auto sign = self->peer_->look();
  if (sign == Connection::Sign::nothing) return G_SOURCE_CONTINUE;
  // A next request, or TLS talking: nothing to read here. Should the client leave now, a heartbeat will find out.
  g_clear_pointer(&self->watch_, g_source_unref);
  if (sign == Connection::Sign::gone) self->cut();
  return G_SOURCE_REMOVE;
}

}  // namespace reallive::http
