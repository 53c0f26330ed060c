// WHIP and WHEP without sockets and without media: every status code that the machine can answer, by name.
#include "signaling/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signaling/ice_fragment.h"

namespace reallive::signaling {
namespace {

constexpr char offer[] = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";
constexpr char trickle[] =
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n";
constexpr char restart[] = "a=ice-ufrag:wxyz\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n";

/// Stands where media stands: answers what the test says, now or when it is told to.
struct ScriptedMedia final : MediaPort {
  void view(const std::string& stream, const std::string&, Callback done) override { take("view " + stream, done); }
  void publish(const std::string& stream, const std::string&, Callback done) override {
    take("publish " + stream, done);
  }
  bool trickle(const std::string& session, const std::string&) override {
    asked.push_back("trickle " + session);
    return knows_session;
  }
  base::Result<std::string> restart_ice(const std::string& session, const std::string&) override {
    asked.push_back("restart " + session);
    return restart_answer;
  }
  bool end_session(const std::string& session) override {
    asked.push_back("end " + session);
    if (on_end) on_end(session);
    return true;
  }
  void take(const std::string& what, const Callback& done) {
    asked.push_back(what);
    if (later) {
      waiting.push_back(done);
    } else {
      done(answer());
    }
  }
  base::Result<MediaAnswer> answer() {
    if (error) return base::fail(*error, "why");
    return MediaAnswer{"m" + std::to_string(++count), "v=0\r\nanswer"};
  }

  std::vector<std::string> asked;
  std::vector<Callback> waiting;
  std::function<void(const std::string&)> on_end;
  std::optional<std::string> error;
  base::Result<std::string> restart_answer = std::string("a=ice-ufrag:serv\r\n");
  bool later = false, knows_session = true;
  int count = 0;
};

struct Recorder final : SessionListener {
  void session_started(const Session& session) override { events.push_back("+" + session.media); }
  void session_ended(const Session& session, std::string_view reason) override {
    events.push_back("-" + session.media + (reason.empty() ? "" : " " + std::string(reason)));
  }
  std::vector<std::string> events;
};

struct EndpointTest : testing::Test {
  Response ask(Request request) {
    Response result{0};
    endpoint->handle(request, [&](Response response) { result = std::move(response); });
    return result;
  }
  static Request post(Kind kind = Kind::view) {
    Request request;
    request.kind = kind;
    request.method = "POST";
    request.stream = "camera-1";
    request.path = kind == Kind::view ? "/whep/door" : "/whip/door";
    request.content_type = "application/sdp";
    request.body = offer;
    request.caller.access = Access::allowed;
    request.caller.principal = "user:1";
    return request;
  }
  static std::string header(const Response& response, const std::string& name) {
    for (const auto& header : response.headers)
      if (header.first == name) return header.second;
    return {};
  }
  /// A new session's id.
  std::string open(Kind kind = Kind::view) {
    const Response response = ask(post(kind));
    EXPECT_EQ(response.status, 201);
    const std::string location = header(response, "Location");
    etag = header(response, "ETag");
    return location.substr(location.rfind('/') + 1);
  }
  Request on_session(const std::string& method, const std::string& id, Kind kind = Kind::view) {
    Request request = post(kind);
    request.method = method;
    request.session = id;
    request.content_type = "application/trickle-ice-sdpfrag";
    request.body = trickle;
    request.if_match = etag;
    return request;
  }

  Config config{{{"stun:stun.example:3478"}, {"turn:turn.example:3478"}, "north"}, 3, 7};
  ScriptedMedia media;
  Recorder recorder;
  std::unique_ptr<Endpoint> endpoint = std::make_unique<Endpoint>(config, media, recorder);
  std::string etag;
};

TEST_F(EndpointTest, Post201HasAllThatAPlayerNeeds) {
  const Response response = ask(post());
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "v=0\r\nanswer");
  EXPECT_EQ(header(response, "Content-Type"), "application/sdp");
  EXPECT_EQ(header(response, "Location").rfind("/whep/door/", 0), 0u);
  EXPECT_GE(header(response, "Location").size(), sizeof("/whep/door/") - 1 + 43) << "256 bits that nobody guesses";
  EXPECT_EQ(header(response, "Accept-Patch"), "application/trickle-ice-sdpfrag");
  EXPECT_EQ(header(response, "ETag").front(), '"');
  std::vector<std::string> links;
  for (const auto& [name, value] : response.headers)
    if (name == "Link") links.push_back(value);
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0], "<stun:stun.example:3478>; rel=\"ice-server\"");
  EXPECT_THAT(links[1], testing::MatchesRegex("<turn:turn.example:3478>; rel=\"ice-server\"; "
                                              "username=\"[0-9]+:guest\"; credential=\"[A-Za-z0-9+/]+=\"; "
                                              "credential-type=\"password\""));
  EXPECT_EQ(media.asked, std::vector<std::string>{"view camera-1"});
  EXPECT_EQ(recorder.events, std::vector<std::string>{"+m1"});
  EXPECT_EQ(ask(post(Kind::publish)).status, 201);
  EXPECT_EQ(media.asked.back(), "publish camera-1");
}

