// POST /api/v1/cameras/test: who may try what, whose password is used, what is answered.
#include "api/fixture.h"

namespace reallive::api::testing_only {
namespace {

class CameraTestTest : public ApiTest {
 protected:
  Answer try_source(const std::string& source, const std::string& who = "ann", const std::string& camera_id = {}) {
    const std::string id = camera_id.empty() ? "" : ",\"cameraId\":\"" + camera_id + "\"";
    return ask("POST", "/api/v1/cameras/test", who, "{\"source\":" + source + id + "}");
  }
  std::string stored(const std::string& url, const std::string& owner) {
    catalog::CameraFields fields;
    fields.name = "door";
    fields.owner_id = owner;
    fields.source_url = url;
    return cameras.create("default", fields)->id;
  }
  auth::User ann = add_user("ann", auth::Role::operator_);
  auth::User bob = add_user("bob", auth::Role::operator_);
  auth::User eve = add_user("eve", auth::Role::viewer);
  auth::User root = add_user("root", auth::Role::admin);
};

TEST_F(CameraTestTest, TriesASourceAndAnswersInItsShape) {
  const Answer answer = try_source(R"({"url":"rtsp://10.0.0.7/a","transport":"udp","username":"u","password":"p@"})");
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.json.get_string("code"), "ok");
  EXPECT_EQ(answer.json.get("video").get_string("codec"), "H264");
  EXPECT_TRUE(answer.json.get("audio").is_null());
  ASSERT_EQ(media.tried.size(), 1u);
  EXPECT_EQ(media.tried[0].user, "u");
  EXPECT_EQ(media.tried[0].password, "p@");
  EXPECT_EQ(media.tried[0].transport, pipeline::CameraSource::Transport::udp);
}

TEST_F(CameraTestTest, SaysWhoMayAndWhat) {
  EXPECT_EQ(try_source(R"({"url":"test"})", "").status, 401);
  EXPECT_EQ(try_source(R"({"url":"test"})", "eve").status, 403);
  EXPECT_EQ(try_source(R"({"url":"test"})", "root").status, 200);
  EXPECT_EQ(try_source(R"({"url":"launch:videotestsrc"})").status, 403);
  EXPECT_EQ(try_source(R"({"url":"device:auto"})").status, 403) << "the server's own camera is no operator's";
  EXPECT_EQ(try_source(R"({"url":"launch:videotestsrc"})", "root").json.get_string("code"), "not_allowed");
  const Answer own = try_source(R"({"url":"rtsp://127.1/a"})");
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.json.get_string("code"), "not_allowed");
  EXPECT_NE(own.json.get_string("message")->find("loopback"), std::string::npos);
  EXPECT_EQ(try_source(R"({"url":"front door"})").field(), "source.url");
  EXPECT_EQ(try_source(R"({"url":"test","transport":"smoke"})").field(), "source.transport");
  EXPECT_EQ(try_source(R"({"url":"test","colour":1})").field(), "source.colour");
  EXPECT_EQ(ask("POST", "/api/v1/cameras/test", "ann", "{\"cameraId\":\"x\"}").status, 400);
  media.tests_full = true;
  const Answer full = try_source(R"({"url":"test"})");
  EXPECT_EQ(full.status, 429);
  EXPECT_NE(full.header("Retry-After"), "");
}

TEST_F(CameraTestTest, AStoredPasswordGoesToItsOwnCameraOnly) {
  const std::string id = stored("rtsp://admin:walnut-lantern-58@10.0.0.7:554/live", ann.id);
  EXPECT_EQ(try_source(R"({"url":"rtsp://***@10.0.0.7:554/live"})", "ann", id).status, 200);
  EXPECT_EQ(media.tried.back().password, "walnut-lantern-58");
  EXPECT_EQ(try_source(R"({"url":"rtsp://10.0.0.7:554/other"})", "ann", id).status, 200);
  EXPECT_EQ(media.tried.back().password, "walnut-lantern-58");
  EXPECT_EQ(try_source(R"({"url":"rtsp://10.0.0.8:554/live"})", "ann", id).status, 200);
  EXPECT_EQ(media.tried.back().password, "") << "another host must not get it";
  EXPECT_EQ(try_source(R"({"url":"rtsp://10.0.0.7:555/live"})", "ann", id).status, 200);
  EXPECT_EQ(media.tried.back().password, "") << "nor another port";
  EXPECT_EQ(try_source(R"({"url":"rtsp://***@10.0.0.8/live"})", "ann", id).status, 400);
  EXPECT_EQ(try_source(R"({"url":"rtsp://***@10.0.0.7/live"})", "bob", id).status, 404) << "somebody else's camera";
}

}  // namespace
}  // namespace reallive::api::testing_only
