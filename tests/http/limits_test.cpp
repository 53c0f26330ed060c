// The server against slow, greedy and many clients: each is cut, and nobody else notices.
#include <deque>
#include <glib.h>
#include <gtest/gtest.h>

#include "http/server.h"
#include "support/http_client.h"
#include "support/wait.h"

namespace reallive::http {
namespace {

using namespace std::chrono_literals;
using test::HttpAnswer;
using test::HttpClient;
using Clock = std::chrono::steady_clock;

void pump() {
  while (g_main_context_iteration(nullptr, FALSE)) {
  }
}

struct LimitsTest : testing::Test {
  LimitsTest() {
    router.add("GET", "/hello", [](const RequestPtr&, const Reply& reply) { reply(Response::text("hello")); });
    router.add("GET", "/much",
               [](const RequestPtr&, const Reply& reply) { reply(Response::text(std::string(24 << 20, 'x'))); });
    router.add("GET", "/later", [this](const RequestPtr&, const Reply& reply) { waiting.push_back(reply); });
    router.add("POST", "/size", [](const RequestPtr& request, const Reply& reply) {
      reply(Response::text(std::to_string(request->body.size())));
    });
    config.listen = {"127.0.0.1:0"};
    config.limits.header_time = config.limits.stall_time = 300ms;
    config.limits.idle_time = 1500ms;
  }
  ~LimitsTest() override {
    waiting.clear();
    server.reset();
    pump();
  }
  void start() {
    auto created = Server::create(config, router);
    ASSERT_TRUE(created) << created.error().message;
    server = std::move(*created);
    port = server->listening().at(0).port;
  }
  std::unique_ptr<HttpClient> client() { return std::make_unique<HttpClient>(port, pump); }
  int hello() { return client()->request("GET", "/hello").status; }
  bool wait_connections(size_t count) {
    return test::eventually([&] {
      pump();
      return server->connections() == count;
    });
  }

