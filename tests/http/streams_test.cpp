// WebSockets and event streams over real sockets on loopback: honest clients, strangers, slow, dead and greedy ones.
#include <deque>
#include <glib.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "http/body_stream.h"
#include "http/connection.h"
#include "http/gobject.h"
#include "http/meter.h"
#include "http/server.h"
#include "support/event_client.h"
#include "support/wait.h"
#include "support/websocket_client.h"

namespace reallive::http {
namespace {

using test::EventClient;
using test::HttpClient;
using test::WebSocketClient;
using namespace std::chrono_literals;

void pump() {
  while (g_main_context_iteration(nullptr, FALSE)) {
  }
}

struct StreamsTest : testing::Test {
  StreamsTest() {
    router.add("GET", "/ws", [this](const RequestPtr&, const Reply& reply) {
      reply(Response::websocket([this](const auto& opened) { keep(opened); }));
    });
    router.add("GET", "/count", [this](const RequestPtr&, const Reply& reply) {
      counted = messages.size();
      reply(Response::empty(204));
    });
    router.add("GET", "/later", [this](const RequestPtr&, const Reply& reply) { waiting = reply; });
    router.add("GET", "/events", [this](const RequestPtr&, const Reply& reply) {
      reply(Response::events([this](const auto& opened) {
        stream = opened;
        opened->on_closed = [this] { ++streams_closed; };
        opened->write(event_text("1", "{\"n\":1}"));
      }));
    });
  }
  ~StreamsTest() override {
    waiting.reset();
    server.reset();
    pump();
  }

  void start(const Config& given = {}) {
    Config config = given;
    config.listen = {"127.0.0.1:0"};
    server = std::move(*Server::create(config, router));
    port = server->listening().at(0).port;
  }
  void keep(const std::shared_ptr<WebSocket>& opened) {
    socket = opened;
    opened->on_message = [this](std::string_view text) { messages.emplace_back(text); };
    opened->on_closed = [this] { ++closed; };
  }
  bool until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s) {
    return test::eventually(
        [&] {
          pump();
          return condition();
        },
        limit);
  }
  WebSocketClient client(test::HttpFields headers = {}) {
    return WebSocketClient(port, "/ws", std::move(headers), pump);
  }

