// WHIP and WHEP through the API: sessions, their rows in the database, and who may touch them.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

constexpr char fragment[] = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=end-of-candidates\r\n";
constexpr char restart[] = "a=ice-ufrag:wxyz\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n";

struct SessionsTest : ApiTest {
  SessionsTest() {
    const auto ann = add_user("ann", auth::Role::operator_);
    const auto bob = add_user("bob", auth::Role::operator_);
    add_user("root", auth::Role::admin);
    door = add_camera("door", ann.id);
    add_camera("hall", bob.id);
    subscription = bus.subscribe([this](const events::Event& event) { events.push_back(event); });
  }
  Answer patch(const std::string& session, const std::string& who, const std::string& body, const std::string& match) {
    Fields headers = {{"Content-Type", "application/trickle-ice-sdpfrag"}};
    if (!match.empty()) headers.emplace_back("If-Match", match);
    return ask("PATCH", session, who, body, headers);
  }
  std::vector<catalog::Session> rows() {
    catalog::SessionQuery query;
    query.organization_id = "default";
    return sessions.list(query)->items;
  }

  catalog::Camera door;
  std::vector<events::Event> events;
  events::Subscription subscription;
};

TEST_F(SessionsTest, RowsAreKeptAsLongAsTheyShallBeNow) {
  const std::string session = ask("POST", "/whep/door", "ann", offer).header("Location");
  ASSERT_EQ(ask("DELETE", session, "ann").status, 200);
  ASSERT_EQ(ask("POST", "/whep/door", "ann", offer).status, 201);
  const auto pass = [this](std::chrono::hours time) {
    clock.advance(time);
    executor.advance(time);
  };
  pass(std::chrono::hours(24 * 3));
  ASSERT_EQ(rows().size(), 2u) << "ninety days";
  api->reconfigure({.keep_sessions = std::chrono::days(0)});
  pass(std::chrono::hours(24 * 365));
  EXPECT_EQ(rows().size(), 2u) << "for ever";
  api->reconfigure({.keep_sessions = std::chrono::days(2)});
  executor.advance(std::chrono::seconds(2));
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].status, "active");
}

TEST_F(SessionsTest, ASessionLivesAndEnds) {
  const Answer created = ask("POST", "/whep/door", "ann", offer, {{"User-Agent", "player/1"}});
  ASSERT_EQ(created.status, 201);
  EXPECT_EQ(created.response.body, "v=0\r\nanswer");
  EXPECT_EQ(created.header("Content-Type"), "application/sdp");
  EXPECT_EQ(created.header("Accept-Patch"), "application/trickle-ice-sdpfrag");
  const std::string session = created.header("Location"), etag = created.header("ETag");
  ASSERT_EQ(session.rfind("/whep/door/", 0), 0u);

  EXPECT_EQ(patch(session, "ann", fragment, etag).status, 204);
  EXPECT_EQ(patch(session, "ann", fragment, "").status, 428);
  EXPECT_EQ(patch(session, "ann", fragment, "").code(), "PRECONDITION_REQUIRED");
  EXPECT_EQ(patch(session, "ann", fragment, "\"x\"").status, 412);
  EXPECT_EQ(patch(session, "ann", "nonsense", etag).status, 400);
  const Answer restarted = patch(session, "ann", restart, "*");
  EXPECT_EQ(restarted.status, 200);
  EXPECT_NE(restarted.header("ETag"), etag);

  media.open.begin()->second.bytes = 4711;
  EXPECT_EQ(ask("DELETE", session, "ann").status, 200);
  EXPECT_EQ(ask("DELETE", session, "ann").status, 404);
  EXPECT_TRUE(media.open.empty());

  ASSERT_EQ(rows().size(), 1u);
  const catalog::Session row = rows()[0];
  EXPECT_EQ(row.camera_id, door.id);
  EXPECT_EQ(row.kind, "view");
  EXPECT_EQ(row.protocol, "webrtc");
  EXPECT_EQ(row.status, "ended");
  EXPECT_EQ(row.remote_address, "192.0.2.7");
  EXPECT_EQ(row.user_agent, "player/1");
  EXPECT_EQ(row.bytes, 4711);
  EXPECT_FALSE(row.end_time.empty());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(std::get<events::SessionChanged>(events[0]).active);
  EXPECT_FALSE(std::get<events::SessionChanged>(events[1]).active);
}

