// The real program: accounts and cameras from the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/id.h"
#include "base/json.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace reallive::app {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

class CliTest : public testing::Test {
 protected:
  test::Finished reallive(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), "reallive");
    arguments.insert(arguments.end(), {"--data", (dir_ / "data").string()});
    return test::run(arguments, input);
  }
  Json json(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.push_back("--json");
    const auto done = reallive(arguments, input);
    EXPECT_EQ(done.exit_code, 0) << done.output;
    const auto parsed = Json::parse(done.output);
    EXPECT_TRUE(parsed) << done.output;
    return parsed.value_or(Json());
  }
  test::TempDir dir_;
};

TEST_F(CliTest, UsersFromAddToRemove) {
  const Json ann = json({"user", "add", "ann", "--role", "admin", "--password-stdin", "--email", "ann@example.org"},
                        "tangerine-harbour-42");
  EXPECT_EQ(ann.get_string("username"), "ann");
  EXPECT_EQ(ann.get_string("role"), "admin");
  EXPECT_EQ(ann.get_string("email"), "ann@example.org");
  EXPECT_EQ(ann.get_string("organizationId"), "default");
  EXPECT_EQ(ann.get_bool("isActive"), true);
  EXPECT_TRUE(base::is_uuid(*ann.get_string("id")));
  EXPECT_FALSE(ann.has("passwordHash"));
  EXPECT_EQ(reallive({"user", "add", "bob", "--password-stdin"}, "tangerine-harbour-43\n").exit_code, 0);
  const Json list = json({"user", "list"});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list.at(0), ann);
  EXPECT_EQ(list.at(1).get_string("role"), "viewer");
  const auto table = reallive({"user", "list"});
  EXPECT_THAT(table.output, HasSubstr("ann   admin   yes"));
  EXPECT_EQ(reallive({"user", "passwd", "bob", "--password-stdin"}, "tangerine-harbour-44").exit_code, 0);
  EXPECT_EQ(reallive({"user", "remove", "bob"}).exit_code, 0);
  EXPECT_EQ(json({"user", "list"}).size(), 1u);
  const auto gone = reallive({"user", "passwd", "bob", "--password-stdin"}, "tangerine-harbour-44");
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.output, HasSubstr("there is no user called bob"));
  EXPECT_EQ(reallive({"user", "remove", "bob"}).exit_code, 1);
}

TEST_F(CliTest, UsersThatAreRefused) {
  struct Case {
    std::vector<std::string> arguments;
    std::string password;
    int code;
    std::string message;
  };
  ASSERT_EQ(reallive({"user", "add", "ann", "--password-stdin"}, "tangerine-harbour-42").exit_code, 0);
  for (const Case& c : {
           Case{{"user", "add", "ANN", "--password-stdin"},
                "tangerine-harbour-42",
                1,
                "there is a user called ANN already"},
           Case{{"user", "add", "b b", "--password-stdin"}, "tangerine-harbour-42", 2, "username: "},
           Case{{"user", "add", "bob", "--password-stdin"}, "short", 2, "at least 10 characters"},
           Case{{"user", "add", "bob", "--password-stdin"}, "", 2, "at least 10 characters"},
           Case{{"user", "add", "bob", "--password-stdin"}, std::string(5000, 'x'), 2, "at most 72 bytes"},
           Case{{"user", "add", "bob", "--role", "king", "--password-stdin"}, "tangerine-harbour-42", 2, "--role: "},
           Case{{"user", "add", "bob", "--email", "x", "--password-stdin"}, "tangerine-harbour-42", 2, "email: "},
           Case{{"user", "add", "bob"}, "tangerine-harbour-42", 2, "use --password-stdin"},
           Case{{"user", "add"}, "", 2, "NAME is required"},
           Case{{"user", "add", "bob", "--colour", "red"}, "", 2, "--colour"},
           Case{{"user"}, "", 2, "subcommand"},
       }) {
    const auto refused = reallive(c.arguments, c.password);
    EXPECT_EQ(refused.exit_code, c.code) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(c.message));
  }
  EXPECT_EQ(json({"user", "list"}).size(), 1u);
}