TEST_F(EndpointTest, Options204NamesTheTypeAndNoPasswords) {
  Request request = post();
  request.method = "OPTIONS";
  request.caller = {};
  const Response response = ask(request);
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header(response, "Accept-Post"), "application/sdp");
  EXPECT_EQ(header(response, "Allow"), "POST, OPTIONS");
  EXPECT_EQ(header(response, "Link"), "");
}

TEST_F(EndpointTest, Post400ForWhatIsNoOffer) {
  for (const char* body : {"", "hello", "o=- 1 1 IN IP4 0.0.0.0\r\n"}) {
    Request request = post();
    request.body = body;
    EXPECT_EQ(ask(request).status, 400) << body;
  }
  EXPECT_TRUE(media.asked.empty());
  media.error = "bad-offer";
  EXPECT_EQ(ask(post()).status, 400);
  EXPECT_TRUE(recorder.events.empty());
}

TEST_F(EndpointTest, Post413ForAnOfferThatIsTooLong) {
  Request request = post();
  request.body.append(longest_sdp, ' ');
  EXPECT_EQ(ask(request).status, 413);
  request.body.resize(longest_sdp, ' ');
  EXPECT_EQ(ask(request).status, 201);
  config.max_sdp_bytes = 1024;
  endpoint = std::make_unique<Endpoint>(config, media, recorder);
  EXPECT_EQ(ask(request).status, 413);
  request.body.resize(1024);
  EXPECT_EQ(ask(request).status, 201);
  Request more = on_session("PATCH", open());
  more.body.resize(1025, '\n');
  EXPECT_EQ(ask(more).status, 400);
  more.body.resize(1024);
  EXPECT_EQ(ask(more).status, 204);
}

TEST_F(EndpointTest, AccessDecides401And403And404) {
  Request request = post(Kind::publish);
  request.caller.access = Access::unauthenticated;
  EXPECT_EQ(ask(request).status, 401);
  request.caller.access = Access::forbidden;
  EXPECT_EQ(ask(request).code, "AUTH_ROLE_RESTRICTED");
  EXPECT_EQ(ask(request).status, 403);
  request.caller.access = Access::inactive;
  EXPECT_EQ(ask(request).status, 403);
  EXPECT_EQ(ask(request).code, "CAMERA_INACTIVE");
  request.caller.access = Access::hidden;
  EXPECT_EQ(ask(request).status, 404);
  EXPECT_EQ(ask(request).code, "CAMERA_NOT_FOUND");
  EXPECT_TRUE(media.asked.empty());
}

TEST_F(EndpointTest, OtherMethods405NameTheRightOnes) {
  for (const char* method : {"GET", "HEAD", "PUT", "PATCH", "DELETE"}) {
    Request request = post();
    request.method = method;
    EXPECT_EQ(ask(request).status, 405) << method;
    EXPECT_EQ(header(ask(request), "Allow"), "POST, OPTIONS");
  }
  const std::string id = open();
  for (const char* method : {"GET", "HEAD", "PUT", "POST"}) {
    EXPECT_EQ(ask(on_session(method, id)).status, 405) << method;
    EXPECT_EQ(header(ask(on_session(method, id)), "Allow"), "PATCH, DELETE, OPTIONS");
  }
}

TEST_F(EndpointTest, Conflicts409TellWhenToTryAgain) {
  media.error = "already-published";
  Response response = ask(post(Kind::publish));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.code, "STREAM_ALREADY_PUBLISHED");
  EXPECT_EQ(header(response, "Retry-After"), "7");
  media.error = "not-live";
  response = ask(post());
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.code, "STREAM_NOT_LIVE");
  EXPECT_EQ(header(response, "Retry-After"), "7");
  media.error = "not-publishable";
  response = ask(post(Kind::publish));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(header(response, "Retry-After"), "") << "a camera that pulls will not change its mind";
}

