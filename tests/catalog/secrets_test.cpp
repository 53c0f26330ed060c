// Source addresses and stream keys on the disk: sealed, also those of a former version, and useless without the key.
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>

#include "base/secret_box.h"
#include "catalog/cameras.h"
#include "support/manual_clock.h"
#include "support/record.h"
#include "support/temp_dir.h"

namespace reallive::catalog {
namespace {

constexpr char url[] = "rtsp://admin:swordfish-and-chips@192.0.2.1/stream";

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() { test::record(test::Record::said, url); }
  base::SecretBox box(const std::string& name = "secrets.key") { return *base::SecretBox::load_or_make(dir_ / name); }
  std::unique_ptr<db::Database> open() { return std::move(*db::Database::open({dir_ / "t.db", 50})); }
  static void add_as_a_former_version(db::Database& database, const std::string& key) {
    ASSERT_TRUE(database.session()->execute(
        "INSERT INTO cameras (id, name, stream, source_url, stream_key, organization_id, created_at, updated_at) "
        "VALUES ('a', 'Door', 'door', :url, :key, 'default', '', '')",
        {{"url", url}, {"key", key}}));
  }
  /// In any file of the database, deleted or not.
  bool on_disk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }
  test::TempDir dir_;
  test::ManualClock clock_;
};

TEST_F(SecretsTest, ABoxOpensWhatItSealed) {
  const base::SecretBox one = box();
  for (const std::string& text :
       {std::string(), std::string("x"), std::string(10'000, 'y'), std::string("\0\xFF", 2)}) {
    const std::string sealed = one.seal(text, "here");
    EXPECT_TRUE(base::SecretBox::is_sealed(sealed));
    EXPECT_EQ(*box().open(sealed, "here"), text) << "the key is kept";
    EXPECT_NE(one.seal(text, "here"), sealed) << "no nonce twice";
    EXPECT_EQ(one.open(sealed, "there").error().code, "failed") << "moved to another row";
    EXPECT_FALSE(box("other.key").open(sealed, "here"));
    for (size_t i = 9; i < sealed.size(); i += 7) {
      std::string changed = sealed;
      changed[i] = changed[i] == 'A' ? 'w' : 'A';  // the last character's low bits may mean nothing
      EXPECT_FALSE(one.open(changed, "here")) << i;
    }
  }
  for (const char* bad : {"", "sealed:1:", "sealed:1:AAAA", "sealed:1:%%%%", "sealed:2:AAAA", "plain"})
    EXPECT_FALSE(one.open(bad, "here")) << bad;
  EXPECT_EQ(one.digest("x"), box().digest("x"));
  EXPECT_NE(one.digest("x"), one.digest("y"));
  EXPECT_NE(one.digest("x"), box("other.key").digest("x"));
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "secrets.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SecretsTest, NothingLiesOpenOnTheDisk) {
  const base::SecretBox secrets = box();
  const auto database = open();
  Cameras cameras(*database, clock_, secrets);
  const Camera camera = *cameras.create("default", {.name = "door", .source_url = url});
  const Camera renewed = *cameras.new_stream_key("default", camera.id);
  ASSERT_TRUE(cameras.update("default", camera.id, {.place = "hall"}));
  EXPECT_EQ(cameras.find_anywhere("door")->source.url, url);
  EXPECT_EQ(cameras.find_by_stream_key(renewed.stream_key)->id, camera.id);
  EXPECT_EQ(cameras.find_by_stream_key(camera.stream_key).error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras.find_by_stream_key("").error().code, "CAMERA_NOT_FOUND");
  EXPECT_EQ(cameras.list({.organization_id = "default"})->items.front().stream_key, renewed.stream_key);
  for (const std::string& secret : {std::string("swordfish"), camera.stream_key, renewed.stream_key})
    EXPECT_FALSE(on_disk(secret)) << secret;
  EXPECT_TRUE(on_disk(camera.id)) << "the search itself works";
}

TEST_F(SecretsTest, WhatAFormerVersionStoredIsSealed) {
  const std::string key = "11111111-2222-4333-8444-555555555555";
  const base::SecretBox secrets = box();
  const auto database = open();
  add_as_a_former_version(*database, key);
  ASSERT_TRUE(on_disk("swordfish"));
  Cameras cameras(*database, clock_, secrets);
  ASSERT_TRUE(cameras.seal());
  EXPECT_FALSE(on_disk("swordfish")) << "not in a free page, not in the log";
  EXPECT_FALSE(on_disk(key));
  EXPECT_EQ(cameras.find_anywhere("door")->source.url, url);
  EXPECT_EQ(cameras.find_by_stream_key(key)->id, "a");
  ASSERT_TRUE(cameras.seal());
  EXPECT_EQ(cameras.find_anywhere("door")->stream_key, key) << "once is enough";
}

TEST_F(SecretsTest, WhatCouldNotBeCleanedIsCleanedAtTheNextStart) {
  const std::string key = "11111111-2222-4333-8444-555555555555";
  const base::SecretBox secrets = box();
  // The other program that still reads stays open: whoever closes the last connection removes the log.
  const auto other = open();
  add_as_a_former_version(*other, key);
  auto reader = other->session();
  ASSERT_TRUE(reader->execute("BEGIN"));
  ASSERT_EQ(reader->query("SELECT id FROM cameras")->size(), 1u);
  const auto sealed = Cameras(*open(), clock_, secrets).seal();
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, "busy");
  EXPECT_TRUE(on_disk("swordfish"));
  ASSERT_TRUE(reader->execute("COMMIT"));

  const auto database = open();
  Cameras cameras(*database, clock_, secrets);
  ASSERT_TRUE(cameras.seal());
  EXPECT_FALSE(on_disk("swordfish"));
  EXPECT_FALSE(on_disk(key));
  EXPECT_EQ(cameras.find_anywhere("door")->source.url, url);
  EXPECT_EQ(cameras.find_by_stream_key(key)->id, "a");
}

TEST_F(SecretsTest, AnotherKeyFileIsToldAtTheStart) {
  const base::SecretBox secrets = box(), other = box("other.key");
  const auto database = open();
  ASSERT_TRUE(Cameras(*database, clock_, secrets).create("default", {.name = "door", .source_url = url}));
  Cameras cameras(*database, clock_, other);
  const auto sealed = cameras.seal();
  ASSERT_FALSE(sealed);
  EXPECT_NE(sealed.error().message.find("secrets.key"), std::string::npos);
  EXPECT_EQ(cameras.find_anywhere("door").error().code, "failed");
}

}  // namespace
}  // namespace reallive::catalog
