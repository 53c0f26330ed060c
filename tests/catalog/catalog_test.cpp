#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/id.h"
#include "catalog/cameras.h"
#include "catalog/cursor.h"
#include "catalog/sessions.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace reallive::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Kind = CameraEvent::Kind;

TEST(ShortName, IsMadeFromTheName) {
  EXPECT_EQ(short_name("Front Door"), "front-door");
  EXPECT_EQ(short_name("  --A__b!!  "), "a-b");
  EXPECT_EQ(short_name("K\xC3\xBC"
                       "che 2"),
            "kuche-2");
  EXPECT_EQ(short_name("\xE5\x89\x8D\xE9\x97\xA8"), "camera");
  EXPECT_EQ(short_name(""), "camera");
  EXPECT_EQ(short_name("\xC3"), "camera") << "half a character";
  EXPECT_EQ(short_name(std::string(200, 'x')), std::string(64, 'x'));
  EXPECT_EQ(short_name("01234567-89AB-cdef-0123-456789abcdef"), "camera-01234567-89ab-cdef-0123-456789abcdef");
}

TEST(ShortName, TakesTheFirstFreeSuffix) {
  const auto taken = [](std::vector<std::string> names) {
    return [names](const std::string& name) -> base::Result<bool> {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
  };
  EXPECT_EQ(*free_short_name("door", taken({})), "door");
  EXPECT_EQ(*free_short_name("door", taken({"door", "door-2"})), "door-3");
  const std::string longest = std::string(61, 'x') + "-yz";
  EXPECT_EQ(*free_short_name(longest, taken({longest})), std::string(61, 'x') + "-2");
  EXPECT_EQ(
      free_short_name("door", [](const auto&) -> base::Result<bool> { return base::fail("busy", ""); }).error().code,
      "busy");
}

TEST(Cursor, GoesBothWays) {
  const auto back = read_cursor(write_cursor({"na\"me\xC3\xA9", "id"}));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->value, "na\"me\xC3\xA9");
  EXPECT_EQ(back->id, "id");
  for (const char* bad : {"", "x", "****", "WzFd", "WyJhIl0", "bnVsbA"})
    EXPECT_FALSE(read_cursor(bad)) << bad;
}

class CatalogTest : public testing::Test {
 protected:
  void add_user(const std::string& id, const std::string& organization = "default") {
    ASSERT_TRUE(database_->session()->execute(
        "INSERT INTO users (id, username, organization_id, role, password_hash, created_at, updated_at) "
        "VALUES (:id, :name, :organization, 'viewer', '', '', '')",
        {{"id", id}, {"name", id}, {"organization", organization}}));
  }
  void add_organization(const std::string& id) {
    ASSERT_TRUE(database_->session()->execute(
        "INSERT INTO organizations (id, name, created_at, updated_at) VALUES (:id, '', '', '')", {{"id", id}}));
  }
  Camera add(const std::string& name, CameraFields fields = {}) {
    fields.name = name;
    auto camera = cameras_.create("default", fields);
    EXPECT_TRUE(camera) << camera.error().message;
    return *camera;
  }
  std::vector<std::string> names(const CameraQuery& query) {
    std::vector<std::string> result;
    const CameraPage page = cameras_.list(query).value();
    for (const Camera& camera : page.items)
      result.push_back(camera.name);
    return result;
  }

  test::TempDir dir_;
  test::ManualClock clock_;
  std::unique_ptr<db::Database> database_ = std::move(*db::Database::open({dir_ / "t.db"}));
  base::SecretBox secrets_ = *base::SecretBox::load_or_make(dir_ / "secrets.key");
  Cameras cameras_{*database_, clock_, secrets_};
  Sessions sessions_{*database_, clock_};
};