TEST_F(EndpointTest, Post415ForAnotherType) {
  Request request = post();
  request.content_type = "application/json";
  EXPECT_EQ(ask(request).status, 415);
  request.content_type = "";
  EXPECT_EQ(ask(request).status, 415);
}

TEST_F(EndpointTest, Post422SaysWhichCodecsThereAre) {
  media.error = "no-common-codec";
  const Response response = ask(post());
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.message, "why");
}

TEST_F(EndpointTest, Post404WhenMediaHasNoSuchStream) {
  media.error = "no-such-stream";
  EXPECT_EQ(ask(post()).status, 404);
}

TEST_F(EndpointTest, Post500WhenMediaFails) {
  media.error = "failed";
  EXPECT_EQ(ask(post()).status, 500);
}

TEST_F(EndpointTest, Post503AtTheLimitsWithRetryAfter) {
  media.error = "too-many-sessions";
  Response response = ask(post());
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(header(response, "Retry-After"), "7");
  media.error.reset();
  open();
  open();
  media.later = true;  // an offer under way counts as well
  EXPECT_EQ(ask(post()).status, 0);
  response = ask(post());
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(header(response, "Retry-After"), "7");
}

TEST_F(EndpointTest, AFailedOfferGivesItsPlaceBack) {
  media.error = "failed";
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(ask(post()).status, 500);
  media.error.reset();
  open();
}

TEST_F(EndpointTest, Trickle204HasNoETag) {
  const std::string id = open();
  const Response response = ask(on_session("PATCH", id));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header(response, "ETag"), "");
  EXPECT_EQ(media.asked.back(), "trickle m1");
}

TEST_F(EndpointTest, Restart200ChangesTheETag) {
  const std::string id = open();
  for (const std::string& match : {std::string("*"), etag}) {
    Request request = on_session("PATCH", id);
    request.body = match == "*" ? restart : "a=ice-ufrag:next\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n";
    request.if_match = match == "*" ? "*" : etag;
    const Response response = ask(request);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "Content-Type"), "application/trickle-ice-sdpfrag");
    EXPECT_EQ(response.body, "a=ice-ufrag:serv\r\n");
    EXPECT_NE(header(response, "ETag"), etag);
    Request stale = on_session("PATCH", id);
    EXPECT_EQ(ask(stale).status, 412) << "the former ICE session's candidates";
    etag = header(response, "ETag");
  }
  Request again = on_session("PATCH", id);
  again.body = "a=ice-ufrag:next\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=end-of-candidates\r\n";
  EXPECT_EQ(ask(again).status, 204) << "the new session's own candidates are no restart";
}

TEST_F(EndpointTest, Patch428WithoutIfMatchAnd412WithAnother) {
  const std::string id = open();
  Request request = on_session("PATCH", id);
  request.if_match.reset();
  EXPECT_EQ(ask(request).status, 428);
  request.body = restart;
  EXPECT_EQ(ask(request).status, 428);
  request.if_match = "\"other\"";
  EXPECT_EQ(ask(request).status, 412);
  request.if_match = "W/" + etag;
  EXPECT_EQ(ask(request).status, 412);
  request.if_match = "\"other\" , " + etag;
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(EndpointTest, Patch400And415ForWhatIsNoFragment) {
  const std::string id = open();
  Request request = on_session("PATCH", id);
  request.body = "hello";
  EXPECT_EQ(ask(request).status, 400);
  request.body = "";
  EXPECT_EQ(ask(request).status, 400);
  request.body = "a=ice-ufrag:other\r\n";
  EXPECT_EQ(ask(request).status, 400) << "a restart without a password";
  media.restart_answer = base::fail("bad-offer", "why");
  request.body = restart;
  EXPECT_EQ(ask(request).status, 400);
  request.content_type = "application/sdp";
  EXPECT_EQ(ask(request).status, 415);
}

TEST_F(EndpointTest, Delete200IgnoresIfMatchAndHappensOnce) {
  const std::string id = open();
  Request request = on_session("DELETE", id);
  request.if_match = "\"stale\"";
  EXPECT_EQ(ask(request).status, 200);
  EXPECT_EQ(media.asked.back(), "end m1");
  EXPECT_EQ(recorder.events.back(), "-m1");
  EXPECT_EQ(ask(request).status, 404);
  EXPECT_EQ(endpoint->sessions(), 0u);
}

TEST_F(EndpointTest, DeleteIsNoFailureWhenMediaTellsAtOnce) {
  media.on_end = [this](const std::string& session) { endpoint->media_session_gone(session, "removed"); };
  EXPECT_EQ(ask(on_session("DELETE", open())).status, 200);
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"+m1", "-m1"}));
}

