// Cameras: what is read, written, refused and paged.
#include "api/fixture.h"
#include "base/interfaces.h"

namespace reallive::api::testing_only {
namespace {

struct CamerasTest : ApiTest {
  CamerasTest() {
    ann = add_user("ann", auth::Role::operator_);
    root = add_user("root", auth::Role::admin);
  }
  Answer create(const std::string& body, const std::string& who = "ann", Fields headers = {}) {
    return ask("POST", "/api/v1/cameras", who, body, std::move(headers));
  }
  auth::User ann, root;
};

TEST_F(CamerasTest, ANewCameraHasItsDefaults) {
  const Answer answer = create("{\"name\":\"Front Door\"}");
  ASSERT_EQ(answer.status, 201) << answer.response.body;
  const base::Json& camera = answer.json;
  EXPECT_EQ(camera.keys(), (std::vector<std::string>{
                               "id",       "name",           "stream",     "company",      "model",     "serialNumber",
                               "location", "place",          "resolution", "source",       "isActive",  "isRecording",
                               "isPublic", "streamStatus",   "status",     "assignedNode", "streamKey", "rtmpUrl",
                               "ownerId",  "organizationId", "createdAt",  "updatedAt"}));
  EXPECT_EQ(camera.get_string("stream"), "front-door");
  EXPECT_EQ(camera.get_string("resolution"), "1080p");
  EXPECT_EQ(camera.get("source").get_string("url"), "publish");
  EXPECT_EQ(camera.get_string("ownerId"), ann.id);
  EXPECT_EQ(camera.get_bool("isActive"), true);
  EXPECT_EQ(camera.get_bool("isPublic"), false);
  EXPECT_TRUE(camera.get("company").is_null());
  EXPECT_EQ(answer.header("Location"), "/api/v1/cameras/" + *camera.get_string("id"));
  const Answer again = ask("GET", answer.header("Location"), "ann");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json, camera);
  EXPECT_EQ(again.header("ETag"), answer.header("ETag"));
  EXPECT_EQ(ask("GET", "/api/cameras/front-door", "ann").json, camera) << "the short name works as the id does";
  EXPECT_EQ(create("{\"name\":\"Front Door\"}").json.get_string("stream"), "front-door-2");
}

TEST_F(CamerasTest, RefusesWithTheFieldsPath) {
  const std::pair<const char*, const char*> wrong[] = {
      {"{}", "name"},
      {"{\"name\":\"\"}", "name"},
      {"{\"name\":null}", "name"},
      {"{\"name\":7}", "name"},
      {"{\"name\":\"a\",\"colour\":\"red\"}", "colour"},
      {"{\"name\":\"a\",\"source\":\"test\"}", "source"},
      {"{\"name\":\"a\",\"source\":{\"url\":\"ftp://x\"}}", "source.url"},
      {"{\"name\":\"a\",\"source\":{\"uri\":\"test\"}}", "source.uri"},
      {"{\"name\":\"a\",\"source\":{\"transport\":\"pigeon\"}}", "source.transport"},
      {"{\"name\":\"a\",\"source\":{\"onDemand\":\"yes\"}}", "source.onDemand"},
      {"{\"name\":\"a\",\"source\":{\"transcode\":\"vp8\"}}", "source.transcode"},
      {"{\"name\":\"a\",\"isActive\":1}", "isActive"},
      {"{\"name\":\"a\",\"isRecording\":true}", "isRecording"},
      {"{\"name\":\"a\",\"id\":\"7\"}", "id"},
      {"{\"name\":\"a\",\"streamKey\":\"7\"}", "streamKey"},
      {"{\"name\":\"a\",\"stream\":\"UPPER\"}", "stream"},
      {"{\"name\":\"a\",\"resolution\":\"big\"}", "resolution"},
  };
  for (const auto& [body, field] : wrong) {
    const Answer answer = create(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.code(), "VALIDATION_FAILED") << body;
    EXPECT_EQ(answer.field(), field) << body;
  }
  const Answer longest = create("{\"name\":\"" + std::string(101, 'a') + "\"}");
  EXPECT_EQ(longest.field(), "name");
  EXPECT_EQ(create("{\"name\":\"a\",\"name\":\"b\"}").status, 400);
  EXPECT_EQ(ask("GET", "/api/cameras", "ann").json.size(), 0u) << "nothing was made on the way";
}

TEST_F(CamerasTest, SerialNumbersAndShortNamesAreUnique) {
  ASSERT_EQ(create("{\"name\":\"a\",\"serialNumber\":\"S1\",\"stream\":\"one\"}").status, 201);
  const Answer serial = create("{\"name\":\"b\",\"serialNumber\":\"S1\"}");
  EXPECT_EQ(serial.status, 400);
  EXPECT_EQ(serial.code(), "CAMERA_SERIAL_DUPLICATE");
  EXPECT_EQ(serial.field(), "serialNumber");
  const Answer name = create("{\"name\":\"c\",\"stream\":\"one\"}");
  EXPECT_EQ(name.status, 409);
  EXPECT_EQ(name.code(), "CONFLICT");
}

TEST_F(CamerasTest, PutChangesWhatIsGivenAndLeavesTheRest) {
  const base::Json before =
      create("{\"name\":\"a\",\"place\":\"hall\",\"source\":{\"url\":\"test\",\"transport\":\"tcp\"}}").json;
  const std::string target = "/api/v1/cameras/" + *before.get_string("id");
  const base::Json after =
      ask("PUT", target, "ann", "{\"place\":null,\"source\":{\"onDemand\":false,\"transcode\":\"h264\"}}").json;
  EXPECT_TRUE(after.get("place").is_null());
  EXPECT_EQ(after.get_string("name"), "a");
  EXPECT_EQ(after.get("source"),
            base::Json::object({{"url", "test"}, {"transport", "tcp"}, {"onDemand", false}, {"transcode", "h264"}}));
  EXPECT_EQ(after.get("streamKey"), before.get("streamKey"));
  base::Json whole = after;
  whole.set("place", "garden");
  EXPECT_EQ(ask("PUT", target, "ann", whole.dump()).status, 200) << "a client may send back all that it was given";
  whole.set("createdAt", "2020-01-01T00:00:00.000Z");
  EXPECT_EQ(ask("PUT", target, "ann", whole.dump()).field(), "createdAt");
  EXPECT_EQ(ask("PUT", target, "ann", "{}").status, 200);
}

TEST_F(CamerasTest, PasswordsOfSourcesAreKeptButNotShown) {
  const base::Json camera =
      create("{\"name\":\"a\",\"source\":{\"url\":\"rtsp://me:walnut-lantern-58@192.0.2.1/stream\"}}").json;
  EXPECT_EQ(camera.dump().find("walnut-lantern-58"), std::string::npos);
  const std::string target = "/api/v1/cameras/" + *camera.get_string("id");
  base::Json whole = camera;
  whole.set("name", "b");
  ASSERT_EQ(ask("PUT", target, "ann", whole.dump()).status, 200);
  EXPECT_EQ(cameras.find("default", *camera.get_string("id"))->source.url,
            "rtsp://me:walnut-lantern-58@192.0.2.1/stream");
  ASSERT_EQ(ask("PUT", target, "ann", "{\"source\":{\"url\":\"test\"}}").status, 200);
  EXPECT_EQ(cameras.find("default", *camera.get_string("id"))->source.url, "test");
}

TEST_F(CamerasTest, ETagsGuardAgainstLostChanges) {
  const Answer created = create("{\"name\":\"a\"}");
  const std::string target = created.header("Location"), etag = created.header("ETag");
  ASSERT_FALSE(etag.empty());
  ASSERT_TRUE(cameras.set_status(*created.json.get_string("id"), "online", "streaming"));
  EXPECT_EQ(ask("GET", target, "ann").header("ETag"), etag) << "what media reports is no change";
  const Answer changed = ask("PUT", target, "ann", "{\"name\":\"b\"}", {{"If-Match", etag}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.header("ETag"), etag);
  const Answer stale = ask("PUT", target, "ann", "{\"name\":\"c\"}", {{"If-Match", etag}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.code(), "PRECONDITION_FAILED");
  EXPECT_EQ(ask("DELETE", target, "ann", "", {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(ask("DELETE", target, "ann", "", {{"If-Match", "*"}}).status, 204);
  EXPECT_EQ(ask("GET", target, "ann").status, 404);
  EXPECT_EQ(ask("DELETE", target, "ann").status, 404);
}

TEST_F(CamerasTest, AnIdempotencyKeyMakesOneCamera) {
  const Fields key = {{"Idempotency-Key", "k1"}};
  const Answer first = create("{\"name\":\"a\"}", "ann", key);
  const Answer second = create("{\"name\":\"a\"}", "ann", key);
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.json, first.json);
  EXPECT_EQ(create("{\"name\":\"b\"}", "ann", key).status, 409);
  EXPECT_EQ(create("{\"name\":\"a\"}", "root", key).status, 201) << "keys are each user's own";
  EXPECT_EQ(ask("GET", "/api/cameras", "ann").json.size(), 1u);
  EXPECT_EQ(create("{\"name\":\"a\"}", "ann", {{"Idempotency-Key", std::string(256, 'k')}}).status, 400);
  clock.advance(std::chrono::hours(25));
  tokens["ann"] = token_of("ann");
  EXPECT_NE(create("{\"name\":\"a\"}", "ann", key).json, first.json) << "a day later it is a new request";
}

TEST_F(CamerasTest, ABusyDatabaseIsSaid) {
  auto other = database->session();
  ASSERT_TRUE(other->transaction(db::Durability::relaxed, [&]() -> base::Result<void> {
    EXPECT_TRUE(other->execute("UPDATE organizations SET name = 'held'"));
    const Answer answer = create("{\"name\":\"a\"}");
    EXPECT_EQ(answer.status, 503) << answer.response.body;
    EXPECT_NE(answer.header("Retry-After"), "");
    EXPECT_EQ(ask("GET", "/api/v1/cameras", "ann").status, 200) << "reading goes on";
    return {};
  }));
  EXPECT_EQ(create("{\"name\":\"a\"}").status, 201);
}

TEST_F(CamerasTest, WhatNeedsAnAdmin) {
  const Answer launch = create("{\"name\":\"a\",\"source\":{\"url\":\"launch:videotestsrc\"}}");
  EXPECT_EQ(launch.status, 403);
  EXPECT_EQ(launch.code(), "AUTH_INSUFFICIENT_PERMISSIONS");
  const Answer off = create("{\"name\":\"a\",\"source\":{\"url\":\"launch:videotestsrc\"}}", "root");
  EXPECT_EQ(off.status, 403);
  EXPECT_EQ(off.code(), "SOURCE_NOT_ALLOWED");
  EXPECT_EQ(off.field(), "source.url");
  EXPECT_EQ(create("{\"name\":\"b\",\"ownerId\":\"" + root.id + "\"}").status, 403);
  EXPECT_EQ(create("{\"name\":\"b\",\"ownerId\":\"" + ann.id + "\"}").status, 201);
  EXPECT_EQ(create("{\"name\":\"c\",\"ownerId\":\"" + ann.id + "\"}", "root").json.get_string("ownerId"), ann.id);
  EXPECT_EQ(create("{\"name\":\"d\",\"ownerId\":\"nobody\"}", "root").field(), "ownerId");
}

TEST_F(CamerasTest, TheServersOwnAddressesAreNoCameras) {
  const std::string id = *create("{\"name\":\"a\"}").json.get_string("id");
  std::vector<std::string> hosts = {"127.0.0.1",          "127.1",          "2130706433", "[::1]:554",
                                    "[::ffff:127.0.0.1]", "169.254.169.254"};
  for (const base::IpAddress& own : base::own_addresses())
    hosts.push_back(own.is_ipv4() ? own.to_string() : "[" + own.to_string() + "]");
  for (const std::string& host : hosts) {
    const std::string body = "{\"name\":\"a\",\"source\":{\"url\":\"rtsp://" + host + "/x\"}}";
    for (const Answer& answer :
         {create(body), create(body, "root"), ask("PUT", "/api/v1/cameras/" + id, "ann", body)}) {
      EXPECT_EQ(answer.status, 403) << host;
      EXPECT_EQ(answer.code(), "SOURCE_NOT_ALLOWED");
      EXPECT_EQ(answer.field(), "source.url");
    }
  }
  EXPECT_EQ(create("{\"name\":\"lan\",\"source\":{\"url\":\"rtsp://192.168.1.20/x\"}}").status, 201);
  EXPECT_EQ(create("{\"name\":\"name\",\"source\":{\"url\":\"rtsp://localhost/x\"}}").status, 201)
      << "names are looked up when the camera is connected to";
}

TEST_F(CamerasTest, ListsArePagedFilteredAndSorted) {
  for (const char* name : {"c", "a", "e", "b", "d"})
    ASSERT_EQ(create("{\"name\":\"" + std::string(name) + "\"}").status, 201);
  std::string names, cursor;
  int pages = 0;
  do {
    const Answer page = ask(
        "GET", "/api/v1/cameras?limit=2" + (cursor.empty() ? "" : "&cursor=" + http::percent_encode(cursor)), "ann");
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(page.json.keys(), (std::vector<std::string>{"items", "nextCursor"}));
    for (size_t i = 0; i < page.json.get("items").size(); ++i)
      names += *page.json.get("items").at(i).get_string("name");
    cursor = page.json.get_string("nextCursor").value_or("");
    ++pages;
  } while (!cursor.empty() && pages < 10);
  EXPECT_EQ(names, "abcde");
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(ask("GET", "/api/v1/cameras?sort=-name&limit=1", "ann").json.get("items").at(0).get_string("name"), "e");
  EXPECT_EQ(ask("GET", "/api/cameras", "ann").json.size(), 5u) << "the alias answers a bare array of all";
  EXPECT_EQ(ask("GET", "/api/cameras?limit=2", "ann").json.size(), 2u);
  EXPECT_EQ(ask("GET", "/api/cameras?search=c", "ann").json.size(), 1u);
  ASSERT_TRUE(cameras.set_status(cameras.find("default", "b")->id, "online", "streaming"));
  const Answer online = ask("GET", "/api/v1/cameras?status=online", "ann");
  ASSERT_EQ(online.json.get("items").size(), 1u);
  EXPECT_EQ(online.json.get("items").at(0).get_string("status"), "streaming");
  EXPECT_EQ(ask("GET", "/api/v1/cameras?isActive=false", "ann").json.get("items").size(), 0u);
  for (const std::string parameter :
       {"limit=0", "limit=1001", "limit=x", "status=up", "sort=size", "isActive=1", "cursor=x", "page=2"}) {
    const Answer answer = ask("GET", "/api/v1/cameras?" + parameter, "ann");
    EXPECT_EQ(answer.status, 400) << parameter;
    EXPECT_EQ(answer.field(), parameter.substr(0, parameter.find('='))) << parameter;
  }
}

TEST_F(CamerasTest, StreamTellsWhereToConnect) {
  ASSERT_EQ(create("{\"name\":\"door\"}").status, 201);
  ASSERT_EQ(create("{\"name\":\"test\",\"source\":{\"url\":\"test\"}}").status, 201);
  const base::Json door = ask("GET", "/api/v1/cameras/door/stream", "ann").json;
  EXPECT_EQ(door.keys(), (std::vector<std::string>{"whep", "whip", "hls", "mse", "rtsp", "rtmp", "srt", "snapshot",
                                                   "iceServers", "signaling", "expiresAt"}));
  EXPECT_EQ(door.get_string("whep")->rfind("http://cam.local:8080/whep/door?token=", 0), 0u);
  EXPECT_EQ(door.get_string("whip")->rfind("http://cam.local:8080/whip/door?token=", 0), 0u);
  EXPECT_TRUE(door.get("hls").is_null()) << "what is not there is not promised";
  EXPECT_TRUE(ask("GET", "/api/cameras/test/stream", "ann").json.get("whip").is_null()) << "nobody publishes to it";
  Config config;
  config.public_url = "https://cam.example.org";
  config.signaling.ice = {{"stun:stun.example"}, {"turn:turn.example"}, "north"};
  make_api(config);
  const base::Json outside = ask("GET", "/api/v1/cameras/door/stream", "ann").json;
  EXPECT_EQ(outside.get_string("whep")->rfind("https://cam.example.org/whep/door?token=", 0), 0u);
  EXPECT_EQ(outside.get_string("signaling")->rfind("wss://cam.example.org/ws/signaling?token=", 0), 0u);
  EXPECT_EQ(outside.get("iceServers").at(0).get("urls").at(0).as_string(), "stun:stun.example");
  EXPECT_FALSE(outside.get("iceServers").at(0).has("username"));
  EXPECT_EQ(outside.get("iceServers").at(1).get("urls").at(0).as_string(), "turn:turn.example");
  EXPECT_TRUE(outside.get("iceServers").at(1).get_string("username"));
  EXPECT_TRUE(outside.get("iceServers").at(1).get_string("credential"));
  const base::Json webrtc = ask("GET", "/api/v1/cameras/door/stream/webrtc", "ann").json;
  EXPECT_EQ(webrtc.get_string("whep"), "https://cam.example.org/whep/door");
  EXPECT_EQ(webrtc.get_string("signaling"), "wss://cam.example.org/ws/signaling") << "the token stands beside it";
  EXPECT_TRUE(webrtc.get("iceServers") == outside.get("iceServers"));
}

TEST_F(CamerasTest, StatusTellsWhatMediaSees) {
  const std::string id = *create("{\"name\":\"door\"}").json.get_string("id");
  base::Json status = ask("GET", "/api/v1/cameras/door/status", "ann").json;
  EXPECT_EQ(status.get_string("status"), "offline");
  EXPECT_TRUE(status.get("fps").is_null());
  EXPECT_TRUE(status.get("lastSeen").is_null());
  media::StreamStatus online{media::StreamState::online, "", "H264", "OPUS", 1280, 720, 30, 2.5e6, 3, 1000};
  media.statuses[id] = online;
  live.stream_changed(id, online);
  status = ask("GET", "/api/v1/cameras/door/status", "ann").json;
  for (const char* field : {"status", "lastSeen", "nodeId", "viewerCount", "fps", "bitrate", "droppedFrames",
                            "resolution", "codec", "bFrames", "latencyMs", "error"})
    EXPECT_TRUE(status.has(field)) << field;
  EXPECT_EQ(status.get_string("status"), "streaming");
  EXPECT_EQ(status.get_string("resolution"), "1280x720");
  EXPECT_EQ(status.get_int("viewerCount"), 3);
  EXPECT_EQ(status.get_double("fps"), 30);
  EXPECT_EQ(status.get_string("lastSeen"), base::format_time(clock.now()));
  EXPECT_EQ(ask("GET", "/api/v1/cameras/door", "ann").json.get_string("streamStatus"), "online");
}

TEST_F(CamerasTest, StatusIsNullWhereNothingIsKnown) {
  const std::string id = *create("{\"name\":\"door\"}").json.get_string("id");
  media::StreamStatus& now = media.statuses[id];
  const auto status = [&] { return ask("GET", "/api/v1/cameras/door/status", "ann").json; };
  now.latency_ms = 12.5;
  now.dropped_frames = 3;
  now.b_frames = true;
  for (const char* field : {"latencyMs", "droppedFrames", "bFrames"})
    EXPECT_TRUE(status().get(field).is_null()) << field << " of a camera that is not there";
  now.state = media::StreamState::online;
  EXPECT_EQ(status().get_double("latencyMs"), 12.5);
  EXPECT_EQ(status().get_int("droppedFrames"), 3);
  EXPECT_EQ(status().get_bool("bFrames"), true);
  now.latency_ms.reset();
  now.b_frames.reset();
  EXPECT_TRUE(status().get("latencyMs").is_null());
  EXPECT_TRUE(status().get("bFrames").is_null());
}

}  // namespace
}  // namespace reallive::api::testing_only