TEST_F(CatalogTest, ANewCameraHasDefaultsKeyAndShortName) {
  const Camera camera = add("Front Door");
  EXPECT_TRUE(base::is_uuid(camera.id));
  EXPECT_TRUE(base::is_uuid(camera.stream_key));
  EXPECT_NE(camera.id, camera.stream_key);
  EXPECT_EQ(camera.stream, "front-door");
  EXPECT_EQ(camera.resolution, "1080p");
  EXPECT_EQ(camera.source, (Source{"publish", "auto", true}));
  EXPECT_TRUE(camera.is_active);
  EXPECT_FALSE(camera.is_public);
  EXPECT_EQ(camera.created_at, "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(add("Front door").stream, "front-door-2");
  EXPECT_EQ(*cameras_.find("default", camera.id), camera);
  EXPECT_EQ(*cameras_.find("default", "front-door"), camera);
  EXPECT_EQ(*cameras_.find_anywhere("front-door"), camera);
}

TEST_F(CatalogTest, EveryFieldIsStored) {
  add_user("ann");
  const CameraFields all{.name = "N",
                         .stream = "s",
                         .company = "C",
                         .model = "M",
                         .serial_number = "1",
                         .location = "L",
                         .place = "P",
                         .resolution = "4k",
                         .source_url = "rtsp://h/x",
                         .source_transport = "tcp",
                         .source_on_demand = false,
                         .source_transcode = "h264",
                         .is_active = false,
                         .is_recording = true,
                         .is_public = true,
                         .owner_id = "ann"};
  const auto created = cameras_.create("default", all);
  ASSERT_TRUE(created) << created.error().message;
  const auto read = cameras_.find("default", created->id);
  EXPECT_EQ(*read, *created);
  EXPECT_EQ(read->source, (Source{"rtsp://h/x", "tcp", false, "h264"}));
  EXPECT_EQ(read->owner_id, "ann");
  EXPECT_EQ(read->serial_number, "1");
  EXPECT_TRUE(read->is_recording && read->is_public && !read->is_active);
}

TEST_F(CatalogTest, UpdateChangesOnlyWhatIsGiven) {
  const Camera camera = add("Door", {.company = "Acme"});
  clock_.advance(std::chrono::seconds(1));
  const auto changed = cameras_.update("default", camera.id, {.name = "Gate"});
  ASSERT_TRUE(changed);
  Camera expected = camera;
  expected.name = "Gate";
  expected.updated_at = "2026-01-02T03:04:06.000Z";
  EXPECT_EQ(*changed, expected) << "the short name stays: people wrote it into scripts";
  EXPECT_EQ(*cameras_.find("default", camera.id), expected);
}

TEST_F(CatalogTest, ErrorsNameTheField) {
  const std::string long_text(101, 'x');
  struct Case {
    CameraFields fields;
    std::string field;
  };
  for (const Case& c : {Case{{}, "name"},
                        Case{{.name = ""}, "name"},
                        Case{{.name = "   "}, "name"},
                        Case{{.name = long_text}, "name"},
                        Case{{.name = "a\nb"}, "name"},
                        Case{{.name = "a\xFF"}, "name"},
                        Case{{.name = "a", .company = long_text}, "company"},
                        Case{{.name = "a", .model = long_text}, "model"},
                        Case{{.name = "a", .serial_number = long_text}, "serialNumber"},
                        Case{{.name = "a", .location = std::string(201, 'x')}, "location"},
                        Case{{.name = "a", .place = std::string(201, 'x')}, "place"},
                        Case{{.name = "a", .resolution = "big"}, "resolution"},
                        Case{{.name = "a", .resolution = "x"}, "resolution"},
                        Case{{.name = "a", .source_url = std::string(501, 'x')}, "source.url"},
                        Case{{.name = "a", .source_url = ""}, "source.url"},
                        Case{{.name = "a", .source_transport = "smoke"}, "source.transport"},
                        Case{{.name = "a", .stream = "Upper"}, "stream"},
                        Case{{.name = "a", .stream = ""}, "stream"},
                        Case{{.name = "a", .stream = std::string(65, 'a')}, "stream"},
                        Case{{.name = "a", .stream = base::uuid_v4()}, "stream"},
                        Case{{.name = "a", .owner_id = "nobody"}, "ownerId"}}) {
    const auto refused = cameras_.create("default", c.fields);
    ASSERT_FALSE(refused) << c.field;
    EXPECT_EQ(refused.error().code, "VALIDATION_FAILED");
    EXPECT_EQ(refused.error().field, c.field);
  }
  std::string umlauts;
  for (int i = 0; i < 100; ++i)
    umlauts += "\xC3\xBC";
  EXPECT_TRUE(cameras_.create("default", {.name = umlauts})) << "100 characters, not bytes";
  EXPECT_TRUE(cameras_.create("default", {.name = "a", .resolution = "1920x1080"}));
  EXPECT_EQ(cameras_.list({.organization_id = "default"})->items.size(), 2u);
}

TEST_F(CatalogTest, SerialNumbersAreUniqueWhereGiven) {
  add("a", {.serial_number = "77"});
  add("b");
  add("c", {.serial_number = ""});
  const auto twice = cameras_.create("default", {.name = "d", .serial_number = "77"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, "CAMERA_SERIAL_DUPLICATE");
  EXPECT_EQ(twice.error().field, "serialNumber");
  const auto changed = cameras_.update("default", cameras_.find("default", "b")->id, {.serial_number = "77"});
  EXPECT_EQ(changed.error().code, "CAMERA_SERIAL_DUPLICATE");
}

TEST_F(CatalogTest, AShortNameThatWasAskedForIsNotReplaced) {
  add("door");
  const auto refused = cameras_.create("default", {.name = "x", .stream = "door"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "CONFLICT");
  EXPECT_EQ(refused.error().field, "stream");
}

TEST_F(CatalogTest, OrganizationsDoNotSeeEachOther) {
  add_organization("acme");
  add_user("ann", "acme");
  const Camera mine = add("door", {.serial_number = "1"});
  const auto theirs = cameras_.create("acme", {.name = "door", .serial_number = "1"});
  ASSERT_TRUE(theirs);
  EXPECT_EQ(theirs->stream, "door-2") << "short names are unique on the server";
  EXPECT_EQ(cameras_.find("acme", mine.id).error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras_.find("acme", "door").error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras_.update("acme", mine.id, {.name = "x"}).error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras_.remove("acme", mine.id).error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras_.new_stream_key("acme", mine.id).error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras_.update("default", mine.id, {.owner_id = "ann"}).error().field, "ownerId");
  EXPECT_EQ(cameras_.list({.organization_id = "acme"})->items.size(), 1u);
  EXPECT_EQ(cameras_.all()->size(), 2u);
}

TEST_F(CatalogTest, KeysAreRenewed) {
  const Camera camera = add("door");
  const auto renewed = cameras_.new_stream_key("default", camera.id);
  ASSERT_TRUE(renewed);
  EXPECT_NE(renewed->stream_key, camera.stream_key);
  EXPECT_EQ(cameras_.find("default", camera.id)->stream_key, renewed->stream_key);
}

TEST_F(CatalogTest, SubscribersHearAfterItIsStored) {
  std::vector<Kind> kinds;
  cameras_.subscribe([&](const CameraEvent& event) {
    kinds.push_back(event.kind);
    EXPECT_EQ(cameras_.find("default", event.camera.id).has_value(), event.kind != Kind::removed);
  });
  const Camera camera = add("door");
  ASSERT_TRUE(cameras_.update("default", camera.id, {.name = "gate"}));
  ASSERT_TRUE(cameras_.new_stream_key("default", camera.id));
  ASSERT_TRUE(cameras_.set_status(camera.id, "online", "streaming"));
  ASSERT_TRUE(cameras_.remove("default", camera.id));
  EXPECT_FALSE(cameras_.create("default", {}));
  EXPECT_THAT(kinds, ElementsAre(Kind::created, Kind::changed, Kind::changed, Kind::removed));
}

TEST_F(CatalogTest, SubscribersHearWhatAnotherProcessDid) {
  const Camera door = add("door");
  const Camera shed = add("shed");
  Cameras served(*database_, clock_, secrets_);
  std::vector<std::pair<Kind, std::string>> heard;
  served.subscribe([&](const CameraEvent& event) { heard.emplace_back(event.kind, event.camera.name); });
  const auto news = [&] {
    EXPECT_TRUE(served.refresh());
    return std::exchange(heard, {});
  };
  EXPECT_THAT(news(), ElementsAre(Pair(Kind::created, "door"), Pair(Kind::created, "shed")));
  EXPECT_THAT(news(), IsEmpty());
  clock_.advance(std::chrono::seconds(1));
  add("yard");
  ASSERT_TRUE(cameras_.update("default", door.id, {.name = "gate"}));
  ASSERT_TRUE(cameras_.set_status(door.id, "online", "streaming"));
  ASSERT_TRUE(cameras_.remove("default", shed.id));
  EXPECT_THAT(news(),
              ElementsAre(Pair(Kind::changed, "gate"), Pair(Kind::created, "yard"), Pair(Kind::removed, "shed")));
  ASSERT_TRUE(served.update("default", door.id, {.name = "door"}));
  EXPECT_THAT(std::exchange(heard, {}), ElementsAre(Pair(Kind::changed, "door")));
  EXPECT_THAT(news(), IsEmpty()) << "what was done here is known";
}

TEST_F(CatalogTest, SubscribersHearThatAnOwnersAccountIsGone) {
  add_user("ann");
  add("door", {.owner_id = "ann"});
  add("shed");
  Cameras served(*database_, clock_, secrets_);
  ASSERT_TRUE(served.refresh());
  std::vector<Camera> heard;
  served.subscribe([&](const CameraEvent& event) { heard.push_back(event.camera); });
  ASSERT_TRUE(database_->session()->execute("DELETE FROM users"));
  ASSERT_TRUE(served.refresh());
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].name, "door");
  EXPECT_EQ(heard[0].owner_id, "");
  ASSERT_TRUE(cameras_.set_status(heard[0].id, "online", "streaming"));
  ASSERT_TRUE(served.refresh());
  EXPECT_EQ(heard.size(), 1u) << "that is media's to tell";
}

TEST_F(CatalogTest, ListsSortFilterAndPage) {
  for (const char* name : {"c", "a", "e", "b", "d"}) {
    add(name);
    clock_.advance(std::chrono::seconds(1));
  }
  EXPECT_THAT(names({.organization_id = "default"}), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(names({.organization_id = "default", .sort = "-name"}), ElementsAre("e", "d", "c", "b", "a"));
  EXPECT_THAT(names({.organization_id = "default", .sort = "createdAt"}), ElementsAre("c", "a", "e", "b", "d"));
  for (const char* sort : {"name", "-name", "createdAt", "-updatedAt"}) {
    const auto whole = names({.organization_id = "default", .sort = sort});
    std::vector<std::string> paged;
    CameraQuery query{.organization_id = "default", .sort = sort, .limit = 2};
    do {
      const auto page = cameras_.list(query);
      ASSERT_TRUE(page);
      EXPECT_LE(page->items.size(), 2u);
      for (const Camera& camera : page->items)
        paged.push_back(camera.name);
      query.cursor = page->next_cursor;
    } while (!query.cursor.empty());
    EXPECT_EQ(paged, whole) << sort;
  }
  ASSERT_TRUE(cameras_.set_status(cameras_.find("default", "b")->id, "online", "online"));
  ASSERT_TRUE(
      cameras_.update("default", cameras_.find("default", "c")->id, {.location = "100% Garden", .is_active = false}));
  EXPECT_THAT(names({.organization_id = "default", .stream_status = "online"}), ElementsAre("b"));
  EXPECT_THAT(names({.organization_id = "default", .is_active = false}), ElementsAre("c"));
  EXPECT_THAT(names({.organization_id = "default", .search = "0% gar"}), ElementsAre("c"));
  EXPECT_THAT(names({.organization_id = "default", .search = "_"}), ElementsAre());
  EXPECT_THAT(names({.organization_id = "default", .owner_id = "ann"}), ElementsAre());
  EXPECT_EQ(cameras_.list({.organization_id = "default", .sort = "id; DROP TABLE"}).error().field, "sort");
  EXPECT_EQ(cameras_.list({.organization_id = "default", .limit = 0}).error().field, "limit");
  EXPECT_EQ(cameras_.list({.organization_id = "default", .cursor = "nonsense"}).error().field, "cursor");
}

TEST_F(CatalogTest, StatusIsForgottenAtStart) {
  const Camera camera = add("door");
  ASSERT_TRUE(cameras_.set_status(camera.id, "online", "streaming"));
  EXPECT_EQ(cameras_.find("default", "door")->status, "streaming");
  EXPECT_EQ(cameras_.find("default", "door")->updated_at, camera.updated_at);
  ASSERT_TRUE(cameras_.reset_status());
  EXPECT_EQ(cameras_.find("default", "door")->stream_status, "offline");
  EXPECT_EQ(cameras_.set_status("nothing", "online", "online").error().code, "CAMERA_NOT_FOUND");
  EXPECT_FALSE(cameras_.set_status(camera.id, "sleepy", "online"));
}

TEST_F(CatalogTest, ACameraOutlivesItsOwner) {
  add_user("ann");
  const Camera camera = add("door", {.owner_id = "ann"});
  ASSERT_TRUE(database_->session()->execute("DELETE FROM users"));
  EXPECT_EQ(cameras_.find("default", "door")->owner_id, "");
}

TEST_F(CatalogTest, SessionsBeginAndEnd) {
  const Camera camera = add("door");
  const auto view = sessions_.start({camera.id, "default", "", "view", "webrtc", "127.0.0.1", std::string(1000, 'u')});
  ASSERT_TRUE(view) << view.error().message;
  clock_.advance(std::chrono::seconds(1));
  const auto publish = sessions_.start({camera.id, "default", "", "publish", "webrtc", "::1", "x"});
  ASSERT_TRUE(sessions_.end(*view, 1234));
  ASSERT_TRUE(sessions_.end(*view, 99, "late")) << "ending twice is no error";
  const auto page = sessions_.list({.organization_id = "default"});
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].id, *publish) << "newest first";
  EXPECT_EQ(page->items[0].status, "active");
  EXPECT_EQ(page->items[0].end_time, "");
  EXPECT_EQ(page->items[1].status, "ended");
  EXPECT_EQ(page->items[1].bytes, 1234);
  EXPECT_EQ(page->items[1].end_time, "2026-01-02T03:04:06.000Z");
  EXPECT_EQ(page->items[1].user_agent.size(), 300u);
  ASSERT_TRUE(sessions_.end(*publish, 1, "the network went away"));
  EXPECT_EQ(sessions_.list({.organization_id = "default", .status = "error"})->items[0].error, "the network went away");
  ASSERT_TRUE(cameras_.remove("default", camera.id));
  EXPECT_EQ(sessions_.list({.organization_id = "default"})->items.size(), 0u);
}

