// STUN against the vectors of RFC 5769, and everything an attacker may do to a message.
#include <gtest/gtest.h>

#include "rtc/wire/stun.h"
#include "wire_bytes.h"

namespace reallive::rtc {
namespace {

constexpr char kPassword[] = "VOkJxbRl1RmTxUk/WvJxBt";

Buffer sample_request() {
  return from_hex(R"(
    00 01 00 58  21 12 a4 42  b7 e7 a7 01  bc 34 d6 86  fa 87 df ae
    80 22 00 10  53 54 55 4e  20 74 65 73  74 20 63 6c  69 65 6e 74
    00 24 00 04  6e 00 01 ff
    80 29 00 08  93 2f f9 b1  51 26 3b 36
    00 06 00 09  65 76 74 6a  3a 68 36 76  59 20 20 20
    00 08 00 14  9a ea a7 0c  bf d8 cb 56  78 1e f2 b5  b2 d3 f2 49  c1 b5 71 a2
    80 28 00 04  e5 7a 3b cf)");
}

TEST(Stun, ParsesSampleRequestOfRfc5769) {
  Buffer bytes = sample_request();
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->method, stun::kBinding);
  EXPECT_EQ(message->kind, stun::Class::kRequest);
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_EQ(message->priority, 0x6e0001ffu);
  EXPECT_EQ(message->controlled, 0x932ff9b151263b36u);
  EXPECT_FALSE(message->controlling);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_EQ(message->unknown_count, 0u);
  EXPECT_TRUE(stun::verify_integrity(*message, kPassword));
  EXPECT_FALSE(stun::verify_integrity(*message, "VOkJxbRl1RmTxUk/WvJxBu"));
  EXPECT_FALSE(stun::verify_integrity(*message, ""));
}

TEST(Stun, ParsesSampleIpv4ResponseOfRfc5769) {
  Buffer bytes = from_hex(R"(
    01 01 00 3c  21 12 a4 42  b7 e7 a7 01  bc 34 d6 86  fa 87 df ae
    80 22 00 0b  74 65 73 74  20 76 65 63  74 6f 72 20
    00 20 00 08  00 01 a1 47  e1 12 a6 43
    00 08 00 14  2b 91 f5 99  fd 9e 90 c3  8c 74 89 f9  2a f9 ba 53  f0 6b e7 d7
    80 28 00 04  c0 7d 4c 96)");
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, stun::Class::kSuccess);
  EXPECT_EQ(message->mapped, (stun::Address{{192, 0, 2, 1}, 32853, false}));
  EXPECT_TRUE(stun::verify_integrity(*message, kPassword));
}

TEST(Stun, ParsesSampleIpv6ResponseOfRfc5769) {
  Buffer bytes = from_hex(R"(
    01 01 00 48  21 12 a4 42  b7 e7 a7 01  bc 34 d6 86  fa 87 df ae
    80 22 00 0b  74 65 73 74  20 76 65 63  74 6f 72 20
    00 20 00 14  00 02 a1 47  01 13 a9 fa  a5 d3 f1 79  bc 25 f4 b5  be d2 b9 d9
    00 08 00 14  a3 82 95 4e  4b e6 7b f1  17 84 c9 7c  82 92 c2 75  bf e3 ed 41
    80 28 00 04  c8 fb 0b 4c)");
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  stun::Address expected;
  Buffer ip = from_hex("20 01 0d b8 12 34 56 78 00 11 22 33 44 55 66 77");
  std::copy(ip.begin(), ip.end(), expected.ip.begin());
  expected.port = 32853;
  expected.v6 = true;
  EXPECT_EQ(message->mapped, expected);
  EXPECT_TRUE(stun::verify_integrity(*message, kPassword));
}

TEST(Stun, EveryFlippedBitIsNoticed) {
  const Buffer good = sample_request();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    Buffer bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    auto message = stun::parse(bad);
    EXPECT_FALSE(message && message->has_fingerprint && stun::verify_integrity(*message, kPassword)) << "bit " << bit;
  }
}

TEST(Stun, RefusesEveryTruncation) {
  const Buffer good = sample_request();
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(stun::parse(Bytes(good).first(size))) << size;
}

