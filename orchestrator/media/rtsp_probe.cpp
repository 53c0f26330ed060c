#include "media/rtsp_probe.h"

#include <array>
#include <gio/gio.h>
#include <string_view>
#include <utility>

#include "common/guard.h"

namespace reallive::media {

namespace {

constexpr std::chrono::milliseconds kLimit{5'000};

/// One conversation, which its callbacks keep alive; it tells its end through a mailbox.
struct Exchange {
  Ref<GCancellable> cancel;
  std::function<void(Mailbox::Function)> post;
  std::function<void(bool answered, bool rtsp)> done;
  std::string request;
  bool tls = false;
  Ref<GIOStream> stream = {};
  std::array<char, 64> answer{};
  size_t got = 0;

  void tell(bool answered, bool rtsp) const {
    post([done = done, answered, rtsp] { done(answered, rtsp); });
  }
};
using ExchangePtr = std::shared_ptr<Exchange>;

// Each step hands the exchange on to the next in a heap cell, as C callbacks carry one pointer.
void read_on(const ExchangePtr& exchange);

ExchangePtr take(gpointer data) {
  const std::unique_ptr<ExchangePtr> cell(static_cast<ExchangePtr*>(data));
  return *cell;
}

void on_read(GObject* input, GAsyncResult* result, gpointer data) {
  const ExchangePtr exchange = take(data);
  guard([&] {
    const gssize got = g_input_stream_read_finish(G_INPUT_STREAM(input), result, nullptr);
    if (got > 0) exchange->got += static_cast<size_t>(got);
    constexpr std::string_view begin = "RTSP/";
    const std::string_view text(exchange->answer.data(), exchange->got);
    if (text.size() >= begin.size()) return exchange->tell(true, text.starts_with(begin));
    if (got <= 0) return exchange->tell(false, false);
    read_on(exchange);
  });
}

void read_on(const ExchangePtr& exchange) {
  g_input_stream_read_async(g_io_stream_get_input_stream(exchange->stream.get()),
                            exchange->answer.data() + exchange->got, exchange->answer.size() - exchange->got,
                            G_PRIORITY_DEFAULT, exchange->cancel.get(), &on_read, new ExchangePtr(exchange));
}

void on_written(GObject* output, GAsyncResult* result, gpointer data) {
  const ExchangePtr exchange = take(data);
  guard([&] {
    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(output), result, nullptr, nullptr))
      return exchange->tell(false, false);
    read_on(exchange);
  });
}

void on_connected(GObject* client, GAsyncResult* result, gpointer data) {
  const ExchangePtr exchange = take(data);
  guard([&] {
    const auto connection =
        Ref<GSocketConnection>::adopt(g_socket_client_connect_finish(G_SOCKET_CLIENT(client), result, nullptr));
    if (!connection) return exchange->tell(false, false);
    exchange->stream = Ref<GIOStream>::retain(G_IO_STREAM(connection.get()));
    if (exchange->tls) {
      exchange->stream =
          Ref<GIOStream>::adopt(g_tls_client_connection_new(G_IO_STREAM(connection.get()), nullptr, nullptr));
      if (!exchange->stream) return exchange->tell(false, false);
      // Cameras sign their certificates themselves; nothing secret is sent.
      g_signal_connect(exchange->stream.get(), "accept-certificate",
                       G_CALLBACK(+[](GTlsConnection*, GTlsCertificate*, GTlsCertificateFlags, gpointer) -> gboolean {
                         return TRUE;
                       }),
                       nullptr);
    }
    g_output_stream_write_all_async(g_io_stream_get_output_stream(exchange->stream.get()), exchange->request.data(),
                                    exchange->request.size(), G_PRIORITY_DEFAULT, exchange->cancel.get(), &on_written,
                                    new ExchangePtr(exchange));
  });
}

}  // namespace

RtspProbe::RtspProbe(const pipeline::CameraSource& source, const pipeline::AddressRule& rule, Done done)
    : source_(source), done_(std::move(done)), cancel_(Ref<GCancellable>::adopt(g_cancellable_new())) {
  limit_.start(kLimit, [this] {
    const PipelineFault fault{"unreachable", "no answer from " + place_of(source_)};
    finish(&fault);
  });
  lookup_ = std::make_unique<HostLookup>(source.host, rule, [this](const auto& found) {
    if (found) return connect(found->front());
    const PipelineFault fault{found.error().code, found.error().message};
    finish(&fault);
  });
}

RtspProbe::~RtspProbe() {
  g_cancellable_cancel(cancel_.get());
}

void RtspProbe::connect(const std::string& address) {
  auto exchange = std::make_shared<Exchange>();
  exchange->cancel = cancel_;
  exchange->post = mailbox_.poster();
  exchange->done = [this](bool answered, bool rtsp) {
    const PipelineFault silent{"unreachable", "no answer from " + place_of(source_)};
    const PipelineFault stranger{"unreachable", place_of(source_) + " does not speak RTSP"};
    finish(!answered ? &silent : rtsp ? nullptr : &stranger);
  };
  // RFC 2326 section 10.1. An rtsps address is written rtsp:// in requests, as cameras know no other.
  std::string url = url_by_address(source_, address);
  exchange->tls = url.starts_with("rtsps:");
  if (exchange->tls) url.erase(4, 1);
  exchange->request = "OPTIONS " + url + " RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: RealLive\r\n\r\n";
  const auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  g_socket_client_set_enable_proxy(client.get(), FALSE);
  const auto place = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), source_.port));
  g_socket_client_connect_async(client.get(), G_SOCKET_CONNECTABLE(place.get()), cancel_.get(), &on_connected,
                                new ExchangePtr(exchange));
}

void RtspProbe::finish(const PipelineFault* fault) {
  if (!done_) return;
  limit_.cancel();
  const Done done = std::exchange(done_, nullptr);
  done(fault);  // may end this
}

}  // namespace reallive::media