TEST_F(CliTest, InvitationsKnowWhereTheServerIs) {
  const auto with = [](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"user", "invite"};
    for (const char* setting : {"auth.registration=invite", "https.listen=off"})
      arguments.insert(arguments.end(), {"--set", setting});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  EXPECT_THAT(reallive(with({})).output, HasSubstr("there is no admin who could invite"));
  for (const char* name : {"ann", "bob"})
    ASSERT_EQ(reallive({"user", "add", name, "--role", "admin", "--password-stdin"}, "tangerine-harbour-42").exit_code,
              0);
  const Json made = json(with({"--role", "operator", "--hours", "1"}));
  const std::string token = made.get_string("token").value_or("");
  EXPECT_GE(token.size(), 32u);
  EXPECT_EQ(made.get_string("url"), "http://127.0.0.1:8080/invite#" + token);
  EXPECT_EQ(made.get_string("role"), "operator");
  EXPECT_GT(made.get_string("expiresAt").value_or(""), made.get_string("createdAt").value_or("?"));
  const Json bobs = json(with({"--by", "bob", "--set", "http.public_url=https://cam.example.org/live"}));
  EXPECT_THAT(bobs.get_string("url").value_or(""), testing::StartsWith("https://cam.example.org/live/invite#"));
  EXPECT_NE(bobs.get_string("createdBy"), made.get_string("createdBy"));
  const auto text = reallive(with({"--set", "https.listen=127.0.0.1:8443"}));
  EXPECT_THAT(text.output, HasSubstr("makes an account as viewer"));
  EXPECT_LT(text.output.find("  https://127.0.0.1:8443/invite#"), text.output.find("  http://127.0.0.1:8080/invite#"));
}

TEST_F(CliTest, InvitationsThatAreRefused) {
  ASSERT_EQ(reallive({"user", "add", "ann", "--role", "admin", "--password-stdin"}, "tangerine-harbour-42").exit_code,
            0);
  const auto closed = reallive({"user", "invite"});
  EXPECT_EQ(closed.exit_code, 1);
  EXPECT_THAT(closed.output, HasSubstr("auth.registration is closed"));
  for (const auto& [more, code, reason] :
       {std::tuple{std::vector<std::string>{"--role", "king"}, 2, "--role: expected admin"},
        {{"--hours", "0"}, 2, "--hours"},
        {{"--hours", "9999"}, 2, "--hours"},
        {{"--by", "nobody"}, 1, "no active admin called nobody"},
        {{"--url", "cam"}, 2, "--url"},
        {{"--set", "http.listen=:0"}, 2, "--url: the server's port is chosen when it starts"}}) {
    std::vector<std::string> arguments = {"user",  "invite",          "--set", "auth.registration=invite",
                                          "--set", "https.listen=off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto refused = reallive(arguments);
    EXPECT_EQ(refused.exit_code, code) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(reason));
  }
}

TEST_F(CliTest, CamerasFromAddToRemove) {
  const Json ann = json({"user", "add", "ann", "--password-stdin"}, "tangerine-harbour-42");
  const Json door = json({"camera", "add", "Front Door", "--source", "test", "--owner", "ann"});
  EXPECT_EQ(door.get_string("name"), "Front Door");
  EXPECT_EQ(door.get_string("stream"), "front-door");
  EXPECT_EQ(door.get("source").get_string("url"), "test");
  EXPECT_EQ(door.get("ownerId"), ann.get("id"));
  EXPECT_EQ(door.get_string("status"), "offline");
  EXPECT_TRUE(base::is_uuid(*door.get_string("streamKey")));
  const Json again = json({"camera", "add", "Front Door", "--source", "publish", "--public"});
  EXPECT_EQ(again.get_string("stream"), "front-door-2");
  EXPECT_EQ(again.get_bool("isPublic"), true);
  EXPECT_TRUE(again.get("ownerId").is_null());
  EXPECT_EQ(json({"camera", "add", "Third", "--stream", "third-one"}).get_string("stream"), "third-one");
  EXPECT_EQ(json({"camera", "list"}).size(), 3u);
  EXPECT_EQ(json({"camera", "show", "front-door"}), door);
  EXPECT_EQ(json({"camera", "show", *door.get_string("id")}), door);
  EXPECT_EQ(json({"camera", "remove", "front-door"}), door);
  EXPECT_EQ(reallive({"camera", "show", "front-door"}).exit_code, 1);
  EXPECT_EQ(reallive({"camera", "remove", "front-door"}).exit_code, 1);
  EXPECT_THAT(reallive({"camera", "list"}).output, HasSubstr("front-door-2  Front Door  publish"));
}

