// Who the client behind proxies is, and the address that the owner gives the server.
#include "http/forwarded.h"

#include <gtest/gtest.h>

#include "http/public_url.h"

namespace reallive::http {
namespace {

std::vector<base::Network> networks(const std::vector<const char*>& texts) {
  std::vector<base::Network> result;
  for (const char* text : texts)
    result.push_back(*base::Network::parse(text));
  return result;
}

const ClientView direct{"10.0.0.1", "http", "127.0.0.1:8080"};
const auto trusted = networks({"10.0.0.0/8", "fd00::/8"});

ClientView see(const Headers& headers) {
  return see_client(direct, headers, trusted);
}

TEST(Forwarded, OnlyTrustedProxiesAreBelieved) {
  const Headers lies = {{"X-Forwarded-For", "1.2.3.4"},
                        {"X-Forwarded-Proto", "https"},
                        {"X-Forwarded-Host", "evil"},
                        {"Forwarded", "for=1.2.3.4;proto=https"}};
  EXPECT_EQ(see_client({"192.0.2.1", "http", "h"}, lies, trusted), (ClientView{"192.0.2.1", "http", "h"}));
  EXPECT_EQ(see_client(direct, lies, {}), direct);
  EXPECT_EQ(see_client({"", "http", "h"}, lies, trusted), (ClientView{"", "http", "h"}));
}

TEST(Forwarded, TheRightMostStrangerCounts) {
  EXPECT_EQ(see({{"X-Forwarded-For", "192.0.2.1"}}).remote_address, "192.0.2.1");
  EXPECT_EQ(see({{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"}}).remote_address, "192.0.2.1")
      << "what stands further left the client may have written itself";
  EXPECT_EQ(see({{"X-Forwarded-For", "6.6.6.6, 192.0.2.1, 10.9.9.9"}}).remote_address, "192.0.2.1");
  EXPECT_EQ(see({{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "192.0.2.1"}}).remote_address, "192.0.2.1");
  EXPECT_EQ(see({{"X-Forwarded-For", "10.1.1.1, 10.2.2.2"}}).remote_address, "10.1.1.1") << "all are trusted";
  EXPECT_EQ(see({{"X-Forwarded-For", "192.0.2.1:4711"}}).remote_address, "192.0.2.1");
  EXPECT_EQ(see({{"X-Forwarded-For", "2001:db8::7"}}).remote_address, "2001:db8::7");
  EXPECT_EQ(see({{"X-Forwarded-For", "[2001:db8::7]:4711"}}).remote_address, "2001:db8::7");
  EXPECT_EQ(see({{"X-Forwarded-For", "192.0.2.1, unknown"}}), direct) << "who asked the proxy is not known";
  EXPECT_EQ(see({{"X-Forwarded-For", ""}}), direct);
  EXPECT_EQ(see({{"X-Forwarded-For", ",,,"}}), direct);
}

TEST(Forwarded, SchemeAndHostComeFromTheProxyThatTheClientAsked) {
  EXPECT_EQ(
      see({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "cam.example"}}),
      (ClientView{"192.0.2.1", "https", "cam.example"}));
  EXPECT_EQ(see({{"X-Forwarded-For", "192.0.2.1, 10.2.2.2"},
                 {"X-Forwarded-Proto", "https, http"},
                 {"X-Forwarded-Host", "cam.example, inner"}}),
            (ClientView{"192.0.2.1", "https", "cam.example"}));
  EXPECT_EQ(see({{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"}, {"X-Forwarded-Proto", "https"}}).scheme, "https");
  EXPECT_EQ(see({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Proto", "gopher"}}).scheme, "http");
  EXPECT_EQ(see({{"X-Forwarded-For", "192.0.2.1"}, {"X-Forwarded-Host", "a/b\"><script>"}}).host, direct.host);
}

TEST(Forwarded, ReadsTheStandardHeader) {
  EXPECT_EQ(see({{"Forwarded", "for=192.0.2.1;proto=https;host=cam.example"}}),
            (ClientView{"192.0.2.1", "https", "cam.example"}));
  EXPECT_EQ(see({{"Forwarded", "For=\"[2001:db8::7]:4711\";by=10.0.0.1 ; PROTO=https , for=10.0.0.9"}}),
            (ClientView{"2001:db8::7", "https", direct.host}));
  EXPECT_EQ(see({{"Forwarded", "for=6.6.6.6;host=\"a, for=7.7.7.7\", for=192.0.2.1"}}).remote_address, "192.0.2.1");
  EXPECT_EQ(see({{"Forwarded", "for=_hidden, for=unknown"}}), direct);
  EXPECT_EQ(see({{"Forwarded", "for=\"192.0.2.1"}}), direct) << "a quoted string without an end is no address";
  EXPECT_EQ(see({{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "192.0.2.1"}}).remote_address, "192.0.2.1")
      << "a proxy that writes one kind hands on the other as the client wrote it";
}

TEST(Forwarded, LooksAtFewHopsOnly) {
  std::string many;
  for (int i = 0; i < 100'000; ++i)
    many += "10.0.0.2,";
  EXPECT_EQ(see({{"X-Forwarded-For", many + "10.0.0.3"}}).remote_address, "10.0.0.2");
}

TEST(PublicUrl, Reads) {
  const auto plain = parse_public_url("https://cam.example.org/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->to_string(), "https://cam.example.org");
  EXPECT_EQ(plain->host, "cam.example.org");
  EXPECT_EQ(plain->path, "");
  const auto full = parse_public_url("http://[fd00::1]:8080/cams/home/");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->origin, "http://[fd00::1]:8080");
  EXPECT_EQ(full->host, "fd00::1");
  EXPECT_EQ(full->path, "/cams/home");
}

TEST(PublicUrl, RefusesWhatIsNoPlaceForAServer) {
  for (const char* text : {"",
                           "cam.example.org",
                           "ftp://cam.example.org",
                           "https://",
                           "https:///cams",
                           "https://user@cam.example.org",
                           "https://cam.example.org:0",
                           "https://cam.example.org:99999",
                           "https://cam.example.org:",
                           "https://a b",
                           "https://cam.example.org?x",
                           "https://cam.example.org/#x",
                           "https://cam.example.org/../x",
                           "https://cam.example.org/a//b",
                           "https://cam.example.org/%2e",
                           "https://[::1",
                           "https://[nonsense]",
                           "https://cam..example",
                           "https://-cam",
                           "https://cam.example.org/<script>",
                           "https://a:1:2"})
    EXPECT_FALSE(parse_public_url(text)) << text;
  EXPECT_EQ(parse_base_path("cams/"), "/cams");
  EXPECT_EQ(parse_base_path("/"), "");
  EXPECT_EQ(parse_base_path(""), "");
  EXPECT_EQ(parse_base_path("//cams"), "/cams");
  for (const char* text : {"/a b", "/a/../b", "/.", "/\"", "/a%2f"})
    EXPECT_FALSE(parse_base_path(text)) << text;
}

}  // namespace
}  // namespace reallive::http