TEST_F(SessionsTest, ASessionSaysWhereItTellsHowItGoes) {
  const Answer created = ask("POST", "/whep/door", "ann", offer);
  const std::string id = rows()[0].id, address = "/api/v1/sessions/" + id;
  EXPECT_EQ(created.header("Link"), "<" + address + ">; rel=\"status\"");
  const Answer now = ask("GET", address, "ann");
  ASSERT_EQ(now.status, 200);
  EXPECT_EQ(now.json.get_string("id"), id);
  EXPECT_EQ(now.json.get_string("status"), "active");
  EXPECT_EQ(now.json.get_bool("catchingUp"), false);
  EXPECT_EQ(ask("GET", address, "bob").status, 404) << "no business of his";
  EXPECT_EQ(ask("GET", "/api/v1/sessions/none", "ann").status, 404);

  media.open.begin()->second.catching_up = true;
  media.open.begin()->second.bytes = 4711;
  EXPECT_EQ(ask("GET", address, "ann").json.get_bool("catchingUp"), true) << "at once, not as of the last sample";
  EXPECT_EQ(ask("GET", address, "root").json.get_int("bytes"), 4711);
  EXPECT_EQ(ask("GET", "/api/v1/sessions", "ann").json.get("items").at(0).get_bool("catchingUp"), true);

  ASSERT_EQ(ask("DELETE", created.header("Location"), "ann").status, 200);
  EXPECT_EQ(ask("GET", address, "ann").json.get_bool("catchingUp"), false) << "it is over";
  EXPECT_EQ(ask("GET", address, "ann").json.get_string("status"), "ended");
}

TEST_F(SessionsTest, NobodyIsLedWhereHeCannotAsk) {
  const Answer by_key = ask("POST", "/whip/door", "", offer, {{"Authorization", "Bearer " + door.stream_key}});
  ASSERT_EQ(by_key.status, 201);
  EXPECT_EQ(by_key.header("Link"), "");
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/door", "ann", "{\"isPublic\":true}").status, 200);
  const Answer guest = ask("POST", "/whep/door", "", offer);
  ASSERT_EQ(guest.status, 201);
  EXPECT_EQ(guest.header("Link"), "");
  const auto stream = ask("GET", "/api/v1/cameras/door/stream/webrtc", "ann").json;
  const Answer by_address = ask("POST", "/whep/door?token=" + *stream.get_string("token"), "", offer);
  ASSERT_EQ(by_address.status, 201);
  EXPECT_EQ(by_address.header("Link"), "");
}

TEST_F(SessionsTest, PublicationsAreRecordedWithTheirEnd) {
  const Answer created = ask("POST", "/whip/door", "", offer, {{"Authorization", "Bearer " + door.stream_key}});
  ASSERT_EQ(created.status, 201);
  EXPECT_EQ(rows()[0].status, "active");
  EXPECT_EQ(rows()[0].kind, "publish");
  EXPECT_EQ(rows()[0].user_id, "");
  live.session_gone("media-1", "no packet for 10 s");
  EXPECT_EQ(rows()[0].status, "error");
  EXPECT_EQ(rows()[0].error, "no packet for 10 s");
  EXPECT_EQ(patch(created.header("Location"), "ann", fragment, "*").status, 404);
}

TEST_F(SessionsTest, AnEndThatSomebodyWantedIsNoError) {
  for (const std::string reason : {"peer-closed", "removed", "shutdown"}) {
    clock.advance(std::chrono::milliseconds(1));
    ASSERT_EQ(ask("POST", "/whep/door", "ann", offer).status, 201);
    live.session_gone("media-" + std::to_string(media.count), reason);
    EXPECT_EQ(rows()[0].status, "ended") << reason;
    EXPECT_EQ(rows()[0].error, "") << reason;
  }
  EXPECT_EQ(live.totals().sessions_failed, 0u);
}