TEST_F(CliTest, CamerasThatAreRefused) {
  ASSERT_EQ(reallive({"camera", "add", "a", "--stream", "taken"}).exit_code, 0);
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string message;
  };
  for (const Case& c : {
           Case{{"camera", "add", ""}, 2, "name"},
           Case{{"camera", "add", std::string(101, 'x')}, 2, "name: at most 100 characters"},
           Case{{"camera", "add", "b", "--source", "htp://x"}, 2, "--source: "},
           Case{{"camera", "add", "b", "--source", ""}, 2, "--source"},
           Case{{"camera", "add", "b", "--owner", "nobody"}, 2, "--owner: there is no user called nobody"},
           Case{{"camera", "add", "b", "--stream", "Bad Name"}, 2, "stream: "},
           Case{{"camera", "add", "b", "--stream", "taken"}, 1, "stream: another camera has this short name"},
           Case{{"camera", "paint"}, 2, ""},
       }) {
    const auto refused = reallive(c.arguments);
    EXPECT_EQ(refused.exit_code, c.code) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(c.message));
  }
  EXPECT_EQ(json({"camera", "list"}).size(), 1u);
}

TEST_F(CliTest, PasswordsOfSourcesAreNotShown) {
  const std::vector<std::string> add = {"camera", "add", "yard", "--source",
                                        "rtsp://admin:walnut-lantern-58@10.0.0.9/live"};
  for (const auto& arguments : {add,
                                {"camera", "show", "yard"},
                                {"camera", "list"},
                                {"camera", "show", "yard", "--json"},
                                {"camera", "list", "--json"}}) {
    const auto shown = reallive(arguments);
    EXPECT_EQ(shown.exit_code, 0);
    EXPECT_THAT(shown.output, Not(HasSubstr("walnut-lantern-58")));
    EXPECT_THAT(shown.output, HasSubstr("10.0.0.9/live"));
  }
}

TEST_F(CliTest, ASourceComesFromStandardInput) {
  const std::string address = "rtsp://admin:walnut-lantern-58@10.0.0.9/live";
  const Json yard = json({"camera", "add", "yard", "--source-stdin"}, address + "\n");
  EXPECT_EQ(yard.get("source").get_string("url"), "rtsp://***@10.0.0.9/live");
  EXPECT_EQ(json({"camera", "add", "shed", "--source-stdin"}, "test").get("source").get_string("url"), "test");
  for (const auto& input : {std::string(), std::string("htp://x"), std::string(5000, 'x'), address + "\n" + address}) {
    const auto refused = reallive({"camera", "add", "b", "--source-stdin"}, input);
    EXPECT_EQ(refused.exit_code, 2) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("--source-stdin: "));
    EXPECT_THAT(refused.output, Not(HasSubstr("walnut-lantern-58")));
  }
  const auto both = reallive({"camera", "add", "b", "--source-stdin", "--source", "test"}, address);
  EXPECT_EQ(both.exit_code, 2) << both.output;
  EXPECT_EQ(json({"camera", "list"}).size(), 2u);
}

TEST_F(CliTest, TheDataDirectoryIsPrivate) {
  ASSERT_EQ(reallive({"camera", "list"}).exit_code, 0);
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "data").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat((dir_ / "data" / "reallive.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(CliTest, VersionHelpAndNonsense) {
  const auto version = test::run({"reallive", "--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.output.rfind("reallive 0.", 0), 0u) << version.output;
  EXPECT_EQ(test::run({"reallive", "--help"}).exit_code, 0);
  EXPECT_EQ(test::run({"reallive"}).exit_code, 2);
  EXPECT_EQ(test::run({"reallive", "dance"}).exit_code, 2);
  EXPECT_EQ(test::run({"reallive", "camera", "list", "--data", "/proc/no/such"}).exit_code, 1);
  EXPECT_EQ(test::run({"reallive", "camera", "list", "-c", "/no/such.toml"}).exit_code, 2);
  const auto elsewhere =
      test::run({"reallive", "camera", "list"}, {}, {{"REALLIVE_DATA_DIR", (dir_ / "env").string()}});
  EXPECT_EQ(elsewhere.exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "env" / "reallive.db"));
}

}  // namespace
}  // namespace reallive::app
