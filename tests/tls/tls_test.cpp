// The local authority, its certificates, and TLS over a pair of sockets against OpenSSL's own client.
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "support/temp_dir.h"
#include "tls/authority.h"
#include "tls/session.h"

namespace reallive::tls {
namespace {

constexpr int64_t now = 1'795'000'000;  // November 2026
constexpr int64_t day = 24 * 3600;

struct AuthorityTest : testing::Test {
  std::unique_ptr<Authority> open(int64_t at = now) {
    auto authority = Authority::open(dir.path(), at);
    EXPECT_TRUE(authority) << authority.error().message;
    return authority ? std::move(*authority) : nullptr;
  }
  unsigned mode(const char* name) {
    struct stat info {};
    return stat((dir / name).c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
  }
  void write(const char* name, const std::string& text) { std::ofstream(dir / name) << text; }

  test::TempDir dir;
};

TEST_F(AuthorityTest, IsMadeOnceAndKept) {
  const auto first = open();
  ASSERT_TRUE(first);
  EXPECT_EQ(mode("ca.key"), 0600u);
  EXPECT_EQ(open(now + 100 * day)->certificate_pem(), first->certificate_pem());
  const auto details = read_certificate(first->certificate_pem());
  ASSERT_TRUE(details);
  EXPECT_EQ(details->subject.rfind("RealLive on ", 0), 0u);
  EXPECT_GT(details->not_after, now + 9 * 365 * day);
  EXPECT_EQ(details->fingerprint.size(), 95u);
}

TEST_F(AuthorityTest, IssuesLeavesForNamesAndAddresses) {
  const auto authority = open();
  const auto leaf = authority->issue({"hut", "hut.local", "bad,DNS:evil", ""}, {"192.168.1.7", "::1", "nonsense"}, now);
  ASSERT_TRUE(leaf) << leaf.error().message;
  const auto details = check_identity(*leaf, now);
  ASSERT_TRUE(details) << details.error().message;
  EXPECT_EQ(details->names, (std::vector<std::string>{"hut", "hut.local"}));
  EXPECT_EQ(details->addresses, (std::vector<std::string>{"192.168.1.7", "::1"}));
  EXPECT_LE(details->not_after - details->not_before, leaf_days * day) << "Apple's limit";
  EXPECT_LT(details->not_before, now) << "for clocks that are late";
  EXPECT_TRUE(authority->issued(*leaf));
  const test::TempDir other;
  EXPECT_FALSE((*Authority::open(other.path(), now))->issued(*leaf));
  EXPECT_NE(authority->issue({"hut"}, {}, now)->key_pem, leaf->key_pem);
  EXPECT_TRUE(authority->issue({std::string(200, 'a') + ".example"}, {}, now)) << "longer than a common name may be";
}

TEST_F(AuthorityTest, IsNeverWrittenOver) {
  open();
  const std::string key = *read_file(dir / "ca.key");
  std::filesystem::remove(dir / "ca.key");
  auto refused = Authority::open(dir.path(), now);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("ca.key is missing"), std::string::npos) << refused.error().message;
  write("ca.key", "nonsense");
  EXPECT_FALSE(Authority::open(dir.path(), now));
  EXPECT_EQ(*read_file(dir / "ca.key"), "nonsense");
  write("ca.key", key);
  EXPECT_TRUE(open());
  EXPECT_FALSE(Authority::open(dir.path(), now + 4000 * day)) << "it has ended";
}

TEST_F(AuthorityTest, AnInterruptedFirstStartIsRepeated) {
  write("ca.key", "half a key");
  EXPECT_TRUE(open());
}

TEST(Identity, SaysWhatIsWrong) {
  const test::TempDir dir;
  const auto authority = *Authority::open(dir.path(), now);
  const auto one = *authority->issue({"one"}, {}, now), two = *authority->issue({"two"}, {}, now);
  const auto why = [](const Identity& identity, int64_t at = now) {
    const auto checked = check_identity(identity, at);
    return checked ? std::string("fine") : checked.error().message;
  };
  EXPECT_EQ(why(one), "fine");
  EXPECT_EQ(why({one.certificate_pem, two.key_pem}), "the key does not belong to the certificate");
  EXPECT_EQ(why({"nonsense", one.key_pem}), "the certificate is not in PEM form");
  EXPECT_NE(why({one.certificate_pem, "nonsense"}).find("the key is not in PEM form"), std::string::npos);
  EXPECT_EQ(why(one, now + 500 * day), "the certificate ended on 2027-12-20");
  EXPECT_NE(why(one, now - 30 * day).find("begins only on"), std::string::npos);
  EXPECT_FALSE(read_certificate(""));
  EXPECT_FALSE(Context::create({one.certificate_pem, two.key_pem}));
  EXPECT_EQ(why({one.certificate_pem, two.key_pem}).find("PRIVATE"), std::string::npos);
}

/// Both ends of a socket pair; ours is a Session, theirs OpenSSL's client.
struct Pair {
  Pair(const Identity& identity, const std::string& authority_pem, int version = 0, const char* host = "hut") {
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets);
    session = std::make_unique<Session>(*Context::create(identity), sockets[0]);
    context = SSL_CTX_new(TLS_client_method());
    BIO* pem = BIO_new_mem_buf(authority_pem.data(), static_cast<int>(authority_pem.size()));
    X509* authority = PEM_read_bio_X509(pem, nullptr, nullptr, nullptr);
    if (authority) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
    X509_free(authority);
    BIO_free(pem);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), now);
    if (version) {
      SSL_CTX_set_security_level(context, 0);
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    }
    client = SSL_new(context);
    SSL_set1_host(client, host);
    SSL_set_fd(client, sockets[1]);
    SSL_set_connect_state(client);
  }
  ~Pair() {
    SSL_free(client);
    SSL_CTX_free(context);
    close(sockets[0]);
    if (sockets[1] >= 0) close(sockets[1]);
  }
  bool shake() {
    std::byte none[1];
    for (int i = 0; i < 100; ++i) {
      const int result = SSL_do_handshake(client);
      const auto moved = session->read(none);
      if (result == 1 && session->is_connected()) return true;
      if (moved.state == Session::State::failed || moved.state == Session::State::closed) return false;
    }
    return false;
  }

  int sockets[2] = {-1, -1};
  std::unique_ptr<Session> session;
  SSL_CTX* context;
  SSL* client;
};

