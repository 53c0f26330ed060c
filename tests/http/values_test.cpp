// The parts of http/ without sockets: addresses, headers, routes, CORS, what people write as listening addresses.
#include <gtest/gtest.h>

#include "http/cors.h"
#include "http/listen_address.h"
#include "http/router.h"

namespace reallive::http {
namespace {

using Segments = std::vector<std::string>;

TEST(Url, DecodesSegmentsOneByOne) {
  EXPECT_EQ(split_path("/"), Segments());
  EXPECT_EQ(split_path("/whep/front-door"), (Segments{"whep", "front-door"}));
  EXPECT_EQ(split_path("/a/b%20c/"), (Segments{"a", "b c"}));
  EXPECT_EQ(split_path("/a%2Fb"), (Segments{"a/b"})) << "an escaped slash does not divide";
  EXPECT_EQ(split_path("/K%C3%BCche"), (Segments{"Küche"}));
}

TEST(Url, RefusesPathsThatLeadElsewhere) {
  for (const char* path : {"", "a", "/..", "/a/../b", "/%2e%2e/b", "/%2E%2e", "/.", "/a//b", "//", "/a%00b", "/a%0ab",
                           "/a\\b", "/%5c..", "/%", "/%4", "/%zz", "/%ff", "/a\x7f"})
    EXPECT_FALSE(split_path(path)) << path;
  EXPECT_TRUE(split_path("/" + std::string(longest_path - 1, 'a')));
  EXPECT_FALSE(split_path("/" + std::string(longest_path, 'a')));
}

TEST(Url, ParsesQueries) {
  EXPECT_EQ(parse_query(""), Query());
  EXPECT_EQ(parse_query("a=1&b=x+y%26z&c&&a=2"), (Query{{"a", "1"}, {"b", "x y&z"}, {"c", ""}, {"a", "2"}}));
  EXPECT_FALSE(parse_query("a=%4"));
  EXPECT_FALSE(parse_query("a=%ff"));
  EXPECT_FALSE(parse_query("a=%00"));
  EXPECT_FALSE(parse_query(std::string(longest_query + 1, 'a')));
  std::string many;
  for (size_t i = 0; i < most_parameters; ++i)
    many += "a&";
  EXPECT_TRUE(parse_query(many));
  EXPECT_FALSE(parse_query(many + "a"));
}

TEST(Url, EncodesWhatItDecodes) {
  const std::string text = "Tür / 2%\n";
  EXPECT_EQ(percent_encode("az-._~"), "az-._~");
  EXPECT_EQ(percent_decode(percent_encode(text)), text);
}

TEST(Headers, IgnoreCase) {
  Headers headers = {{"ETag", "a"}, {"etag", "b"}};
  EXPECT_EQ(headers.get("ETAG"), "a");
  EXPECT_EQ(headers.count("etag"), 2u);
  headers.set("eTag", "c");
  EXPECT_EQ(headers.get("etag"), "c");
  EXPECT_EQ(headers.count("etag"), 1u);
  EXPECT_FALSE(headers.get("e-tag"));
}

TEST(Message, ContentTypeIsTheMediaTypeAlone) {
  Request request;
  EXPECT_EQ(request.content_type(), "");
  request.headers.set("Content-Type", " Application/SDP ; charset=utf-8");
  EXPECT_EQ(request.content_type(), "application/sdp");
}

TEST(Message, ComparesEntityTags) {
  EXPECT_TRUE(etag_matches("*", "\"a\"", false));
  EXPECT_TRUE(etag_matches("\"b\", \"a\"", "\"a\"", false));
  EXPECT_FALSE(etag_matches("\"b\"", "\"a\"", false));
  EXPECT_FALSE(etag_matches("", "\"a\"", false));
  EXPECT_FALSE(etag_matches("W/\"a\"", "\"a\"", false)) << "a weak tag never matches strongly";
  EXPECT_TRUE(etag_matches("W/\"a\"", "\"a\"", true));
}

TEST(Message, ErrorsHaveOneForm) {
  const Response response =
      error_response("r1", 400, "VALIDATION_FAILED", "name is missing.", base::Json::object({{"field", "name"}}));
  EXPECT_EQ(response.status, 400);
  const auto body = base::Json::parse(response.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->keys(), (Segments{"success", "error"}));
  EXPECT_EQ(body->get_bool("success"), false);
  EXPECT_EQ(body->get("error").keys(), (Segments{"code", "message", "details", "timestamp", "requestId"}));
  EXPECT_EQ(body->get("error").get_string("requestId"), "r1");

  const auto bare = base::Json::parse(error_response("r2", 404, "NOT_FOUND", "There is nothing.").body);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->get("error").keys(), body->get("error").keys()) << "the form does not change with the error";
  EXPECT_EQ(bare->get("error").get("details").dump(), "{}");
}

TEST(ListenAddress, ReadsWhatPeopleWrite) {
  EXPECT_EQ(**parse_listen_address("127.0.0.1:8080"), (ListenAddress{"127.0.0.1", 8080}));
  EXPECT_EQ(**parse_listen_address("localhost:0"), (ListenAddress{"127.0.0.1", 0}));
  EXPECT_EQ(**parse_listen_address(":8443"), (ListenAddress{"", 8443}));
  EXPECT_EQ(**parse_listen_address("[::1]:80"), (ListenAddress{"::1", 80}));
  EXPECT_FALSE(parse_listen_address("off")->has_value());
  for (const char* text : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1]",
                           "cam.example.org:80", "127.0.0.1:80x", "OFF", "127.0.0.1:+80"})
    EXPECT_EQ(parse_listen_address(text).error().code, "VALIDATION_FAILED") << text;
  EXPECT_FALSE(parse_listen_address(std::string_view("[::\0]:80", 8))) << "what follows a NUL counts";
}

