// GET /ws/events and GET /api/v1/events: what happens, as it happens, over a WebSocket or as server-sent events.
#include <algorithm>
#include <sstream>
#include <utility>

#include "api/context.h"
#include "api/event_feeds.h"
#include "api/visitor.h"
#include "http/body_stream.h"
#include "http/websocket.h"

namespace reallive::api {
namespace {

constexpr std::chrono::seconds patience{10};  // for the first message's token

/// `?types=camera-status,session&lastEventId=ID`; the id also as the header that browsers send when they come back.
base::Result<EventFeeds::Wish> read_wish(const http::Request& request) {
  EventFeeds::Wish wish;
  for (const auto& [name, value] : request.query) {
    if (name == "types") {
      std::istringstream list(value);
      for (std::string type; std::getline(list, type, ',');) {
        if (std::find(std::begin(event_types), std::end(event_types), type) == std::end(event_types)) {
          return base::invalid("types", "types may name camera-status, session and camera.");
        }
        wish.types.insert(type);
      }
    } else if (name == "lastEventId") {
      wish.last_id = value;
    } else if (name != "token") {
      return base::invalid(name, "\"" + name + "\" is not a parameter of events.");
    }
  }
  if (const auto header = request.header("Last-Event-ID")) wish.last_id = *header;
  return wish;
}

base::Error too_many() {
  return {"RATE_LIMIT_EXCEEDED", "There are as many open connections of this account or address as there may be."};
}

/// One WebSocket of events. The socket's callbacks keep it.
class EventSocket : public std::enable_shared_from_this<EventSocket> {
 public:
  EventSocket(std::weak_ptr<Context> context, std::weak_ptr<http::WebSocket> socket, EventFeeds::Wish wish, Seat seat,
              std::string address)
      : context_(std::move(context)),
        socket_(std::move(socket)),
        wish_(std::move(wish)),
        seat_(std::move(seat)),
        address_(std::move(address)) {}

  /// `known`: the handshake had credentials; else the first message must.
  void start(bool known) {
    const auto socket = socket_.lock();
    socket->on_message = [self = shared_from_this()](std::string_view text) { self->hear(text); };
    socket->on_closed = [self = shared_from_this()] { self->stop(); };
    if (known) return open();
    const auto context = context_.lock();
    timer_ = context->deps.executor.post_after(patience, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->refuse({"AUTH_TOKEN_MISSING", "No token came in time."});
    });
  }

 private:
  void hear(std::string_view text) {
    const auto context = context_.lock();
    if (!context || feed_ != 0 || std::exchange(asked_, true)) return;  // nothing else is expected from a listener
    const auto message = base::Json::parse(text);
    const auto token = message ? message->get_string("token") : std::nullopt;
    if (!token || message->get_string("type") != "authenticate")
      return refuse({"AUTH_TOKEN_MISSING", R"(The first message must be {"type":"authenticate","token":"…"}.)"});
    identify_token(*context, *token, [self = shared_from_this()](auto principal) {
      if (!principal) return self->refuse(principal.error());
      self->wish_.principal = std::move(*principal);
      const auto still = self->context_.lock();
      if (!still) return;
      auto seat = still->seats.take(self->wish_.principal.user_id, self->address_);
      if (!seat) return self->refuse(too_many());
      self->seat_ = std::move(*seat);
      self->open();
    });
  }

  void open() {
    const auto context = context_.lock();
    const auto socket = socket_.lock();
    if (!context || !socket || closed_) return;
    context->deps.executor.cancel(std::exchange(timer_, 0));
    Outlet outlet;
    outlet.send = [weak = socket_](const std::string&, const base::Json& event) {
      if (const auto alive = weak.lock()) alive->send(event.dump());
    };
    outlet.end = [self = weak_from_this()](const std::string& reason) {
      if (const auto alive = self.lock()) alive->refuse({"AUTH_TOKEN_INVALID", reason});
    };
    feed_ = context->event_feeds->open(std::move(wish_), std::move(outlet));
  }