  Router router;
  Config config;
  std::deque<Reply> waiting;
  std::unique_ptr<Server> server;
  int port = 0;
};

TEST_F(LimitsTest, CutsWhoSaysNothing) {
  start();
  const auto begin = Clock::now();
  const auto silent = client();
  EXPECT_TRUE(silent->closed_by_server());
  EXPECT_GE(Clock::now() - begin, 250ms);
  EXPECT_TRUE(wait_connections(0));
  EXPECT_EQ(hello(), 200);
}

TEST_F(LimitsTest, CutsAHeaderThatTrickles) {
  start();
  const auto slow = client();
  ASSERT_TRUE(slow->send("GET /hello HTTP/1.1\r\nHost: a\r\n"));
  const auto begin = Clock::now();
  bool open = true;
  while (open && Clock::now() - begin < 10s) {
    EXPECT_EQ(hello(), 200) << "others go on";
    open = slow->send("X-A: b\r\n");
  }
  EXPECT_FALSE(open) << "one header line after the other kept the connection for ever";
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_TRUE(wait_connections(0));
}

TEST_F(LimitsTest, SaysThatTheHeaderCameTooLate) {
  start();
  const auto slow = client();
  ASSERT_TRUE(slow->send("GET /hello HTTP/1.1\r\nHo"));
  EXPECT_EQ(slow->receive().status, 408);
  EXPECT_TRUE(slow->closed_by_server());
}

TEST_F(LimitsTest, RefusesLongHeaders) {
  start();
  EXPECT_EQ(client()->request("GET", "/hello", {{"X-A", std::string(30 << 10, 'a')}}).status, 200);
  EXPECT_EQ(client()->request("GET", "/hello", {{"X-A", std::string(33 << 10, 'a')}}).status, 431);
  const auto many = client();
  std::string request = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 4000; ++i)
    request += "A: aaaaaa\r\n";
  many->send(request + "\r\n");
  EXPECT_EQ(many->receive().status, 431);
  EXPECT_TRUE(many->closed_by_server());
  const auto line = client();
  line->send("GET /" + std::string(200 << 10, 'a'));
  EXPECT_TRUE(line->closed_by_server());
  EXPECT_TRUE(wait_connections(0));
}

TEST_F(LimitsTest, CutsABodyThatTrickles) {
  config.limits.least_rate = 100'000;
  start();
  const auto slow = client();
  ASSERT_TRUE(slow->send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"));
  const auto begin = Clock::now();
  bool open = true;
  while (open && Clock::now() - begin < 10s) {
    EXPECT_EQ(hello(), 200);
    open = slow->send("x");
  }
  EXPECT_FALSE(open) << "a byte now and then kept the connection for ever";
  EXPECT_TRUE(wait_connections(0));
}

TEST_F(LimitsTest, TakesABodyAtAFairRate) {
  config.limits.least_rate = 1;
  start();
  const auto fair = client();
  ASSERT_TRUE(fair->send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\n"));
  const auto begin = Clock::now();
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(fair->send("x"));
    test::eventually([&] { return pump(), Clock::now() - begin >= i * 2ms; });
  }
  EXPECT_GT(Clock::now() - begin, 700ms) << "longer than a stall may last";
  EXPECT_EQ(fair->receive().body, "400");
}

TEST_F(LimitsTest, CutsWhoDoesNotReadTheAnswer) {
  start();
  const auto greedy = client();
  ASSERT_TRUE(greedy->send("GET /much HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(wait_connections(1));
  EXPECT_EQ(hello(), 200);
  EXPECT_TRUE(wait_connections(0)) << "an answer that nobody reads was kept";
  EXPECT_EQ(client()->request("GET", "/much").body.size(), 24u << 20) << "who reads gets all of it";
}

TEST_F(LimitsTest, WaitsForHandlersAndBetweenRequests) {
  start();
  const auto patient = client();
  ASSERT_TRUE(patient->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
  const auto begin = Clock::now();
  ASSERT_TRUE(test::eventually([&] { return pump(), Clock::now() - begin > 800ms && waiting.size() == 1; }));
  waiting.front()(Response::text("late"));
  EXPECT_EQ(patient->receive().body, "late") << "a handler may take its time";
  const auto idle = Clock::now();
  ASSERT_TRUE(test::eventually([&] { return pump(), Clock::now() - idle > 700ms; }));
  EXPECT_EQ(patient->request("GET", "/hello").body, "hello") << "an idle connection is kept longer than a slow header";
  EXPECT_TRUE(patient->closed_by_server()) << "but not for ever";
}

TEST_F(LimitsTest, BoundsConnectionsOfOneAddress) {
  config.limits.address_connections = 20;
  config.limits.header_time = 20s;
  start();
  const int before = test::open_descriptors();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 20; ++i)
    clients.push_back(client());
  ASSERT_TRUE(wait_connections(20));
  const auto refused = client();
  EXPECT_EQ(refused->receive().status, 503);
  EXPECT_TRUE(refused->closed_by_server());
  EXPECT_EQ(server->connections(), 20u);
  EXPECT_LE(test::open_descriptors(), before + 2 * 20 + 1);
  EXPECT_EQ(clients.front()->request("GET", "/hello").status, 200) << "those that are in go on";
  clients.pop_back();
  ASSERT_TRUE(wait_connections(19));
  EXPECT_EQ(hello(), 200);
}

TEST_F(LimitsTest, WhoHasFinishedMakesRoom) {
  config.limits.connections = 20;
  config.limits.header_time = config.limits.idle_time = 20s;
  start();
  std::vector<std::unique_ptr<HttpClient>> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(client());
    ASSERT_EQ(idle.back()->request("GET", "/hello").status, 200);
  }
  ASSERT_TRUE(wait_connections(20));
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(hello(), 200) << i;
  EXPECT_TRUE(idle.front()->closed_by_server()) << "the one that had been idle longest";
}

TEST_F(LimitsTest, TrustedProxiesMayHaveAll) {
  config.limits.address_connections = 4;
  config.trusted_proxies = {*base::Network::parse("127.0.0.0/8")};
  start();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(client());
  EXPECT_EQ(hello(), 200);
}

TEST_F(LimitsTest, AFloodOfSocketsLeavesTheServerAnswering) {
  config.limits.connections = 50;
  config.limits.address_connections = 50;
  start();
  const int before = test::open_descriptors();
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<HttpClient>> flood;
    for (int i = 0; i < 60; ++i) {
      flood.push_back(client());
      if (i % 3 == 0) flood.back()->send("GET /hel");
      if (i % 3 == 1) flood.back()->send(std::string("\x16\x03\x01\x02\x00", 5));
    }
    pump();
    EXPECT_LE(server->connections(), 50u);
    if (round % 2 == 0)
      for (const auto& one : flood)
        one->abort();
  }
  EXPECT_TRUE(test::eventually([&] { return pump(), hello() == 200; }));
  EXPECT_TRUE(wait_connections(0));
  EXPECT_TRUE(test::eventually([&] { return pump(), test::open_descriptors() <= before; }));
}

TEST_F(LimitsTest, NewSettingsDisturbNobody) {
  start();
  const auto kept = client();
  ASSERT_EQ(kept->request("GET", "/hello").status, 200);
  Config next = config;
  next.listen = {"127.0.0.1:0", "[::1]:0"};
  next.base_path = "/cams";
  ASSERT_TRUE(server->reconfigure(next));
  ASSERT_EQ(server->listening().size(), 2u);
  EXPECT_EQ(server->listening()[0].port, port) << "what is listened on already stays";
  EXPECT_EQ(kept->request("GET", "/cams/hello").status, 200);
  EXPECT_EQ(HttpClient(server->listening()[1].port, pump, "::1").request("GET", "/hello").status, 200);
  next.listen = {"127.0.0.1:0", "192.0.2.1:1"};
  next.base_path = "/other";
  const auto refused = server->reconfigure(next);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "listen");
  EXPECT_EQ(server->listening().size(), 2u) << "all is as before";
  EXPECT_EQ(kept->request("GET", "/cams/hello").status, 200);
  next.listen = {"[::1]:0"};
  ASSERT_TRUE(server->reconfigure(next));
  EXPECT_THROW(HttpClient(port, pump), std::runtime_error);
  EXPECT_EQ(kept->request("GET", "/hello").status, 200) << "a connection outlives its listener";
}

}  // namespace
}  // namespace reallive::http
