// RTP headers, header extensions in both forms, and unwrapping.
#include <gtest/gtest.h>

#include "rtc/wire/rtp.h"
#include "wire_bytes.h"

namespace reallive::rtc {
namespace {

TEST(Rtp, ParsesHeaderWithCsrcExtensionAndPadding) {
  Buffer bytes = from_hex(R"(
    b2 e0 12 34 00 01 51 80 de ad be ef
    00 00 00 01 00 00 00 02
    be de 00 02 10 aa 00 31 bb cc 00 00
    01 02 03 04 00 00 03)");
  auto packet = rtp::parse(bytes);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(packet->payload_type, 96);
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->timestamp, 0x15180u);
  EXPECT_EQ(packet->ssrc, 0xdeadbeefu);
  EXPECT_EQ(packet->csrcs.size(), 8u);
  EXPECT_EQ(packet->header_size, 32u);
  EXPECT_EQ(packet->padding, 3);
  EXPECT_EQ(Buffer(packet->payload.begin(), packet->payload.end()), from_hex("01020304"));
  ASSERT_TRUE(rtp::find_extension(*packet, 1));
  EXPECT_EQ(rtp::find_extension(*packet, 1)->size(), 1u);
  ASSERT_TRUE(rtp::find_extension(*packet, 3));
  EXPECT_EQ(read_u16(rtp::find_extension(*packet, 3)->data()), 0xbbcc);
  EXPECT_FALSE(rtp::find_extension(*packet, 2));
  EXPECT_EQ(rtp::parse_header(bytes)->payload.size(), 7u);
}

TEST(Rtp, RefusesWhatIsTooShortOrWronglyPadded) {
  EXPECT_FALSE(rtp::parse(from_hex("80 60 0001 00000000 000000")));             // 11 bytes
  EXPECT_FALSE(rtp::parse(from_hex("40 60 0001 00000000 00000000")));           // version 1
  EXPECT_FALSE(rtp::parse(from_hex("81 60 0001 00000000 00000000")));           // CSRC missing
  EXPECT_FALSE(rtp::parse(from_hex("90 60 0001 00000000 00000000 bede")));      // extension header cut
  EXPECT_FALSE(rtp::parse(from_hex("90 60 0001 00000000 00000000 bede0001")));  // extension cut
  EXPECT_FALSE(rtp::parse(from_hex("a0 60 0001 00000000 00000000")));           // padded, but empty
  EXPECT_FALSE(rtp::parse(from_hex("a0 60 0001 00000000 00000000 00")));        // zero bytes of padding
  EXPECT_FALSE(rtp::parse(from_hex("a0 60 0001 00000000 00000000 02")));        // more than there is
  EXPECT_TRUE(rtp::parse(from_hex("a0 60 0001 00000000 00000000 01")));
}

TEST(Rtp, WalksTwoByteExtensions) {
  Buffer bytes = from_hex("90 60 0001 00000000 00000000 1000 0003 15 00 00 16 03 aabbcc 00 000000");
  auto packet = rtp::parse(bytes);
  ASSERT_TRUE(packet);
  ASSERT_TRUE(rtp::find_extension(*packet, 0x15));
  EXPECT_TRUE(rtp::find_extension(*packet, 0x15)->empty());
  ASSERT_TRUE(rtp::find_extension(*packet, 0x16));
  EXPECT_EQ(rtp::find_extension(*packet, 0x16)->size(), 3u);
}

TEST(Rtp, StopsAtMalformedExtensions) {
  auto count = [](std::string_view block) {
    Buffer bytes = from_hex("90 60 0001 00000000 00000000");
    append_bytes(bytes, from_hex(block));
    auto packet = rtp::parse(bytes);
    int found = 0;
    for (rtp::Extensions extensions(*packet); extensions.next();)
      ++found;
    return found;
  };
  EXPECT_EQ(count("bede 0001 10 aa 15 bb"), 1);  // six bytes promised, one there
  EXPECT_EQ(count("bede 0001 f0 aa 10 bb"), 0);  // 15 ends
  EXPECT_EQ(count("bede 0001 10 aa 20 bb"), 2);
  EXPECT_EQ(count("1000 0001 00 00 00 11"), 0);  // half an element header
  EXPECT_EQ(count("abcd 0001 10 aa 20 bb"), 0);  // somebody's own profile
  EXPECT_EQ(count("bede 0000"), 0);
}

TEST(Rtp, WrittenHeaderComesBack) {
  rtp::ExtensionBlock block;
  EXPECT_TRUE(block.bytes().empty());
  EXPECT_TRUE(block.add(4, from_hex("0102")));
  EXPECT_TRUE(block.add(5, from_hex("aabbcc")));
  EXPECT_FALSE(block.add(0, from_hex("01")));
  EXPECT_FALSE(block.add(15, from_hex("01")));
  EXPECT_FALSE(block.add(3, {}));
  EXPECT_FALSE(block.add(3, Buffer(17)));
  Bytes extension = block.bytes();
  EXPECT_EQ(extension.size(), 12u);
  EXPECT_EQ(extension[block.offset_of(5)], 0xaa);
  EXPECT_EQ(block.offset_of(6), 0u);

  uint8_t out[64];
  EXPECT_EQ(rtp::write_header({out, 23}, {}, extension), 0u);
  size_t size = rtp::write_header(out, {true, 111, 65535, 0xfffffff0, 7}, extension);
  ASSERT_EQ(size, 24u);
  auto packet = rtp::parse({out, size});
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(packet->payload_type, 111);
  EXPECT_EQ(packet->sequence, 65535);
  EXPECT_EQ(packet->timestamp, 0xfffffff0u);
  EXPECT_EQ(packet->ssrc, 7u);
  EXPECT_EQ(read_u16(rtp::find_extension(*packet, 4)->data()), 0x0102);
  EXPECT_EQ(rtp::find_extension(*packet, 5)->size(), 3u);
}

TEST(Rtp, TwoByteBlockTakesWhatOneByteCannot) {
  rtp::ExtensionBlock block(true);
  EXPECT_TRUE(block.add(16, {}));
  EXPECT_TRUE(block.add(200, Buffer(20, 9)));
  EXPECT_FALSE(block.add(17, Buffer(120)));  // full
  uint8_t out[64];
  auto packet = rtp::parse({out, rtp::write_header(out, {}, block.bytes())});
  ASSERT_TRUE(packet);
  EXPECT_EQ(rtp::find_extension(*packet, 200)->size(), 20u);
  EXPECT_TRUE(rtp::find_extension(*packet, 16)->empty());
  EXPECT_EQ(block.offset_of(200), 8u);
}

TEST(Rtp, UnwrapsAcrossTheEndAndReordering) {
  rtp::SequenceUnwrapper sequence;
  EXPECT_EQ(sequence.unwrap(65534), 65534);
  EXPECT_EQ(sequence.unwrap(1), 65537);
  EXPECT_EQ(sequence.unwrap(65535), 65535);  // late, before the turn
  EXPECT_EQ(sequence.peek(2), 65538);
  EXPECT_EQ(sequence.newest(), 65537);
  EXPECT_EQ(sequence.unwrap(0), 65536);
  rtp::SequenceUnwrapper low;
  low.unwrap(1);
  EXPECT_EQ(low.unwrap(65535), -1);
  rtp::TimestampUnwrapper time;
  EXPECT_EQ(time.unwrap(0xffffff00), 0xffffff00);
  EXPECT_EQ(time.unwrap(0x100), 0x100000100);
  EXPECT_TRUE(rtp::is_newer(uint16_t{0}, uint16_t{65535}));
  EXPECT_FALSE(rtp::is_newer(uint16_t{65535}, uint16_t{0}));
  EXPECT_FALSE(rtp::is_newer(uint32_t{5}, uint32_t{5}));
}

}  // namespace
}  // namespace reallive::rtc