TEST_F(CatalogTest, ACrashIsWrittenDownAtTheNextStart) {
  const Camera camera = add("door");
  const auto id = sessions_.start({camera.id, "default", "", "view", "webrtc", "", ""});
  EXPECT_EQ(*sessions_.close_stale(), 1);
  EXPECT_EQ(*sessions_.close_stale(), 0);
  const auto page = sessions_.list({.organization_id = "default"});
  EXPECT_EQ(page->items[0].status, "error");
  EXPECT_NE(page->items[0].end_time, "");
}

TEST_F(CatalogTest, AStopInGoodOrderEndsSessions) {
  ASSERT_TRUE(sessions_.start({add("door").id, "default", "", "view", "webrtc", "", ""}));
  EXPECT_EQ(*sessions_.end_active(), 1);
  EXPECT_EQ(sessions_.list({.organization_id = "default"})->items[0].status, "ended");
  EXPECT_EQ(*sessions_.close_stale(), 0);
}

TEST_F(CatalogTest, SessionsFilterAndPage) {
  add_user("ann");
  const Camera mine = add("mine", {.owner_id = "ann"}), other = add("other");
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(
        sessions_.start({i % 2 ? other.id : mine.id, "default", i == 0 ? "ann" : "", "view", "webrtc", "", ""}));
  EXPECT_EQ(sessions_.list({.organization_id = "default", .camera_id = mine.id})->items.size(), 3u);
  EXPECT_EQ(sessions_.list({.organization_id = "default", .visible_to = "ann"})->items.size(), 3u);
  EXPECT_EQ(sessions_.list({.organization_id = "default", .user_id = "ann"})->items.size(), 1u);
  EXPECT_EQ(sessions_.list({.organization_id = "default", .kind = "publish"})->items.size(), 0u);
  EXPECT_EQ(sessions_.list({.organization_id = "acme"})->items.size(), 0u);
  size_t seen = 0;
  SessionQuery query{.organization_id = "default", .limit = 2};
  do {
    const auto page = sessions_.list(query);
    seen += page->items.size();
    query.cursor = page->next_cursor;
  } while (!query.cursor.empty());
  EXPECT_EQ(seen, 5u) << "all began in the same millisecond";
  EXPECT_EQ(sessions_.list({.organization_id = "default", .limit = 1001}).error().field, "limit");
  EXPECT_EQ(sessions_.list({.organization_id = "default", .cursor = "x"}).error().field, "cursor");
}

