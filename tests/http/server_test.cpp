// The server over real sockets on loopback: honest clients, malformed ones, slow ones and those that leave.
#include "http/server.h"

#include <deque>
#include <fstream>
#include <glib.h>
#include <gtest/gtest.h>

#include "http/static_files.h"
#include "support/http_client.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace reallive::http {
namespace {

using test::HttpAnswer;
using test::HttpClient;

void pump() {
  while (g_main_context_iteration(nullptr, FALSE)) {
  }
}

int port_of(const Server& server) {
  return server.listening().at(0).port;
}

struct ServerTest : testing::Test {
  ServerTest() {
    router.add("GET", "/echo/{word}", [](const RequestPtr& request, const Reply& reply) {
      reply(Response::text(request->param("word") + "|" + request->query_value("q").value_or("-") + "|" +
                           request->remote_address));
    });
    router.add("POST", "/size", [](const RequestPtr& request, const Reply& reply) {
      reply(Response::text(std::to_string(request->body.size())));
    });
    router.add("GET", "/later", [this](const RequestPtr&, const Reply& reply) { waiting.push_back(reply); });
    router.add("GET", "/throws", [](const RequestPtr&, const Reply&) { throw std::runtime_error("broken"); });
    router.add("GET", "/dropped", [](const RequestPtr&, const Reply&) {});
    router.add("GET", "/split", [](const RequestPtr&, const Reply& reply) {
      reply(Response::empty(200).with("X-Bad", "a\r\nSet-Cookie: b").with("X-Good", "c"));
    });
    start({"127.0.0.1:0"});
  }
  ~ServerTest() override {
    waiting.clear();
    server.reset();
    pump();
  }

  void start(const std::vector<std::string>& listen) {
    Config config;
    config.listen = listen;
    auto created = Server::create(config, router, [this](const Exchange& exchange) { exchanges.push_back(exchange); });
    ASSERT_TRUE(created) << created.error().message;
    server = std::move(*created);
  }
  std::unique_ptr<HttpClient> client(const std::string& host = "127.0.0.1") {
    return std::make_unique<HttpClient>(port_of(*server), pump, host);
  }
  HttpAnswer get(const std::string& target, const test::HttpFields& headers = {}) {
    return client()->request("GET", target, headers);
  }

  Router router;
  std::deque<Reply> waiting;
  std::vector<Exchange> exchanges;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, AnswersAndTellsTheObserver) {
  const HttpAnswer answer = get("/echo/a%2Fb?q=1+2");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "a/b|1 2|127.0.0.1");
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_EQ(exchanges[0].request->route, "/echo/{word}");
  EXPECT_EQ(exchanges[0].status, 200);
  EXPECT_EQ(answer.header("X-Request-Id"), exchanges[0].request->id);
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
}

