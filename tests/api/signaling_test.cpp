// /ws/signaling of the real program with real media: rooms of peers, the server as a peer, rights, limits, the record.
#include "api/server.h"
#include "support/wait.h"
#include "support/websocket_client.h"

namespace reallive::api::testing_only {
namespace {

using namespace std::chrono_literals;

constexpr char view_offer[] =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\na=rtcp-mux\r\n";

/// One server for all tests of this file.
class SignalingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<Server>();
    owner_ = server_->add_user("owner", auth::Role::operator_);
    server_->add_user("bystander", auth::Role::operator_);
    const std::string viewer = server_->add_user("viewer", auth::Role::viewer);
    leaver_ = server_->add_user("leaver", auth::Role::operator_);
    server_->add_camera("quitted", server_->add_user("quitter", auth::Role::operator_), "publish");
    door_ = server_->add_camera("door", owner_, "publish");
    server_->add_camera("hall", owner_, "publish");
    server_->add_camera("test", owner_, "test");
    server_->add_camera("garden", owner_, "publish", true);
    server_->add_camera("watched", viewer, "publish");
    server_->add_camera("left", leaver_, "publish");
    server_->start({"owner", "bystander", "viewer", "leaver", "quitter"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  /// One client; its messages are objects.
  struct Client {
    explicit Client(const test::HttpFields& headers = {}, const std::string& query = {})
        : socket(server_->port, "/ws/signaling" + query, headers) {
      EXPECT_TRUE(socket.open()) << socket.answer().status;
    }
    void say(const base::Json& message) { EXPECT_TRUE(socket.send_text(message.dump())); }
    base::Json hear(std::chrono::milliseconds limit = 10s) {
      return base::Json::parse(socket.receive_text(limit)).value_or(base::Json());
    }
    /// The next of that type.
    base::Json hear_of(const std::string& type) {
      for (;;) {
        base::Json message = hear();
        if (message.is_null() || message.get_string("type") == type) return message;
        EXPECT_NE(message.get_string("type"), "error") << message.dump();
      }
    }
    /// The answer to joining.
    base::Json join(const std::string& room, const std::string& role, const std::string& mode,
                    const std::string& token = {}) {
      auto message = base::Json::object({{"type", "join-room"}, {"room", room}, {"role", role}, {"mode", mode}});
      if (!token.empty()) message.set("token", token);
      say(message);
      base::Json answer = hear();
      id = answer.get_string("id").value_or("");
      return answer;
    }
    std::string refusal(const std::string& room, const std::string& role, const std::string& mode,
                        const std::string& token = {}) {
      return join(room, role, mode, token).get_string("code").value_or("none");
    }

    test::WebSocketClient socket;
    std::string id;
  };

  static std::string token(const std::string& who) { return server_->tokens.at(who).substr(7); }
  static base::Json message(const char* type, const std::string& to = {}) {
    auto json = base::Json::object({{"type", type}});
    if (std::string(type) == "ice-candidate")
      json.set("candidate", "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host").set("sdpMid", "0");
    else
      json.set("sdp", view_offer);
    if (!to.empty()) json.set("to", to);
    return json;
  }
  static std::vector<catalog::Session> rows(const std::string& camera_id, const std::string& kind,
                                            const std::string& status) {
    catalog::SessionQuery query;
    query.organization_id = "default";
    query.camera_id = camera_id;
    query.kind = kind;
    query.status = status;
    return server_->sessions->list(query)->items;
  }

  static inline std::unique_ptr<Server> server_;
  static inline std::string owner_, leaver_;
  static inline catalog::Camera door_;
};

TEST_F(SignalingTest, PeersMeetInARoom) {
  Client viewer;
  base::Json joined = viewer.join("door", "viewer", "peer", token("owner"));
  ASSERT_EQ(joined.get_string("type"), "joined") << joined.dump();
  EXPECT_EQ(joined.get_string("room"), "door");
  EXPECT_EQ(joined.get("peers").size(), 0u);
  EXPECT_TRUE(joined.get("iceServers").is_array());
  EXPECT_EQ(viewer.hear_of("camera-status").get_string("status"), "offline");

  Client publisher;
  joined = publisher.join("door", "publisher", "peer", door_.stream_key);
  ASSERT_EQ(joined.get_string("type"), "joined") << "a stream key is enough: " << joined.dump();
  EXPECT_EQ(joined.get("peers").at(0).get_string("id"), viewer.id) << "who came before is there";
  EXPECT_EQ(viewer.hear_of("peer-joined").get("peer").get_string("id"), publisher.id);
  EXPECT_EQ(viewer.hear_of("camera-status").get_string("status"), "streaming");

  publisher.say(message("offer", viewer.id));
  base::Json heard = viewer.hear_of("offer");
  EXPECT_EQ(heard.get_string("from"), publisher.id);
  EXPECT_EQ(heard.get_string("to"), viewer.id);
  viewer.say(message("answer"));
  heard = publisher.hear_of("answer");
  EXPECT_EQ(heard.get_string("from"), viewer.id);
  viewer.say(message("ice-candidate", publisher.id));
  EXPECT_EQ(publisher.hear_of("ice-candidate").get_string("sdpMid"), "0");
  publisher.say(message("ice-candidate", viewer.id));
  EXPECT_EQ(viewer.hear_of("ice-candidate").get_string("from"), publisher.id);

  EXPECT_TRUE(test::eventually([] { return rows(door_.id, "view", "active").size() == 1; }));
  const auto view = rows(door_.id, "view", "active").at(0);
  EXPECT_EQ(view.protocol, "webrtc-p2p");
  EXPECT_EQ(view.user_id, owner_);
  ASSERT_EQ(rows(door_.id, "publish", "active").size(), 1u);
  EXPECT_EQ(rows(door_.id, "publish", "active").at(0).protocol, "webrtc-p2p");

  publisher.socket.connection().abort();
  EXPECT_EQ(viewer.hear_of("peer-left").get("peer").get_string("id"), publisher.id);
  EXPECT_EQ(viewer.hear_of("camera-status").get_string("status"), "offline");
  EXPECT_TRUE(test::eventually([] { return rows(door_.id, "publish", "active").empty(); }));
  viewer.say(base::Json::object({{"type", "leave"}}));
  EXPECT_TRUE(test::eventually([] { return rows(door_.id, "view", "active").empty(); }));
  EXPECT_EQ(rows(door_.id, "view", "ended").size(), 1u);
  EXPECT_EQ(viewer.join("hall", "viewer", "peer", token("owner")).get_string("type"), "joined")
      << "who left may join another room";
}

TEST_F(SignalingTest, RoomsKeepToThemselves) {
  Client in_door, in_hall, publisher, other;
  in_door.join("door", "viewer", "peer", token("owner"));
  in_hall.join("hall", "viewer", "peer", token("owner"));
  other.join("door", "viewer", "peer", token("owner"));
  const base::Json joined = publisher.join("door", "publisher", "peer", token("owner"));
  EXPECT_EQ(joined.get("peers").size(), 2u);
  publisher.say(message("offer", in_hall.id));
  EXPECT_EQ(publisher.hear_of("camera-status").get_string("status"), "streaming");
  EXPECT_EQ(publisher.hear().get_string("code"), "NOT_FOUND");
  in_door.say(message("ice-candidate", other.id));
  in_door.hear_of("camera-status");
  in_door.hear_of("peer-joined");
  in_door.hear_of("camera-status");
  EXPECT_EQ(in_door.hear().get_string("code"), "NOT_FOUND") << "viewers do not reach one another";
  EXPECT_EQ(Client().refusal("door", "publisher", "peer", token("owner")), "STREAM_ALREADY_PUBLISHED");
  in_hall.hear_of("camera-status");
  EXPECT_TRUE(in_hall.hear(200ms).is_null());
  Client stranger;
  stranger.say(message("offer", in_door.id));
  EXPECT_EQ(stranger.hear().get_string("code"), "NOT_FOUND") << "who has joined nothing speaks to nobody";
}

TEST_F(SignalingTest, EachRoleHasItsRights) {
  EXPECT_EQ(Client().refusal("door", "viewer", "server"), "AUTH_TOKEN_MISSING");
  EXPECT_EQ(Client().refusal("nowhere", "viewer", "server"), "AUTH_TOKEN_MISSING") << "no word on what there is";
  EXPECT_EQ(Client().refusal("door", "viewer", "server", "forged"), "AUTH_TOKEN_INVALID");
  EXPECT_EQ(Client().refusal("door", "viewer", "server", door_.stream_key), "AUTH_TOKEN_INVALID")
      << "a stream key is for publishing";
  EXPECT_EQ(Client().refusal("door", "viewer", "server", token("bystander")), "CAMERA_NOT_FOUND");
  EXPECT_EQ(Client().refusal("nowhere", "viewer", "server", token("owner")), "CAMERA_NOT_FOUND");
  EXPECT_EQ(Client().refusal("watched", "publisher", "peer", token("viewer")), "AUTH_ROLE_RESTRICTED");
  EXPECT_EQ(Client().refusal("hall", "publisher", "peer", door_.stream_key), "AUTH_TOKEN_INVALID");
  EXPECT_EQ(Client().refusal("test", "publisher", "peer", token("owner")), "CONFLICT") << "it is pulled";
  EXPECT_EQ(Client().join("garden", "viewer", "server").get_string("type"), "joined") << "public";
  EXPECT_EQ(Client().refusal("garden", "publisher", "server"), "AUTH_TOKEN_MISSING");
  Client known({{"Authorization", server_->tokens.at("owner")}});
  EXPECT_EQ(known.join("door", "viewer", "server").get_string("type"), "joined") << "the handshake said who";
  known.hear_of("camera-status");
  EXPECT_EQ(known.refusal("hall", "viewer", "server"), "CONFLICT") << "one room at a time";
}

TEST_F(SignalingTest, TakesBasicInTheHandshake) {
  const test::HttpFields right = {{"Authorization", "Basic b3duZXI6cGFzc3dvcmQtb2Ytb3duZXI="}};
  const test::HttpFields wrong = {{"Authorization", "Basic b3duZXI6cGFzc3dvcmQtb2YtYWRtaW4="}};
  Client known(right);
  EXPECT_EQ(known.join("door", "viewer", "server").get_string("type"), "joined");
  EXPECT_EQ(Client(right).refusal("watched", "viewer", "server"), "CAMERA_NOT_FOUND") << "as that account, no more";
  EXPECT_EQ(test::WebSocketClient(server_->port, "/ws/signaling", wrong).answer().status, 401);
}

TEST_F(SignalingTest, TakesATokenForOneStream) {
  const auto token_for = [](const std::string& camera) {
    return *server_->ask("GET", "/api/v1/cameras/" + camera + "/stream/webrtc", "owner").json().get_string("token");
  };
  const std::string door = token_for("door");
  EXPECT_EQ(Client().join("door", "viewer", "server", door).get_string("type"), "joined");
  EXPECT_EQ(Client().refusal("hall", "viewer", "server", door), "AUTH_TOKEN_INVALID") << "it names the door";
  EXPECT_EQ(Client().refusal("door", "publisher", "peer", door), "AUTH_TOKEN_INVALID") << "it is for watching";
  Client by_address({}, "?token=" + door);
  EXPECT_EQ(by_address.join("door", "viewer", "peer").get_string("type"), "joined");
  const std::string ready = *server_->ask("GET", "/api/v1/cameras/door/stream", "owner").json().get_string("signaling");
  Client as_given({}, ready.substr(ready.find('?')));
  EXPECT_EQ(as_given.join("door", "viewer", "peer").get_string("type"), "joined") << "the address is ready to use";
  Client elsewhere({}, "?token=" + door);
  EXPECT_EQ(elsewhere.refusal("hall", "viewer", "peer"), "AUTH_TOKEN_INVALID");
}

TEST_F(SignalingTest, APublicationBetweenPeersCanBeEndedOverHttp) {
  Client publisher;
  ASSERT_EQ(publisher.join("door", "publisher", "peer", token("owner")).get_string("type"), "joined");
  publisher.hear_of("camera-status");
  std::vector<catalog::Session> active;
  ASSERT_TRUE(test::eventually([&] { return (active = rows(door_.id, "publish", "active")).size() == 1; }));
  EXPECT_EQ(server_->ask("DELETE", "/api/v1/sessions/" + active[0].id, "bystander").status, 404);
  EXPECT_EQ(server_->ask("DELETE", "/api/v1/sessions/" + active[0].id, "owner").status, 204);
  // Viewers of the test before this one may only now be leaving the room.
  EXPECT_EQ(publisher.hear_of("error").get_string("code"), "SESSION_NOT_FOUND");
  EXPECT_TRUE(test::eventually([] { return rows(door_.id, "publish", "active").empty(); }));
}

TEST_F(SignalingTest, TheServerIsAPeerToo) {
  Client viewer;
  ASSERT_EQ(viewer.join("test", "viewer", "server", token("owner")).get_string("type"), "joined");
  EXPECT_EQ(viewer.hear().get_string("type"), "camera-status");
  viewer.say(message("ice-candidate"));
  EXPECT_EQ(viewer.hear().get_string("code"), "NOT_FOUND") << "offer first";
  viewer.say(message("offer"));
  viewer.say(message("ice-candidate"));  // waits for the answer
  const base::Json answer = viewer.hear_of("answer");
  EXPECT_EQ(answer.get_string("from"), "server");
  EXPECT_NE(answer.get_string("sdp").value_or("").find("a=ice-lite"), std::string::npos);
  viewer.say(message("ice-candidate"));
  const std::string camera = server_->cameras->find_anywhere("test")->id;
  EXPECT_TRUE(test::eventually([&] { return rows(camera, "view", "active").size() == 1; }));
  EXPECT_EQ(rows(camera, "view", "active").at(0).protocol, "webrtc");
  viewer.say(message("offer"));
  EXPECT_FALSE(viewer.hear_of("answer").is_null()) << "a further offer begins a session in place of the first";
  EXPECT_TRUE(test::eventually([&] { return rows(camera, "view", "ended").size() == 1; }));
  viewer.socket.connection().abort();
  EXPECT_TRUE(test::eventually([&] { return rows(camera, "view", "active").empty(); })) << "leaving ends the session";

  Client early;
  early.join("door", "viewer", "server", token("owner"));
  early.hear_of("camera-status");
  early.say(message("offer"));
  EXPECT_EQ(early.hear().get_string("code"), "STREAM_NOT_LIVE") << "nobody publishes";
  early.say(message("answer"));
  EXPECT_EQ(early.hear().get_string("code"), "VALIDATION_FAILED");
}

TEST_F(SignalingTest, RefusesNonsenseAndFloods) {
  Client client;
  client.socket.send_text("no JSON");
  EXPECT_EQ(client.hear().get_string("code"), "VALIDATION_FAILED");
  client.say(base::Json::object({{"type", "join-room"}, {"room", "door"}, {"role", "king"}}));
  EXPECT_EQ(client.hear().get_string("field"), "role");
  for (int i = 0; i < 400; ++i)
    if (!client.socket.send_text("{}")) break;
  std::string code;
  for (base::Json heard = client.hear(); !heard.is_null(); heard = client.hear())
    code = heard.get_string("code").value_or("");
  EXPECT_EQ(code, "RATE_LIMIT_EXCEEDED");
  client.socket.send_frame(8, "");
  EXPECT_TRUE(client.socket.connection().closed_by_server());
}

TEST_F(SignalingTest, PutsOutWhoMayNotStay) {
  Client publisher, by_key;
  ASSERT_EQ(publisher.join("left", "publisher", "peer", token("leaver")).get_string("type"), "joined");
  publisher.hear_of("camera-status");
  const auto hall = *server_->cameras->find_anywhere("hall");
  ASSERT_EQ(by_key.join("hall", "publisher", "peer", hall.stream_key).get_string("type"), "joined");
  by_key.hear_of("camera-status");
  ASSERT_TRUE(server_->users->remove(leaver_));
  ASSERT_TRUE(server_->cameras->new_stream_key("default", hall.id));
  EXPECT_EQ(publisher.hear().get_string("code"), "AUTH_INSUFFICIENT_PERMISSIONS");
  EXPECT_EQ(by_key.hear().get_string("code"), "AUTH_INSUFFICIENT_PERMISSIONS");
  const auto goodbye = publisher.socket.receive_frame();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->close_code(), 1008);
}

TEST_F(SignalingTest, AWithdrawnLoginLeavesItsRoomsAndEntersNone) {
  const test::HttpFields known = {{"Authorization", server_->tokens.at("quitter")}};
  Client inside(known), by_token, outside(known);
  ASSERT_EQ(inside.join("quitted", "viewer", "peer").get_string("type"), "joined");
  inside.hear_of("camera-status");
  ASSERT_EQ(by_token.join("quitted", "viewer", "peer", token("quitter")).get_string("type"), "joined");
  by_token.hear_of("camera-status");
  ASSERT_EQ(server_->ask("POST", "/api/v1/auth/logout", "quitter").status, 204);
  for (Client* client : {&inside, &by_token}) {
    EXPECT_EQ(client->hear_of("error").get_string("code"), "AUTH_INSUFFICIENT_PERMISSIONS");
    const auto goodbye = client->socket.receive_frame();
    ASSERT_TRUE(goodbye);
    EXPECT_EQ(goodbye->close_code(), 1008);
  }
  EXPECT_EQ(outside.refusal("quitted", "viewer", "peer"), "AUTH_TOKEN_INVALID")
      << "the connection is older than the end of its login";
}

}  // namespace
}  // namespace reallive::api::testing_only