struct RouterTest : testing::Test {
  RouterTest() {
    const auto handler = [this](const RequestPtr& request, const Reply& reply) {
      asked = request;
      reply(Response::empty(200));
    };
    router.add("GET", "/cameras", handler);
    router.add("POST", "/cameras", handler);
    router.add("GET", "/cameras/{id}", handler);
    router.add("DELETE", "/whep/{stream}/{session}", handler);
    router.add("OPTIONS", "/whip/{stream}", handler);
    router.add("GET", "/never", [](const RequestPtr&, const Reply&) {});
  }
  Response dispatch(const std::string& method, const std::string& path) {
    auto request = std::make_shared<Request>();
    request->method = method;
    request->path = path;
    request->segments = split_path(path).value();
    Response answer{0};
    router.dispatch(request, Reply(request, [&](Response response) { answer = std::move(response); }));
    return answer;
  }

  Router router;
  RequestPtr asked;
};

TEST_F(RouterTest, FindsByMethodAndPattern) {
  EXPECT_EQ(dispatch("GET", "/cameras/a%20b").status, 200);
  EXPECT_EQ(asked->route, "/cameras/{id}");
  EXPECT_EQ(asked->param("id"), "a b");
  EXPECT_EQ(dispatch("DELETE", "/whep/door/s1").status, 200);
  EXPECT_EQ(asked->param("stream"), "door");
  EXPECT_EQ(asked->param("session"), "s1");
  EXPECT_EQ(asked->param("none"), "");
}

TEST_F(RouterTest, AnswersForWhatItHasNot) {
  EXPECT_EQ(dispatch("GET", "/nothing").status, 404);
  EXPECT_EQ(dispatch("GET", "/cameras/a/b").status, 404);
  const Response refused = dispatch("PUT", "/cameras");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(dispatch("HEAD", "/cameras").status, 200);
  const Response options = dispatch("OPTIONS", "/cameras/1");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.get("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(dispatch("OPTIONS", "/whip/door").status, 200) << "a route's own OPTIONS comes first";
}

TEST_F(RouterTest, FallsBackForFilesOnly) {
  router.set_fallback([](const RequestPtr&, const Reply& reply) { reply(Response::text("page")); });
  EXPECT_EQ(dispatch("GET", "/watch").body, "page");
  EXPECT_EQ(dispatch("HEAD", "/watch").status, 200);
  EXPECT_EQ(dispatch("POST", "/watch").status, 404);
  EXPECT_EQ(dispatch("PUT", "/cameras").status, 405);
}

TEST_F(RouterTest, AForgottenReplyIsAnsweredForTheHandler) {
  EXPECT_EQ(dispatch("GET", "/never").status, 500);
}

TEST(Reply, OnlyTheFirstAnswerCounts) {
  int answers = 0;
  {
    const Reply reply(std::make_shared<Request>(), [&](const Response&) { ++answers; });
    const Reply copy = reply;
    EXPECT_FALSE(copy.answered());
    reply(Response::empty(200));
    copy(Response::empty(201));
    EXPECT_TRUE(copy.answered());
  }
  EXPECT_EQ(answers, 1);
}

Response with_cors(const CorsPolicy& policy, const std::string& path, const std::string& origin, bool preflight) {
  Request request;
  request.method = preflight ? "OPTIONS" : "GET";
  request.path = path;
  if (!origin.empty()) request.headers.add("Origin", origin);
  if (preflight) request.headers.add("Access-Control-Request-Method", "POST");
  Response response;
  add_cors_headers(policy, request, "POST, OPTIONS", response);
  return response;
}

TEST(Cors, WhipAndWhepAreOpenAndTheRestIsNot) {
  const CorsPolicy policy;
  const Response open = with_cors(policy, "/whip/door", "https://obs.example", false);
  EXPECT_EQ(open.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_NE(open.headers.get("Access-Control-Expose-Headers")->find("Location, Link, ETag"), std::string::npos);
  EXPECT_FALSE(open.headers.has("Access-Control-Allow-Credentials"));
  EXPECT_FALSE(open.headers.has("Access-Control-Allow-Methods"));
  EXPECT_FALSE(with_cors(policy, "/whip/door", "", false).headers.has("Access-Control-Allow-Origin"));
  EXPECT_FALSE(
      with_cors(policy, "/api/v1/cameras", "https://a.example", false).headers.has("Access-Control-Allow-Origin"));
  EXPECT_FALSE(with_cors(policy, "/whipped", "https://a.example", false).headers.has("Access-Control-Allow-Origin"));
}

TEST(Cors, NamedOriginsAreToldToCaches) {
  const CorsPolicy policy{{"https://page.example"}};
  const Response named = with_cors(policy, "/api/v1/cameras", "https://page.example", true);
  EXPECT_EQ(named.headers.get("Access-Control-Allow-Origin"), "https://page.example");
  EXPECT_EQ(named.headers.get("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_NE(named.headers.get("Access-Control-Allow-Headers")->find("Authorization"), std::string::npos);
  EXPECT_EQ(named.headers.get("Vary"), "Origin");
  const Response other = with_cors(policy, "/api/v1/cameras", "https://evil.example", true);
  EXPECT_FALSE(other.headers.has("Access-Control-Allow-Origin"));
  EXPECT_EQ(other.headers.get("Vary"), "Origin");
}

}  // namespace
}  // namespace reallive::http
