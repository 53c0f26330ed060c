#include "base/json.h"

#include <gtest/gtest.h>

namespace reallive::base {
namespace {

TEST(Json, ParsesAndWritesEveryType) {
  const auto json = Json::parse(R"({"a":[1,2.5,true,null,"x\u00e9"],"b":{}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->get("a").at(0).as_int(), 1);
  EXPECT_EQ(json->get("a").at(1).as_double(), 2.5);
  EXPECT_EQ(json->get("a").at(2).as_bool(), true);
  EXPECT_TRUE(json->get("a").at(3).is_null());
  EXPECT_EQ(json->get("a").at(4).as_string(), "x\xC3\xA9");
  EXPECT_EQ(json->dump(), "{\"a\":[1,2.5,true,null,\"x\xC3\xA9\"],\"b\":{}}");
}

TEST(Json, GettersWantTheExactType) {
  const auto json = Json::parse(R"({"n":1,"s":"1"})");
  ASSERT_TRUE(json);
  EXPECT_FALSE(json->get_string("n"));
  EXPECT_FALSE(json->get_int("s"));
  EXPECT_FALSE(json->get_bool("n"));
  EXPECT_EQ(json->get_double("n"), 1.0);
  EXPECT_FALSE(json->get_int("absent"));
  EXPECT_TRUE(json->get("absent").is_null());
  EXPECT_FALSE(json->has("absent"));
  EXPECT_TRUE(json->at(0).is_null());
}

TEST(Json, ErrorsNameThePlace) {
  const auto json = Json::parse("{\n  \"a\": 1,\n  \"b\" 2\n}");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, "json");
  EXPECT_EQ(json.error().message.rfind("line 3, column ", 0), 0u) << json.error().message;
}

TEST(Json, RefusesWhatIsTooBigTooDeepOrDoubtful) {
  EXPECT_FALSE(Json::parse(std::string(101, ' '), {.bytes = 100}));
  EXPECT_TRUE(Json::parse("[[[]]]", {.depth = 3}));
  const auto deep = Json::parse("[\n[[[]]]]", {.depth = 3});
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message, "line 2, column 3: nested more than 3 deep");
  EXPECT_TRUE(Json::parse(R"(["[[[[\"[[[["])", {.depth = 1})) << "brackets in strings do not nest";
  EXPECT_FALSE(Json::parse(R"({"a":1,"a":2})")) << "duplicate keys";
  EXPECT_FALSE(Json::parse("{} x"));
  EXPECT_FALSE(Json::parse(""));
  EXPECT_FALSE(Json::parse("\"\xFF\""));
  EXPECT_FALSE(Json::parse(R"("\u0000")"));
  EXPECT_FALSE(Json::parse("99999999999999999999"));
}

TEST(Json, CopiesAreValues) {
  Json a = Json::object({{"list", Json::array({1, 2})}});
  Json b = a;
  b.set("list", 3);
  EXPECT_EQ(a.get("list").size(), 2u);
  Json list = a.get("list");
  list.push(3);
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(a.get("list").size(), 2u);
  Json moved = std::move(a);
  EXPECT_EQ(moved.get("list").size(), 2u);
}

TEST(Json, BuildsFromAnything) {
  Json json = Json::object({{"text", "x"},
                            {"flag", true},
                            {"none", std::optional<int>()},
                            {"some", std::optional<int>(4)},
                            {"big", UINT64_MAX},
                            {"nan", 0.0 / 0.0},
                            {"bad", std::string("a\xFF")}});
  EXPECT_EQ(json.get_bool("flag"), true);
  EXPECT_TRUE(json.get("none").is_null());
  EXPECT_EQ(json.get_int("some"), 4);
  EXPECT_EQ(json.get("big").type(), Json::Type::real);
  EXPECT_TRUE(json.get("nan").is_null());
  EXPECT_EQ(json.get_string("bad"), "a\xEF\xBF\xBD");
  json.erase("bad").erase("absent");
  EXPECT_EQ(json.keys(), (std::vector<std::string>{"text", "flag", "none", "some", "big", "nan"}));
}

TEST(Json, SetAndPushMakeContainers) {
  Json json;
  json.set("a", 1);
  EXPECT_EQ(json.dump(), R"({"a":1})");
  json.push(1);
  EXPECT_EQ(json.dump(), "[1]");
  EXPECT_EQ(Json::array({1}), json);
}

TEST(Utf8, KnowsTheEdges) {
  EXPECT_TRUE(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(bad));
  EXPECT_EQ(valid_utf8("a\xE2\x82z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace reallive::base
