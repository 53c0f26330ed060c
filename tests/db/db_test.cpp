#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>
#include <thread>

#include "db/database.h"
#include "support/temp_dir.h"

namespace reallive::db {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open(int busy_timeout_ms = 3000) {
    auto database = Database::open({dir_ / "reallive.db", busy_timeout_ms});
    EXPECT_TRUE(database) << database.error().message;
    return std::move(*database);
  }
  test::TempDir dir_;
};

base::Result<void> add_organization(Session& session, const std::string& id) {
  auto done =
      session.execute("INSERT INTO organizations (id, name, created_at, updated_at) VALUES (:id, :name, '', '')",
                      {{"id", id}, {"name", id}});
  if (!done) return tl::unexpected(done.error());
  return {};
}

int64_t organizations(Session& session) {
  return session.query("SELECT count(*) AS n FROM organizations").value().front()["n"].integer();
}

TEST_F(DatabaseTest, FirstStartMakesTheSchema) {
  auto database = open();
  auto session = database->session();
  ASSERT_TRUE(session);
  EXPECT_EQ(session->query("SELECT name FROM organizations")->front()["name"].text(), "default");
  EXPECT_EQ(session->query("PRAGMA journal_mode")->front()["journal_mode"].text(), "wal");
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "reallive.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(DatabaseTest, SecondStartKeepsTheData) {
  {
    auto database = open();
    auto session = database->session();
    ASSERT_TRUE(add_organization(*session, "acme"));
  }
  auto database = open();
  auto session = database->session();
  EXPECT_EQ(organizations(*session), 2);
  EXPECT_EQ(session->query("SELECT count(*) AS n FROM schema_migrations")->front()["n"].integer(),
            static_cast<int64_t>(migrations().size()));
}

TEST_F(DatabaseTest, EveryValueComesBackAsItWent) {
  auto database = open();
  auto session = database->session();
  ASSERT_TRUE(session->execute("CREATE TABLE t (a TEXT, b BIGINT, c DOUBLE PRECISION, d INTEGER, e TEXT)"));
  const std::string nasty = "x'; DROP TABLE t; -- \xC3\xA9 :a ?";
  ASSERT_TRUE(session->execute("INSERT INTO t (a, b, c, d, e) VALUES (:a, :b, :c, :d, :e)",
                               {{"a", nasty}, {"b", INT64_MAX}, {"c", 2.5}, {"d", true}, {"e", nullptr}}));
  auto rows = session->query("SELECT * FROM t WHERE a = :a", {{"a", nasty}});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  const Row& row = rows->front();
  EXPECT_EQ(row["a"].text(), nasty);
  EXPECT_EQ(row["b"].integer(), INT64_MAX);
  EXPECT_EQ(row["c"].real(), 2.5);
  EXPECT_EQ(row["d"].integer(), 1);
  EXPECT_TRUE(row["e"].is_null());
  EXPECT_TRUE(row["absent"].is_null());
  EXPECT_TRUE(session->query("SELECT * FROM t WHERE a = :a", {{"a", "nobody"}})->empty());
  EXPECT_EQ(session->execute("UPDATE t SET d = :d", {{"d", 0}}).value(), 1);
}

TEST_F(DatabaseTest, ErrorsHaveCodes) {
  auto database = open();
  auto session = database->session();
  const auto twice = add_organization(*session, "default");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, "unique");
  EXPECT_THAT(twice.error().message, testing::HasSubstr("organizations.id"));
  EXPECT_THAT(twice.error().message, testing::Not(testing::HasSubstr("default"))) << "a value, maybe a secret one";
  const auto orphan = session->execute(
      "INSERT INTO sessions (id, camera_id, organization_id, kind, protocol, start_time) "
      "VALUES ('s', 'nothing', 'default', 'view', 'webrtc', '')");
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code, "foreign-key");
  EXPECT_EQ(session->query("SELECT nonsense").error().code, "database");
  // The connection is still good for use.
  EXPECT_EQ(organizations(*session), 1);
}