TEST_F(ServerTest, KeepsConnectionsAndPipelines) {
  const auto connection = client();
  ASSERT_TRUE(connection->send("GET /echo/one HTTP/1.1\r\nHost: a\r\n\r\nGET /echo/two HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(connection->receive().body, "one|-|127.0.0.1");
  EXPECT_EQ(connection->receive().body, "two|-|127.0.0.1");
  EXPECT_EQ(connection->request("GET", "/echo/three").body, "three|-|127.0.0.1");
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  const auto connection = client();
  const HttpAnswer answer = connection->request("HEAD", "/echo/word");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Length"), "16");
  EXPECT_EQ(connection->request("GET", "/echo/word").body, "word|-|127.0.0.1") << "no byte of a body was sent before";
}

TEST_F(ServerTest, RefusesInOneForm) {
  const HttpAnswer missing = get("/nothing");
  EXPECT_EQ(missing.status, 404);
  const auto body = base::Json::parse(missing.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->get("error").get_string("code"), "NOT_FOUND");
  EXPECT_EQ(body->get("error").get_string("requestId"), missing.header("X-Request-Id"));
  const HttpAnswer method = client()->request("PATCH", "/size");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(client()->request("OPTIONS", "/size").status, 204);
}

TEST_F(ServerTest, RefusesMalformedAddresses) {
  for (const char* target : {"/a%00", "/echo/%zz", "/echo/a?q=%f", "/echo//", "/echo/%0d%0a", "/a%5cb"})
    EXPECT_EQ(get(target).status, 400) << target;
  for (const char* target : {"/../etc/passwd", "/%2e%2e/etc", "/echo/../.."})
    EXPECT_EQ(get(target).status, 404) << target << " has no way up";
}

TEST_F(ServerTest, SurvivesWhatIsNotHttp) {
  for (const std::string& garbage :
       {std::string("\r\n\r\n\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string(200'000, 'A'),
        std::string("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("GET /echo/a HTTP/1.1\r\n\r\n"), std::string("GET /echo/a HTTP/1.1\r\nHost: a/b\r\n\r\n")}) {
    const auto connection = client();
    connection->send(garbage);
    const HttpAnswer answer = connection->receive(false, std::chrono::milliseconds(200));
    EXPECT_TRUE(answer.status == 0 || answer.status >= 400) << garbage.substr(0, 40) << " " << answer.status;
    EXPECT_EQ(get("/echo/alive").status, 200) << garbage.substr(0, 40);
  }
}

TEST_F(ServerTest, TwoLengthsDoNotHideARequest) {
  // To a proxy that counts by Content-Length all of this is one request, and the second was never checked by it.
  size_t answered = exchanges.size();
  const std::string hidden = "0\r\n\r\nGET /echo/hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
  for (const std::string& headers : {length + "Transfer-Encoding: chunked\r\n",
                                     "Transfer-Encoding: chunked\r\n" + length, length + "Content-Length: 5\r\n"}) {
    const auto connection = client();
    ASSERT_TRUE(connection->send("POST /size HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + hidden));
    EXPECT_EQ(connection->receive().status, 400) << headers;
    EXPECT_TRUE(connection->closed_by_server());
    EXPECT_EQ(get("/echo/alive").status, 200);
    ASSERT_EQ(exchanges.size(), ++answered) << "neither of the two was carried out: " << headers;
  }
}

TEST_F(ServerTest, TakesBodiesUpToTheLimit) {
  const std::string body(1 << 20, 'x');
  EXPECT_EQ(client()->request("POST", "/size", {}, body).body, std::to_string(body.size()));
  const HttpAnswer answer = client()->request("POST", "/size", {}, body + "x");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(base::Json::parse(answer.body)->get("error").get_string("code"), "PAYLOAD_TOO_LARGE");
  ASSERT_FALSE(exchanges.empty());
  EXPECT_EQ(exchanges.back().status, 413);
}

TEST_F(ServerTest, RefusesAnAnnouncedBodyBeforeItIsSent) {
  const auto connection = client();
  ASSERT_TRUE(connection->send(
      "POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(connection->receive().status, 413);
}

TEST_F(ServerTest, CutsAnEndlessBody) {
  const auto connection = client();
  ASSERT_TRUE(connection->send("POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  size_t sent = 0;
  while (sent < (64u << 20) && connection->send(chunk))
    sent += chunk.size();
  EXPECT_LT(sent, 32u << 20) << "the server read on and on";
  EXPECT_TRUE(connection->closed_by_server());
  EXPECT_EQ(get("/echo/alive").status, 200);
}

TEST_F(ServerTest, TakesABodyThatComesSlowly) {
  const auto connection = client();
  ASSERT_TRUE(connection->send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"));
  for (const char byte : std::string("hello")) {
    EXPECT_EQ(get("/echo/others").status, 200) << "one slow client must not hold up another";
    ASSERT_TRUE(connection->send(std::string(1, byte)));
  }
  EXPECT_EQ(connection->receive().body, "5");
}

TEST_F(ServerTest, AnswersLaterAndInAnyOrder) {
  const auto first = client(), second = client();
  first->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  second->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] {
    pump();
    return waiting.size() == 2;
  }));
  waiting[1](Response::text("b"));
  EXPECT_EQ(second->receive().body, "b");
  waiting[0](Response::text("a"));
  EXPECT_EQ(first->receive().body, "a");
  EXPECT_EQ(first->request("GET", "/echo/again").status, 200) << "the connection goes on afterwards";
}

TEST_F(ServerTest, AnAnswerForAClientThatLeftGoesNowhere) {
  const int before = test::open_descriptors();
  for (int i = 0; i < 20; ++i) {
    const auto leaver = client();
    leaver->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(test::eventually([&] {
      pump();
      return waiting.size() == 1;
    }));
    leaver->abort();
    pump();
    waiting.front()(Response::text(std::string(1 << 20, 'x')));
    waiting.clear();
  }
  EXPECT_EQ(get("/echo/alive").status, 200);
  EXPECT_TRUE(test::eventually([&] {
    pump();
    return test::open_descriptors() <= before + 1;
  })) << "connections of clients that left stay open";
}

TEST_F(ServerTest, AClientThatLeavesInTheMiddleOfItsBodyIsForgotten) {
  const auto leaver = client();
  leaver->send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc");
  pump();
  leaver->abort();
  EXPECT_EQ(get("/echo/alive").status, 200);
  EXPECT_EQ(exchanges.size(), 1u);
}

TEST_F(ServerTest, ARepliesEndMayComeAfterTheServers) {
  const auto left = client();
  left->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(test::eventually([&] {
    pump();
    return waiting.size() == 1;
  }));
  server.reset();
  EXPECT_TRUE(left->closed_by_server());
  waiting.front()(Response::text("late"));
  waiting.clear();
  start({"127.0.0.1:0"});
  EXPECT_EQ(get("/echo/alive").status, 200);
}

TEST_F(ServerTest, HandlersThatFailAreAnsweredFor) {
  EXPECT_EQ(get("/throws").status, 500);
  const HttpAnswer dropped = get("/dropped");
  EXPECT_EQ(dropped.status, 500);
  EXPECT_EQ(base::Json::parse(dropped.body)->get("error").get_string("code"), "INTERNAL_ERROR");
}

TEST_F(ServerTest, AHeaderValueCannotMakeHeaders) {
  const HttpAnswer answer = get("/split");
  EXPECT_EQ(answer.header("Set-Cookie"), "");
  EXPECT_EQ(answer.header("X-Bad"), "");
  EXPECT_EQ(answer.header("X-Good"), "c");
}

TEST_F(ServerTest, LogsNoKeys) {
  const std::string session(43, 'k');
  testing::internal::CaptureStderr();
  EXPECT_EQ(get("/echo/" + session + "?q=secret", {{"Authorization", "Bearer hidden"}}).status, 200);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("GET /echo/kkkkkk*** 200"), std::string::npos) << log;
  EXPECT_EQ(log.find("secret"), std::string::npos) << log;
  EXPECT_EQ(log.find("hidden"), std::string::npos) << log;
}

TEST_F(ServerTest, ListensWhereItIsTold) {
  start({"off", "[::1]:0"});
  EXPECT_EQ(server->listening().size(), 1u);
  EXPECT_EQ(client("::1")->request("GET", "/echo/six").body, "six|-|::1");
  start({":0"});
  EXPECT_EQ(client("127.0.0.1")->request("GET", "/echo/four").body, "four|-|127.0.0.1");
  EXPECT_EQ(client("::1")->request("GET", "/echo/six").body, "six|-|::1");
  const auto taken = Server::create({{"127.0.0.1:" + std::to_string(port_of(*server))}}, router);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "listen");
  EXPECT_EQ(Server::create({{"nonsense"}}, router).error().code, "VALIDATION_FAILED");
}

struct FilesTest : ServerTest {
  FilesTest() {
    std::filesystem::create_directories(root / "assets");
    std::filesystem::create_directories(root / ".git");
    write("index.html", "<p>page</p>");
    write("assets/app-1a2b.js", "let a");
    write(".git/config", "hidden");
    write(".env", "hidden");
    std::ofstream(outside / "secret") << "secret";
    std::filesystem::create_symlink(outside / "secret", root / "link");
    std::filesystem::create_directory_symlink(outside.path(), root / "links");
    router.set_fallback(StaticFiles(root.path()));
  }
  void write(const std::string& name, const std::string& content) { std::ofstream(root / name) << content; }

  test::TempDir root, outside;
};

TEST_F(FilesTest, ServesThePage) {
  const HttpAnswer page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<p>page</p>");
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("Cache-Control"), "no-cache");
  EXPECT_NE(page.header("Content-Security-Policy"), "");
  EXPECT_EQ(get("/camera/1").body, "<p>page</p>") << "the page's own routes";
  EXPECT_EQ(get("/camera/1", {{"Accept", "application/json"}}).status, 404);
  const HttpAnswer script = get("/assets/app-1a2b.js");
  EXPECT_EQ(script.header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_NE(script.header("Cache-Control").find("immutable"), std::string::npos);
  EXPECT_EQ(client()->request("HEAD", "/assets/app-1a2b.js").header("Content-Length"), "5");
}

TEST_F(FilesTest, AnswersNotModifiedUntilTheFileChanges) {
  const std::string etag = get("/").header("ETag");
  const HttpAnswer same = get("/", {{"If-None-Match", etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.header("Content-Security-Policy"), "") << "browsers put it in place of the kept page's";
  write("index.html", "<p>new page</p>");
  EXPECT_EQ(get("/", {{"If-None-Match", etag}}).body, "<p>new page</p>");
}

TEST_F(FilesTest, StaysBelowItsRoot) {
  for (const char* target :
       {"/.env", "/.git/config", "/link", "/links/secret", "/%2e%2e/secret", "/..%2fsecret",
        "/assets%2f..%2f..%2fsecret", "/assets/..", "/assets", "/assets/none.js", "/api/v1/none"}) {
    const HttpAnswer answer = get(target, {{"Accept", "*/*"}});
    EXPECT_EQ(answer.body.find("secret"), std::string::npos) << target;
    EXPECT_EQ(answer.body.find("hidden"), std::string::npos) << target;
    EXPECT_TRUE(answer.status >= 400 || answer.body == "<p>page</p>") << target << " " << answer.status;
  }
  EXPECT_EQ(get("/assets/none.js").status, 404);
  EXPECT_EQ(get("/api/v1/none").status, 404);
  EXPECT_EQ(get("/", {{"Range", "bytes=0-1,0-1,0-1"}}).status, 200);
}

}  // namespace
}  // namespace reallive::http