  Router router;
  std::optional<Reply> waiting;
  std::shared_ptr<WebSocket> socket;
  std::shared_ptr<BodyStream> stream;
  std::deque<std::string> messages;
  std::optional<size_t> counted;  // messages before the request for /count
  int closed = 0, streams_closed = 0, port = 0;
  std::unique_ptr<Server> server;
};

TEST_F(StreamsTest, CarriesTextBothWays) {
  start();
  auto peer = client();
  ASSERT_TRUE(peer.open()) << peer.answer().status << peer.answer().body;
  EXPECT_EQ(peer.answer().header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") << "RFC 6455 section 1.3";
  ASSERT_TRUE(peer.send_text("hello"));
  ASSERT_TRUE(until([&] { return messages.size() == 1; }));
  EXPECT_EQ(messages[0], "hello");
  socket->send("{\"a\":1}");
  EXPECT_EQ(peer.receive_text(), "{\"a\":1}");
  const std::string big(200'000, 'x');
  peer.send_frame(1, big.substr(0, 100'000), false);
  peer.send_frame(0, big.substr(100'000));
  ASSERT_TRUE(until([&] { return messages.size() == 2; })) << "a message in two pieces";
  EXPECT_EQ(messages[1], big);
  socket->send(big);
  EXPECT_EQ(peer.receive_text(), big);
}

TEST_F(StreamsTest, MayBeAnsweredLater) {
  start();
  WebSocketClient* peer = nullptr;
  // The answer comes while the client waits for it.
  bool answered = false;
  WebSocketClient late(port, "/later", {}, [&] {
    pump();
    if (!waiting || std::exchange(answered, true)) return;
    (*waiting)(Response::websocket([this](const auto& opened) { keep(opened); }));
  });
  peer = &late;
  ASSERT_TRUE(peer->open());
  EXPECT_TRUE(peer->send_text("x"));
  EXPECT_TRUE(until([&] { return messages.size() == 1; }));
}

TEST_F(StreamsTest, ClosesInGoodOrderFromBothEnds) {
  start();
  auto one = client();
  socket->close(CloseCode::policy, "enough");
  const auto goodbye = one.receive_frame();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->close_code(), 1008);
  EXPECT_EQ(goodbye->payload.substr(2), "enough");
  one.send_frame(8, goodbye->payload);
  EXPECT_TRUE(one.connection().closed_by_server());
  EXPECT_TRUE(until([&] { return closed == 1; }));
  socket->send("to nobody");

  auto two = client();
  two.send_frame(8, std::string("\x03\xe8", 2));
  EXPECT_TRUE(until([&] { return closed == 2; }));
  EXPECT_TRUE(two.connection().closed_by_server());
  auto three = client();
  three.connection().abort();
  EXPECT_TRUE(until([&] { return closed == 3; })) << "a client that crashed";
}

TEST_F(StreamsTest, RefusesWhatIsNoHandshake) {
  start();
  const auto plain = HttpClient(port, pump).request("GET", "/ws");
  EXPECT_EQ(plain.status, 426);
  EXPECT_EQ(plain.header("Upgrade"), "websocket");
  const auto old =
      HttpClient(port, pump)
          .request("GET", "/ws", {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "8"}});
  EXPECT_EQ(old.status, 400);
  const auto body = base::Json::parse(old.body);
  ASSERT_TRUE(body) << old.body;
  EXPECT_EQ(body->get("error").get_string("code"), "VALIDATION_FAILED");
  EXPECT_FALSE(socket);
}

TEST_F(StreamsTest, PagesOfOtherOriginsMayNotConnect) {
  Config config;
  config.cors.origins = {"https://page.example.org"};
  start(config);
  EXPECT_EQ(client({{"Host", "cam:1"}, {"Origin", "http://evil.example.org"}}).answer().status, 403);
  EXPECT_EQ(client({{"Host", "cam:1"}, {"Origin", "https://cam:1"}}).answer().status, 403) << "another scheme";
  EXPECT_EQ(client({{"Host", "cam:1"}, {"Origin", "null"}}).answer().status, 403);
  EXPECT_FALSE(socket);
  EXPECT_EQ(client({{"Host", "cam:1"}, {"Origin", "http://cam:1"}}).answer().status, 101);
  EXPECT_EQ(client({{"Host", "cam:1"}, {"Origin", "https://page.example.org"}}).answer().status, 101);
}

TEST_F(StreamsTest, CutsOffWhoSendsTooMuch) {
  start();
  auto one = client();
  one.send_text(std::string(256 * 1024 + 1, 'x'));
  EXPECT_TRUE(until([&] { return closed == 1; })) << "one frame that is too long";
  auto two = client();
  for (int i = 0; i < 400 && closed < 2; ++i) {
    two.send_frame(i == 0 ? 1 : 0, std::string(1000, 'x'), false);
    pump();
  }
  EXPECT_TRUE(until([&] { return closed == 2; })) << "a message without an end";
  auto three = client();
  for (int i = 0; i < 30 && closed < 3; ++i)
    three.send_text(std::string(100'000, 'x'));
  EXPECT_TRUE(until([&] { return closed == 3; })) << "messages without an end";
  auto four = client();
  for (int i = 0; i < 30'000 && closed < 4; ++i)
    four.send_frame(9, std::string(125, 'x'));
  EXPECT_TRUE(until([&] { return closed == 4; })) << "pings without an end";
  auto five = client();
  five.send_frame(2, "binary");
  const auto goodbye = five.receive_frame();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->close_code(), 1003);
}

TEST_F(StreamsTest, CutsOffWhoDoesNotRead) {
  start();
  auto peer = client();
  const std::string text(100'000, 'x');
  int sent = 0;
  // What the kernels' buffers take comes on top of the queue.
  EXPECT_TRUE(until([&] {
    socket->send(text);
    return ++sent > 2000 || closed == 1;
  }));
  EXPECT_EQ(closed, 1);
  EXPECT_LT(sent, 200);
  // Who reads gets all, however much it is: the queue counts what is on its way only.
  auto reader = client();
  for (int i = 0; i < 100; ++i) {
    socket->send(text);
    ASSERT_EQ(reader.receive_text().size(), text.size());
  }
}

TEST_F(StreamsTest, AsksForASignOfLifeAndCutsOffTheDead) {
  Config config;
  config.websocket.ping = 1s;
  config.websocket.silence = 2s;
  start(config);
  auto dead = client();
  const auto ping = dead.receive_frame();
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->opcode, 9);
  EXPECT_TRUE(until([&] { return closed == 1; }));
}

TEST_F(StreamsTest, StreamsEventsUntilEitherEndStops) {
  start();
  EventClient one(port, "/events", {}, pump);
  EXPECT_EQ(one.answer().status, 200);
  EXPECT_EQ(one.answer().header("Content-Type"), "text/event-stream");
  EXPECT_EQ(one.answer().header("Cache-Control"), "no-store");
  auto event = one.receive();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, "1");
  EXPECT_EQ(event->data, "{\"n\":1}");
  stream->write(event_heartbeat);
  stream->write(event_text("2", "{\"n\":2}"));
  event = one.receive();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, "2");
  EXPECT_EQ(one.heartbeats(), 1);
  stream->close();
  EXPECT_FALSE(one.receive());
  EXPECT_TRUE(until([&] { return streams_closed == 1; }));
  stream->write("to nobody");

  EventClient two(port, "/events", {}, pump);
  ASSERT_TRUE(two.receive());
  two.connection().abort();
  EXPECT_TRUE(until([&] { return streams_closed == 2; })) << "noticed at once, without a heartbeat";
  EXPECT_EQ(HttpClient(port, pump).request("HEAD", "/events").status, 200);
}

TEST_F(StreamsTest, CutsOffAnEventStreamThatNobodyReads) {
  start();
  EventClient peer(port, "/events", {}, pump);
  ASSERT_TRUE(peer.receive());
  const std::string event = event_text("3", std::string(100'000, 'x'));
  int sent = 0;
  EXPECT_TRUE(until([&] {
    stream->write(event);
    return ++sent > 2000 || streams_closed == 1;
  }));
  EXPECT_EQ(streams_closed, 1);
  EXPECT_LT(sent, 200);
}

TEST_F(StreamsTest, EndsWithTheServer) {
  start();
  auto peer = client();
  EventClient events(port, "/events", {}, pump);
  server.reset();
  EXPECT_TRUE(peer.connection().closed_by_server());
  EXPECT_TRUE(events.connection().closed_by_server());
  socket->send("to nobody");
  stream->write("to nobody");
}

TEST_F(StreamsTest, ManyTinyMessagesHoldUpNobody) {
  start();
  auto busy = client();
  HttpClient other(port);
  // Both lie in the kernel before the main loop runs again.
  std::string frames;
  while (frames.size() < 180'000)
    frames += std::string("\x81\x80\0\0\0\0", 6);
  ASSERT_TRUE(busy.connection().send(frames));
  ASSERT_TRUE(messages.empty()) << "the kernel took them at once";
  ASSERT_TRUE(other.send("GET /count HTTP/1.1\r\nHost: cam\r\n\r\n"));
  ASSERT_TRUE(until([&] { return counted.has_value(); }));
  EXPECT_LT(*counted, 12'000u) << "a few turns of the main loop, not all at once";
  EXPECT_TRUE(until([&] { return messages.size() == 30'000; })) << "and none is lost: " << messages.size();
  EXPECT_EQ(closed, 0);
}

TEST_F(StreamsTest, CutsOffWhoPingsAndNeverReads) {
  start();
  auto peer = client();
  // Messages between the pings give no room for more of them.
  for (int i = 0; i < 10'000 && closed == 0; ++i) {
    peer.send_frame(9, "");
    peer.send_text("x");
  }
  EXPECT_TRUE(until([&] { return closed == 1; }));
  EXPECT_LT(messages.size(), 3000u);
}

TEST(Connection, IsClosedOnTheThreadThatCountsIt) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  std::thread::id closer;
  const auto connection = std::make_shared<Connection>(ends[0], "127.0.0.1", nullptr, Limits(),
                                                       [&](Connection&) { closer = std::this_thread::get_id(); });
  const Object<GIOStream> stream(new_stream(connection));
  bool done = false;
  g_io_stream_close_async(
      stream.get(), G_PRIORITY_DEFAULT, nullptr,
      [](GObject* closed, GAsyncResult* result, gpointer data) {
        EXPECT_TRUE(g_io_stream_close_finish(G_IO_STREAM(closed), result, nullptr));
        *static_cast<bool*>(data) = true;
      },
      &done);
  EXPECT_TRUE(test::eventually([&] {
    pump();
    return done;
  }));
  EXPECT_EQ(closer, std::this_thread::get_id());
  close(ends[1]);
}

Meter meter_of(size_t message, size_t queue = 1000) {
  return Meter({.message = message, .burst = 1'000'000, .rate = 1'000'000, .queue = queue}, 0ms);
}

std::vector<std::byte> frame(int first, size_t payload) {
  const size_t header = payload < 126 ? 6 : 8;
  std::vector<std::byte> bytes(header + payload);
  bytes[0] = std::byte(first);
  bytes[1] = std::byte(payload < 126 ? 0x80 | payload : 0xfe);
  if (payload >= 126) {
    bytes[2] = std::byte(payload >> 8);
    bytes[3] = std::byte(payload);
  }
  return bytes;
}

TEST(Meter, LetsControlFramesThroughForEverAndBoundsMessages) {
  Meter meter = meter_of(1000);
  auto now = 0ms;
  for (int hour = 0; hour < 24 * 180; ++hour)  // a pong every 20 seconds
    ASSERT_TRUE(meter.read(frame(0x8a, 2), now += 20s));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(meter.read(frame(0x01, 500), now)) << "the first piece of a message";
    EXPECT_TRUE(meter.read(frame(0x8a, 2), now)) << "a pong between";
    EXPECT_TRUE(meter.read(frame(0x80, 500), now));
  }
  EXPECT_TRUE(meter.read(frame(0x01, 500), now));
  EXPECT_TRUE(meter.read(frame(0x00, 500), now));
  EXPECT_FALSE(meter.read(frame(0x80, 1), now)) << "one more than a message may have";
}

TEST(Meter, BoundsPingsWhateverIsSentBetween) {
  Meter meter = meter_of(1000, 1'000'000);
  int pings = 0;
  while (pings < 100'000 && meter.read(frame(0x89, 0), 0ms) && meter.read(frame(0x81, 1), 0ms))
    ++pings;
  EXPECT_GT(pings, 1000);
  EXPECT_LT(pings, 3000);
}

TEST(Meter, BoundsAnswersThatAreNotTaken) {
  Meter meter = meter_of(1000);
  EXPECT_TRUE(meter.give(900));
  EXPECT_TRUE(meter.read(frame(0x89, 98), 0ms)) << "its pong has 100 bytes";
  EXPECT_FALSE(meter.read(frame(0x89, 0), 0ms));
  Meter reader = meter_of(1000);
  for (auto now = 0ms; now < 1h; now += 5s) {
    ASSERT_TRUE(reader.read(frame(0x89, 98), now));
    ASSERT_TRUE(reader.give(900));
    reader.wrote(1000, now);
  }
}

TEST(Meter, KnowsWhoIsDead) {
  Meter meter = meter_of(1000);
  EXPECT_FALSE(meter.is_dead(45s, 45s));
  EXPECT_TRUE(meter.is_dead(46s, 45s)) << "says nothing";
  EXPECT_TRUE(meter.read(frame(0x8a, 0), 46s));
  EXPECT_FALSE(meter.is_dead(60s, 45s));
  meter.give(10);
  EXPECT_TRUE(meter.is_dead(60s, 45s)) << "says something and takes nothing";
  meter.wrote(4, 50s);
  EXPECT_FALSE(meter.is_dead(60s, 45s));
}

TEST(FrameCounter, TellsFramesInPiecesOfAnySize) {
  std::vector<std::byte> bytes;
  for (const size_t size : {size_t{0}, size_t{125}, size_t{126}, size_t{65535}}) {
    const auto one = frame(0x82, size);
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  const std::vector<std::byte> long_header = {std::byte{0x01}, std::byte{0x7f}, std::byte{0}, std::byte{0},
                                              std::byte{0},    std::byte{0},    std::byte{0}, std::byte{1},
                                              std::byte{0},    std::byte{0}};
  bytes.insert(bytes.end(), long_header.begin(), long_header.end());
  bytes.resize(bytes.size() + 65536);
  for (const size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{1000}, bytes.size()}) {
    FrameCounter counter;
    size_t taken = 0, payload = 0, frames = 0, messages = 0;
    for (size_t at = 0; at < bytes.size(); at += step) {
      auto rest = std::span<const std::byte>(bytes).subspan(at, std::min(step, bytes.size() - at));
      while (!rest.empty()) {
        const auto part = counter.take(rest);
        taken += part.bytes;
        payload += part.payload;
        frames += part.frame_ended ? 1 : 0;
        messages += part.message_ended ? 1 : 0;
      }
    }
    EXPECT_EQ(taken, bytes.size());
    EXPECT_EQ(payload, size_t{0 + 125 + 126 + 65535 + 65536}) << step;
    EXPECT_EQ(frames, 5u);
    EXPECT_EQ(messages, 4u) << "the last has no FIN";
  }
}

}  // namespace
}  // namespace reallive::http