TEST_F(DatabaseTest, TransactionsAreWholeOrNothing) {
  auto database = open();
  auto session = database->session();
  const auto failed = session->transaction(Durability::full, [&]() -> base::Result<void> {
    EXPECT_TRUE(add_organization(*session, "a"));
    return base::fail("stop", "changed my mind");
  });
  EXPECT_EQ(failed.error().code, "stop");
  EXPECT_EQ(organizations(*session), 1);
  EXPECT_TRUE(session->transaction(Durability::relaxed, [&] { return add_organization(*session, "b"); }));
  EXPECT_EQ(organizations(*session), 2);
}

TEST_F(DatabaseTest, AWriterWaitsThenHearsBusy) {
  auto database = open(50);
  auto first = database->session();
  auto second = database->session();
  const auto outer = first->transaction(Durability::relaxed, [&]() -> base::Result<void> {
    const auto inner = second->transaction(Durability::relaxed, [] { return base::Result<void>(); });
    EXPECT_EQ(inner.error().code, "busy");
    EXPECT_EQ(organizations(*second), 1) << "readers never wait";
    return add_organization(*first, "a");
  });
  EXPECT_TRUE(outer);
}

TEST_F(DatabaseTest, ThreadsShareThePool) {
  auto database = open(20000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&database, t] {
      for (int i = 0; i < 10; ++i) {
        auto session = database->session();
        ASSERT_TRUE(session);
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        ASSERT_TRUE(session->transaction(Durability::relaxed, [&] { return add_organization(*session, id); }));
      }
    });
  for (auto& thread : threads)
    thread.join();
  auto session = database->session();
  EXPECT_EQ(organizations(*session), 41);
}

TEST_F(DatabaseTest, MigrationsContinueWhereAnOlderVersionStopped) {
  std::vector<Migration> steps = {{1, "one", {"CREATE TABLE one (a INTEGER)", "INSERT INTO one VALUES (7)"}}};
  ASSERT_TRUE(Database::open({dir_ / "m.db"}, steps));
  steps.push_back({2, "two", {"ALTER TABLE one ADD COLUMN b INTEGER NOT NULL DEFAULT 8"}});
  {
    auto database = Database::open({dir_ / "m.db"}, steps);
    ASSERT_TRUE(database);
    auto row = (*database)->session()->query("SELECT a, b FROM one");
    EXPECT_EQ(row->front()["a"].integer(), 7);
    EXPECT_EQ(row->front()["b"].integer(), 8);
  }
  steps.pop_back();
  EXPECT_EQ(Database::open({dir_ / "m.db"}, steps).error().code, "newer-schema");
}

TEST_F(DatabaseTest, AFailedMigrationLeavesNothingBehind) {
  const std::vector<Migration> broken = {{1, "broken", {"CREATE TABLE one (a INTEGER)", "CREATE NONSENSE"}}};
  const auto refused = Database::open({dir_ / "m.db"}, broken);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("migration 1"));
  const std::vector<Migration> mended = {{1, "mended", {"CREATE TABLE one (a INTEGER)"}}};
  EXPECT_TRUE(Database::open({dir_ / "m.db"}, mended));
}

TEST_F(DatabaseTest, SaysWhenTheFileIsUnusable) {
  EXPECT_EQ(Database::open({dir_ / "no" / "such" / "dir.db"}).error().code, "database");
  std::ofstream(dir_ / "text.db") << std::string(4096, 'x');
  EXPECT_FALSE(Database::open({dir_ / "text.db"}));
}

TEST_F(DatabaseTest, NumbersOfMigrationsHaveNoGaps) {
  for (size_t i = 0; i < migrations().size(); ++i)
    EXPECT_EQ(migrations()[i].number, static_cast<int>(i) + 1);
}

}  // namespace
}  // namespace reallive::db