  void refuse(const base::Error& error) {
    const auto socket = socket_.lock();
    if (!socket) return;
    const auto json = base::Json::object({{"type", "error"}, {"code", error.code}, {"message", error.message}});
    socket->send(json.dump());
    socket->close(error.code == "RATE_LIMIT_EXCEEDED" ? http::CloseCode::try_later : http::CloseCode::policy,
                  error.message);
  }

  void stop() {
    closed_ = true;
    const auto context = context_.lock();
    if (!context) return;
    context->deps.executor.cancel(std::exchange(timer_, 0));
    context->event_feeds->close(std::exchange(feed_, 0));
  }

  const std::weak_ptr<Context> context_;
  const std::weak_ptr<http::WebSocket> socket_;
  EventFeeds::Wish wish_;
  Seat seat_;
  const std::string address_;
  EventFeeds::Feed feed_ = 0;
  base::Executor::Timer timer_ = 0;
  bool asked_ = false, closed_ = false;
};

void listen(Context& context, const http::Reply& reply, std::optional<auth::Principal> principal,
            EventFeeds::Wish wish) {
  const std::string address = reply.request()->remote_address;
  auto seat = context.seats.take(principal ? principal->user_id : std::string(), address);
  if (!seat) return reply_error(reply, too_many());
  const bool known = principal.has_value();
  if (known) wish.principal = std::move(*principal);
  // The seat goes with the answer when nothing opens.
  const auto place = std::make_shared<Seat>(std::move(*seat));
  reply(http::Response::websocket([context = context.weak_from_this(), wish, place, known,
                                   address](const std::shared_ptr<http::WebSocket>& socket) {
    std::make_shared<EventSocket>(context, socket, wish, std::move(*place), address)->start(known);
  }));
}

void stream(Context& context, const http::Reply& reply, const auth::Principal& principal, EventFeeds::Wish wish) {
  auto seat = context.seats.take(principal.user_id, reply.request()->remote_address);
  if (!seat) return reply_error(reply, too_many());
  wish.principal = principal;
  const auto place = std::make_shared<Seat>(std::move(*seat));
  reply(http::Response::events(
      [weak = context.weak_from_this(), wish, place](const std::shared_ptr<http::BodyStream>& body) {
        const auto context = weak.lock();
        if (!context) return body->close();
        Outlet outlet;
        const std::weak_ptr<http::BodyStream> held = body;
        outlet.send = [held](const std::string& id, const base::Json& event) {
          if (const auto alive = held.lock()) alive->write(http::event_text(id, event.dump()));
        };
        outlet.heartbeat = [held] {
          if (const auto alive = held.lock()) alive->write(http::event_heartbeat);
        };
        outlet.end = [held](const std::string&) {
          if (const auto alive = held.lock()) alive->close();
        };
        body->write(http::event_heartbeat);  // the client knows at once that it is connected
        const auto feed = context->event_feeds->open(wish, std::move(outlet));
        body->on_closed = [weak, feed, place] {
          if (const auto alive = weak.lock()) alive->event_feeds->close(feed);
        };
      }));
}

}  // namespace

void install_events(http::Router& router, Context& context) {
  router.add("GET", "/ws/events", [&context](const http::RequestPtr& request, const http::Reply& reply) {
    auto wish = read_wish(*request);
    if (!wish) return reply_error(reply, wish.error());
    identify_visitor(context, reply, [&context, reply, wish](const std::optional<auth::Principal>& who) {
      listen(context, reply, who, *wish);
    });
  });
  router.add("GET", "/api/v1/events", [&context](const http::RequestPtr& request, const http::Reply& reply) {
    auto wish = read_wish(*request);
    if (!wish) return reply_error(reply, wish.error());
    identify_visitor(context, reply, [&context, reply, wish](const std::optional<auth::Principal>& who) {
      if (!who) return reply_error(reply, *access_error(auth::Access::unauthenticated));
      stream(context, reply, *who, *wish);
    });
  });
}

}  // namespace reallive::api