struct SessionTest : AuthorityTest {
  SessionTest() : authority(open()), identity(*authority->issue({"hut"}, {"192.168.1.7"}, now)) {}
  std::unique_ptr<Authority> authority;
  Identity identity;
};

TEST_F(SessionTest, CarriesBytesBothWays) {
  Pair pair(identity, authority->certificate_pem());
  ASSERT_TRUE(pair.shake());
  ASSERT_EQ(SSL_write(pair.client, "hello", 5), 5);
  std::byte bytes[3];
  auto moved = pair.session->read(bytes);
  ASSERT_EQ(moved.state, Session::State::done);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(bytes), moved.bytes), "hel");
  EXPECT_TRUE(pair.session->has_pending());
  EXPECT_EQ(pair.session->read(bytes).bytes, 2u);
  EXPECT_FALSE(pair.session->has_pending());
  EXPECT_EQ(pair.session->read(bytes).state, Session::State::want_read);
  EXPECT_EQ(pair.session->write(std::as_bytes(std::span("good day", 8))).bytes, 8u);
  char text[16];
  EXPECT_EQ(SSL_read(pair.client, text, sizeof text), 8);
  pair.session->close();
  EXPECT_LE(SSL_read(pair.client, text, sizeof text), 0);
  EXPECT_EQ(SSL_get_shutdown(pair.client), SSL_RECEIVED_SHUTDOWN);
}

TEST_F(SessionTest, AFullSocketIsWaitedFor) {
  Pair pair(identity, authority->certificate_pem());
  ASSERT_TRUE(pair.shake());
  const std::string much(1 << 20, 'x');
  size_t sent = 0, received = 0;
  char part[65536];
  bool waited = false;
  for (int i = 0; i < 10'000 && received < much.size(); ++i) {
    if (sent < much.size()) {
      const auto moved = pair.session->write(std::as_bytes(std::span(much)).subspan(sent));
      if (moved.state == Session::State::done) {
        sent += moved.bytes;
        continue;
      }
      ASSERT_EQ(moved.state, Session::State::want_write);
      waited = true;
    }
    const int got = SSL_read(pair.client, part, sizeof part);
    if (got > 0) received += static_cast<size_t>(got);
  }
  EXPECT_TRUE(waited);
  EXPECT_EQ(received, much.size());
}

TEST_F(SessionTest, SpeaksNothingOlderThanTls12) {
  for (const auto& [version, accepted] :
       {std::pair{TLS1_VERSION, false}, {TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}}) {
    Pair pair(identity, authority->certificate_pem(), version);
    EXPECT_EQ(pair.shake(), accepted) << std::hex << version;
  }
}

TEST_F(SessionTest, AClientThatDoesNotTrustOrFindsAnotherNameStaysAway) {
  const test::TempDir other;
  Pair stranger(identity, (*Authority::open(other.path(), now))->certificate_pem());
  EXPECT_FALSE(stranger.shake());
  Pair misled(identity, authority->certificate_pem(), 0, "other");
  EXPECT_FALSE(misled.shake());
  Pair by_address(identity, authority->certificate_pem(), 0, "192.168.1.7");
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(by_address.client), "192.168.1.7");
  SSL_set1_host(by_address.client, nullptr);
  EXPECT_TRUE(by_address.shake());
}

TEST_F(SessionTest, EndsAndGarbageAreTold) {
  std::byte bytes[16];
  Pair gone(identity, authority->certificate_pem());
  ASSERT_TRUE(gone.shake());
  close(std::exchange(gone.sockets[1], -1));
  const auto read = gone.session->read(bytes).state;
  EXPECT_TRUE(read == Session::State::failed || read == Session::State::closed);
  const auto written = gone.session->write(std::as_bytes(std::span("x", 1))).state;
  EXPECT_TRUE(written == Session::State::failed || written == Session::State::closed) << "and no signal killed us";

  Pair garbage(identity, authority->certificate_pem());
  ASSERT_GT(::write(garbage.sockets[1], "GET / HTTP/1.1\r\n\r\n", 18), 0);
  EXPECT_EQ(garbage.session->read(bytes).state, Session::State::failed);
}

TEST_F(SessionTest, ChoosesHttp11) {
  Pair pair(identity, authority->certificate_pem());
  const unsigned char offer[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(pair.client, offer, sizeof offer - 1);
  ASSERT_TRUE(pair.shake());
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(pair.client, &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

}  // namespace
}  // namespace reallive::tls