TEST_F(CatalogTest, TheRecordOfSessionsIsReadByIndexes) {
  // What Sessions::list() and prune() ask, word by word as far as the planner looks.
  const auto plan = [&](const std::string& question, const db::Bindings& bindings) {
    std::string steps;
    const auto rows = database_->session()->query("EXPLAIN QUERY PLAN " + question, bindings);
    for (const db::Row& row : *rows)
      steps += row["detail"].text() + "\n";
    return steps;
  };
  const std::string newest = " ORDER BY start_time DESC, id DESC LIMIT 101";
  const std::string all = plan("SELECT id FROM sessions WHERE organization_id = :o" + newest, {{"o", "x"}});
  EXPECT_NE(all.find("idx_sessions_organization_time"), std::string::npos) << all;
  const std::string one =
      plan("SELECT id FROM sessions WHERE organization_id = :o AND user_id = :u" + newest, {{"o", "x"}, {"u", "x"}});
  EXPECT_NE(one.find("idx_sessions_user_time"), std::string::npos) << one;
  const std::string old =
      plan("SELECT id FROM sessions WHERE status <> 'active' AND start_time < :before ORDER BY start_time LIMIT 100",
           {{"before", "x"}});
  EXPECT_NE(old.find("idx_sessions_time"), std::string::npos) << old;
  EXPECT_EQ(old.find("SCAN"), std::string::npos) << old;
}

TEST_F(CatalogTest, ASessionOfNothingIsRefused) {
  EXPECT_FALSE(sessions_.start({"nothing", "default", "", "view", "webrtc", "", ""}));
  EXPECT_FALSE(sessions_.start({add("a").id, "default", "", "stare", "webrtc", "", ""}));
}

}  // namespace
}  // namespace reallive::catalog