TEST(Stun, RequestComesBackAsWritten) {
  stun::BindingRequest request;
  request.transaction = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  request.username = "abcd:efghi";
  request.priority = 0x6e7f00ff;
  request.tie_breaker = 0x0123456789abcdef;
  request.use_candidate = true;
  Buffer bytes = stun::write_request(request, "secret");
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->transaction, request.transaction);
  EXPECT_EQ(message->username, request.username);
  EXPECT_EQ(message->priority, request.priority);
  EXPECT_EQ(message->controlling, request.tie_breaker);
  EXPECT_TRUE(message->use_candidate);
  EXPECT_TRUE(message->has_fingerprint);
  EXPECT_TRUE(stun::verify_integrity(*message, "secret"));

  request.controlling = false;
  bytes = stun::write_request(request, "secret");
  message = stun::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->controlled, request.tie_breaker);
}

TEST(Stun, ResponsesCarryBothAddressFamilies) {
  for (bool v6 : {false, true}) {
    stun::Address address{{10, 20, 30, 40}, 50000, v6};
    if (v6) address.ip = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    Buffer bytes = stun::write_response({9, 8, 7}, address, "secret");
    auto message = stun::parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, stun::Class::kSuccess);
    EXPECT_EQ(message->mapped, address);
    EXPECT_TRUE(stun::verify_integrity(*message, "secret"));
  }
}

TEST(Stun, ErrorsSayCodeAndReason) {
  Buffer bytes = stun::write_error({1}, 487, "secret");
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message && message->error);
  EXPECT_EQ(message->kind, stun::Class::kError);
  EXPECT_EQ(message->error->code, 487);
  EXPECT_EQ(message->error->reason, "Role Conflict");
  EXPECT_TRUE(stun::verify_integrity(*message, "secret"));

  bytes = stun::write_error({1}, 401);
  message = stun::parse(bytes);
  ASSERT_TRUE(message && message->error);
  EXPECT_EQ(message->error->code, 401);
  EXPECT_FALSE(message->integrity_offset);
}

TEST(Stun, ListsUnknownComprehensionRequiredAttributes) {
  // 0x7777 must be understood, 0x8777 need not be.
  Buffer bytes = from_hex("00 01 00 08 21 12 a4 42 000000000000000000000000 7777 0000 8777 0000");
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->unknown_types().size(), 1u);
  EXPECT_EQ(message->unknown_types()[0], 0x7777);
  Buffer answer = stun::write_error(message->transaction, 420, {}, message->unknown_types());
  auto parsed = stun::parse(answer);
  ASSERT_TRUE(parsed && parsed->error);
  EXPECT_EQ(parsed->error->code, 420);
}

TEST(Stun, IgnoresWhatFollowsTheIntegrity) {
  Buffer bytes = stun::write_request({{}, "a:b", 1, true, 2, false}, "secret");
  // USE-CANDIDATE slipped in between integrity and fingerprint must not count: nobody vouches for it.
  bytes.resize(bytes.size() - 8);
  append_u32(bytes, 0x00250000);
  put_u16(bytes.data() + 2, static_cast<uint16_t>(bytes.size() - 20));
  auto message = stun::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_TRUE(stun::verify_integrity(*message, "secret"));
}

TEST(Stun, RefusesMalformedAttributes) {
  auto with = [](std::string_view attributes) {
    Buffer bytes = from_hex("00 01 00 00 21 12 a4 42 000000000000000000000000");
    append_bytes(bytes, from_hex(attributes));
    put_u16(bytes.data() + 2, static_cast<uint16_t>(bytes.size() - 20));
    return bytes;
  };
  EXPECT_TRUE(stun::parse(with("")));
  EXPECT_FALSE(stun::parse(with("0024 0003 01020300")));            // PRIORITY of 3 bytes
  EXPECT_FALSE(stun::parse(with("802a 0004 01020304")));            // tie-breaker of 4
  EXPECT_FALSE(stun::parse(with("0020 0008 0003 a147 e112a643")));  // family 3
  EXPECT_FALSE(stun::parse(with("0020 0008 0002 a147 e112a643")));  // IPv6 in 4 bytes
  EXPECT_FALSE(stun::parse(with("0020 0004 0001 a147")));           // no address
  EXPECT_FALSE(stun::parse(with("0009 0004 0000 0200")));           // error class 2
  EXPECT_FALSE(stun::parse(with("0008 0004 00000000")));            // integrity of 4 bytes
  EXPECT_FALSE(stun::parse(with("8028 0004 00000000")));            // wrong fingerprint
  EXPECT_FALSE(stun::parse(with("0006 00ff 61616161")));            // longer than the message
  auto mapped = stun::parse(with("0001 0008 0001 8055 c0000201"));  // plain MAPPED-ADDRESS
  ASSERT_TRUE(mapped && mapped->mapped);
  EXPECT_EQ(mapped->mapped, (stun::Address{{192, 0, 2, 1}, 32853, false}));
}

}  // namespace
}  // namespace reallive::rtc