TEST_F(SessionsTest, AGoodbyeIsNoError) {
  for (const char* reason : {"removed", "shutdown", "peer-closed"}) {
    ASSERT_EQ(ask("POST", "/whep/door", "ann", offer).status, 201);
    live.session_gone("media-" + std::to_string(media.count), reason);
    clock.advance(std::chrono::seconds(1));
  }
  ASSERT_EQ(rows().size(), 3u);
  for (const catalog::Session& row : rows())
    EXPECT_EQ(row.status + row.error, "ended");
  EXPECT_EQ(live.totals().sessions_failed, 0u);
}

TEST_F(SessionsTest, TheStreamKeyEndsWhatItBegan) {
  const Fields key = {{"Authorization", "Bearer " + door.stream_key}};
  const std::string session = ask("POST", "/whip/door", "", offer, key).header("Location");
  EXPECT_EQ(ask("DELETE", session).status, 401);
  EXPECT_EQ(ask("DELETE", session, "bob").status, 404);
  EXPECT_EQ(ask("DELETE", session, "", "", key).status, 200);
}

TEST_F(SessionsTest, OwnersAndAdminsEndWhatOthersBegan) {
  ASSERT_EQ(ask("PUT", "/api/v1/cameras/door", "ann", "{\"isPublic\":true}").status, 200);
  for (const char* who : {"ann", "root"}) {
    const std::string session = ask("POST", "/whep/door", "bob", offer).header("Location");
    EXPECT_EQ(patch(session, "", fragment, "*").status, 404) << "a guest is not bob";
    EXPECT_EQ(ask("DELETE", session, who).status, 200) << who;
  }
  const std::string guest = ask("POST", "/whep/door", "", offer).header("Location");
  EXPECT_EQ(patch(guest, "", fragment, "*").status, 204);
  EXPECT_EQ(ask("DELETE", guest).status, 200);
}

TEST_F(SessionsTest, MediasErrorsHaveTheirStatus) {
  const std::tuple<const char*, int, const char*, bool> table[] = {
      {"bad-offer", 400, "VALIDATION_FAILED", false},
      {"no-such-stream", 404, "CAMERA_NOT_FOUND", false},
      {"not-live", 409, "STREAM_NOT_LIVE", true},
      {"already-published", 409, "STREAM_ALREADY_PUBLISHED", true},
      {"not-publishable", 409, "CONFLICT", false},
      {"no-common-codec", 422, "NO_COMMON_CODEC", false},
      {"too-many-sessions", 503, "STREAM_NODE_UNAVAILABLE", true},
      {"failed", 500, "INTERNAL_ERROR", false},
  };
  for (const auto& [error, status, code, retry] : table) {
    media.error = error;
    const Answer answer = ask("POST", "/whep/door", "ann", offer);
    EXPECT_EQ(answer.status, status) << error;
    EXPECT_EQ(answer.code(), code) << error;
    EXPECT_EQ(!answer.header("Retry-After").empty(), retry) << error;
  }
  EXPECT_EQ(ask("POST", "/whep/door", "ann", offer).response.body.find("media's own reason"), std::string::npos)
      << "what breaks inside is for the log";
  media.error = "no-common-codec";
  EXPECT_EQ(ask("POST", "/whep/door", "ann", offer).json.get("error").get_string("message"), "media's own reason");
  EXPECT_TRUE(rows().empty());
}

