// Sorting datagrams of the shared port, and the record headers of DTLS.
#include <gtest/gtest.h>

#include "rtc/wire/dtls_record.h"
#include "wire_bytes.h"

namespace reallive::rtc {
namespace {

PacketKind kind_of(uint8_t first, uint8_t second, size_t size = 40) {
  Buffer bytes(size);
  bytes[0] = first;
  if (size > 1) bytes[1] = second;
  return classify(bytes);
}

TEST(DtlsRecord, SortsByFirstByte) {
  EXPECT_EQ(classify({}), PacketKind::kUnknown);
  for (int first = 0; first < 256; ++first) {
    PacketKind expected = first < 4                      ? PacketKind::kStun
                          : first >= 20 && first <= 63   ? PacketKind::kDtls
                          : first >= 64 && first <= 79   ? PacketKind::kTurnChannel
                          : first >= 128 && first <= 191 ? PacketKind::kRtp
                                                         : PacketKind::kUnknown;
    EXPECT_EQ(kind_of(static_cast<uint8_t>(first), 96), expected) << first;
  }
  for (int second = 0; second < 256; ++second) {
    bool rtcp = second >= 192 && second <= 223;
    EXPECT_EQ(kind_of(0x80, static_cast<uint8_t>(second)), rtcp ? PacketKind::kRtcp : PacketKind::kRtp) << second;
  }
}

TEST(DtlsRecord, TooShortIsUnknown) {
  EXPECT_EQ(kind_of(0, 1, 19), PacketKind::kUnknown);
  EXPECT_EQ(kind_of(22, 0xfe, 12), PacketKind::kUnknown);
  EXPECT_EQ(kind_of(64, 0, 3), PacketKind::kUnknown);
  EXPECT_EQ(kind_of(0x80, 96, 11), PacketKind::kUnknown);
  EXPECT_EQ(kind_of(0x80, 200, 8), PacketKind::kRtcp);
  EXPECT_EQ(kind_of(0x80, 200, 7), PacketKind::kUnknown);
}

TEST(DtlsRecord, WalksRecords) {
  Buffer bytes = from_hex("16 fefd 0000 000000000005 0003 010203 14 fefd 0001 ffffffffffff 0001 01");
  DtlsRecords records(bytes);
  auto first = records.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->content_type, 22);
  EXPECT_EQ(first->version, 0xfefd);
  EXPECT_EQ(first->sequence, 5u);
  EXPECT_EQ(first->fragment.size(), 3u);
  EXPECT_FALSE(records.finished());
  auto second = records.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->epoch, 1);
  EXPECT_EQ(second->sequence, 0xffffffffffffu);
  EXPECT_TRUE(records.finished());
  EXPECT_FALSE(records.next());
}

TEST(DtlsRecord, EndsAtMalformedRecords) {
  for (const char* hex : {"16 fefd 0000 000000000000 0002 01",  // longer than the datagram
                          "16 0303 0000 000000000000 0001 01",  // TLS, not DTLS
                          "80 fefd 0000 000000000000 0001 01",  // no such content
                          "16 fefd 0000 000000000000 00"}) {
    Buffer bytes = from_hex(hex);
    DtlsRecords records(bytes);
    EXPECT_FALSE(records.next()) << hex;
    EXPECT_FALSE(records.finished());
  }
}

TEST(DtlsRecord, KnowsClientHelloAndItsFragments) {
  // Length 100, fragment of 4 at offset 0, then at offset 96.
  EXPECT_TRUE(is_client_hello(from_hex("16 fefd 0000 000000000000 0010 01 000064 0000 000000 000004 01020304")));
  EXPECT_TRUE(is_client_hello(from_hex("16 feff 0000 000000000001 0010 01 000064 0000 000060 000004 01020304")));
  EXPECT_FALSE(is_client_hello(from_hex("16 fefd 0000 000000000000 0010 02 000064 0000 000000 000004 01020304")));
  EXPECT_FALSE(is_client_hello(from_hex("16 fefd 0001 000000000000 0010 01 000064 0000 000000 000004 01020304")));
  EXPECT_FALSE(is_client_hello(from_hex("16 fefd 0000 000000000000 0010 01 000064 0000 000061 000004 01020304")));
  EXPECT_FALSE(is_client_hello(from_hex("16 fefd 0000 000000000000 0010 01 000064 0000 000000 000005 01020304")));
  EXPECT_FALSE(is_client_hello(from_hex("17 fefd 0000 000000000000 0010 01 000064 0000 000000 000004 01020304")));
  EXPECT_FALSE(is_client_hello(from_hex("16 fefd 0000 000000000000 0004 01 000064")));
  EXPECT_FALSE(is_client_hello({}));
}

}  // namespace
}  // namespace reallive::rtc