TEST_F(EndpointTest, SessionsAre404ForOthersAndElsewhere) {
  const std::string id = open();
  Request request = on_session("PATCH", id);
  request.caller.principal = "user:2";
  EXPECT_EQ(ask(request).status, 404);
  request.caller.principal = "";
  EXPECT_EQ(ask(request).status, 404);
  EXPECT_EQ(ask(on_session("DELETE", id, Kind::publish)).status, 404) << "WHIP has no such session";
  request = on_session("DELETE", id);
  request.stream = "camera-2";
  EXPECT_EQ(ask(request).status, 404);
  request = on_session("DELETE", id);
  request.caller.access = Access::unauthenticated;
  EXPECT_EQ(ask(request).status, 401);
  EXPECT_EQ(ask(on_session("DELETE", "x")).status, 404);
  EXPECT_EQ(endpoint->sessions(), 1u);
  request = on_session("DELETE", id);
  request.caller.principal = "user:2";
  request.caller.controls = true;
  EXPECT_EQ(ask(request).status, 200) << "the camera's owner may end what others began";
}

TEST_F(EndpointTest, ASwitchedOffCamerasSessionsCanBeEnded) {
  const std::string id = open();
  Request request = on_session("PATCH", id);
  request.caller.access = Access::inactive;
  EXPECT_EQ(ask(request).status, 403);
  request.method = "DELETE";
  EXPECT_EQ(ask(request).status, 200);
}

TEST_F(EndpointTest, SessionsThatMediaForgotAre404) {
  media.knows_session = false;
  EXPECT_EQ(ask(on_session("PATCH", open())).status, 404);
  EXPECT_EQ(endpoint->sessions(), 0u);
  media.restart_answer = base::fail("no-such-session", "");
  Request request = on_session("PATCH", open());
  request.body = restart;
  EXPECT_EQ(ask(request).status, 404);
  EXPECT_EQ(endpoint->sessions(), 0u);
}

TEST_F(EndpointTest, MediaEndsSessionsItself) {
  const std::string id = open();
  endpoint->media_session_gone("m1", "never connected");
  endpoint->media_session_gone("m1", "again");
  endpoint->media_session_gone("unknown", "");
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"+m1", "-m1 never connected"}));
  EXPECT_EQ(ask(on_session("DELETE", id)).status, 404);
}

TEST_F(EndpointTest, AnAnswerMayComeAfterTheEnd) {
  media.later = true;
  bool answered = false;
  endpoint->handle(post(), [&](const Response&) { answered = true; });
  endpoint.reset();
  media.waiting.front()(media.answer());
  EXPECT_FALSE(answered);
  EXPECT_TRUE(recorder.events.empty());
}

TEST(IceFragment, ReadsCredentialsOfOffers) {
  EXPECT_EQ(ice_credentials(offer).ufrag, "abcd");
  EXPECT_EQ(ice_credentials(offer).password, "0123456789012345678901");
  EXPECT_EQ(ice_credentials("a=ice-ufrag:abc\na=ice-pwd:short\n").ufrag, "") << "RFC 8839: at least 4";
  EXPECT_EQ(ice_credentials("a=ice-ufrag:ab\x01 d\n").ufrag, "");
  EXPECT_EQ(ice_credentials("a=ice-ufrag:" + std::string(257, 'a')).ufrag, "");
}

TEST(IceFragment, RefusesWhatIsNone) {
  EXPECT_TRUE(parse_ice_fragment("a=end-of-candidates"));
  EXPECT_TRUE(parse_ice_fragment("m=audio 9 UDP/TLS/RTP/SAVPF 0\na=candidate:1\n\n"));
  for (const char* text : {"", "\r\n", "m=audio 9 RTP 0", "a", "A=candidate:1", "a:candidate:1", "{}", "a=mid:0"})
    EXPECT_FALSE(parse_ice_fragment(text)) << text;
  EXPECT_FALSE(parse_ice_fragment("a=candidate:1\n" + std::string(longest_sdp, 'a')));
  EXPECT_TRUE(parse_ice_fragment("a=candidate:1", 13));
  EXPECT_FALSE(parse_ice_fragment("a=candidate:1", 12));
}

}  // namespace
}  // namespace reallive::signaling