TEST_F(SessionsTest, OffersAreSdp) {
  EXPECT_EQ(ask("POST", "/whep/door", "ann", "{}").status, 415);
  EXPECT_EQ(ask("POST", "/whep/door", "ann", "", {{"Content-Type", "application/sdp"}}).status, 400);
  EXPECT_EQ(ask("POST", "/whep/door", "ann", "v=0" + std::string(70'000, ' ')).status, 413);
  EXPECT_EQ(ask("OPTIONS", "/whep/door").header("Accept-Post"), "application/sdp");
}

TEST_F(SessionsTest, TheIdWorksAsTheShortNameDoes) {
  const Answer created = ask("POST", "/whep/" + door.id, "ann", offer);
  ASSERT_EQ(created.status, 201);
  const std::string session = created.header("Location");
  EXPECT_EQ(session.rfind("/whep/" + door.id + "/", 0), 0u);
  EXPECT_EQ(ask("DELETE", "/whep/hall" + session.substr(session.rfind('/')), "root").status, 404);
  EXPECT_EQ(ask("DELETE", session, "ann").status, 200);
}

TEST_F(SessionsTest, TheServersLimitIsSaid) {
  Config config;
  config.signaling.max_sessions = 1;
  make_api(config);
  EXPECT_EQ(ask("POST", "/whep/door", "ann", offer).status, 201);
  const Answer full = ask("POST", "/whep/door", "ann", offer);
  EXPECT_EQ(full.status, 503);
  EXPECT_NE(full.header("Retry-After"), "");
}

TEST_F(SessionsTest, CamerasTellTheirStatus) {
  media::StreamStatus status;
  status.state = media::StreamState::connecting;
  live.stream_changed(door.id, status);
  live.stream_changed(door.id, status);
  status.state = media::StreamState::error;
  status.error = "connection refused";
  live.stream_changed(door.id, status);
  ASSERT_EQ(events.size(), 2u) << "the same again is no event";
  const auto& last = std::get<events::CameraStatus>(events[1]);
  EXPECT_EQ(last.camera_id, door.id);
  EXPECT_EQ(last.stream_status, "error");
  EXPECT_EQ(last.error, "connection refused");
  EXPECT_EQ(cameras.find("default", "door")->stream_status, "error");
}

TEST_F(SessionsTest, AStartOnDemandIsNoOutage) {
  using enum media::StreamState;
  struct Step {
    media::StreamState state;
    const char *stream_status, *status;
  };
  const Step steps[] = {{connecting, "connecting", "offline"}, {idle, "online", "online"},
                        {connecting, "connecting", "online"},  {online, "online", "streaming"},
                        {connecting, "connecting", "online"},  {idle, "online", "online"},
                        {connecting, "connecting", "online"},  {error, "error", "offline"},
                        {connecting, "connecting", "offline"}, {idle, "online", "online"},
                        {offline, "offline", "offline"},       {connecting, "connecting", "offline"}};
  for (const Step& step : steps) {
    media::StreamStatus status;
    status.state = step.state;
    media.statuses[door.id] = status;
    live.stream_changed(door.id, status);
    const auto& told = std::get<events::CameraStatus>(events.back());
    EXPECT_EQ(told.stream_status, step.stream_status);
    EXPECT_EQ(told.status, step.status) << "step " << &step - steps;
    const base::Json asked = ask("GET", "/api/v1/cameras/door/status", "ann").json;
    EXPECT_EQ(asked.get_string("streamStatus"), step.stream_status);
    EXPECT_EQ(asked.get_string("status"), step.status) << "step " << &step - steps;
  }
}

TEST_F(SessionsTest, OldRowsGoAfterNinetyDays) {
  ask("POST", "/whep/door", "ann", offer);
  const Answer over = ask("POST", "/whep/door", "ann", offer);
  ASSERT_EQ(ask("DELETE", over.header("Location"), "ann").status, 200);
  ASSERT_EQ(rows().size(), 2u);
  clock.advance(std::chrono::hours(24 * 89));
  executor.advance(std::chrono::hours(1));
  EXPECT_EQ(rows().size(), 2u);
  clock.advance(std::chrono::hours(24 * 2));
  executor.advance(std::chrono::hours(1));
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].status, "active") << "what goes on stays";
}

}  // namespace
}  // namespace reallive::api::testing_only
