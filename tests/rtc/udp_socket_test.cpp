// UdpSocket over real loopback: both address families, GSO and GRO, the fall-back, a full buffer.

#include "rtc/transport/udp_socket.h"

#include <gtest/gtest.h>
#include <numeric>
#include <optional>

#include "support/wait.h"

namespace reallive::rtc {

namespace {

using reallive::test::eventually;

SocketAddress address(const char* text) {
  return *SocketAddress::parse(text);
}

std::vector<Buffer> receive(UdpSocket& socket, size_t count) {
  std::vector<Buffer> datagrams;
  eventually([&] {
    for (const Datagram& datagram : socket.receive())
      datagrams.emplace_back(datagram.data.begin(), datagram.data.end());
    return datagrams.size() >= count;
  });
  return datagrams;
}

Buffer pattern(size_t size) {
  Buffer bytes(size);
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<uint8_t>(i * 31 + i / 251);
  return bytes;
}

// What segments of `bytes` a receiver must see.
std::vector<Buffer> cut(Bytes bytes, size_t segment) {
  std::vector<Buffer> pieces;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(segment, bytes.size()))) {
    const Bytes piece = bytes.first(std::min(segment, bytes.size()));
    pieces.emplace_back(piece.begin(), piece.end());
  }
  return pieces;
}

TEST(UdpSocket, BindsAFreePort) {
  const auto socket = UdpSocket::bind(address("127.0.0.1:0"));
  ASSERT_TRUE(socket);
  EXPECT_NE(socket->local().port(), 0);
  EXPECT_EQ(socket->local().ip(), "127.0.0.1");
}

TEST(UdpSocket, SaysWhyItCannotListen) {
  const auto first = UdpSocket::bind(address("127.0.0.1:0"));
  const auto second = UdpSocket::bind(first->local());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "listen");
  EXPECT_NE(second.error().message.find(first->local().to_string()), std::string::npos);
}

TEST(UdpSocket, OpensBesideOursWhereNobodyElseIs) {
  for (const auto& [former, next] : {std::pair{"0.0.0.0:0", "127.0.0.1"}, std::pair{"127.0.0.1:0", "0.0.0.0"},
                                     std::pair{":0", "127.0.0.1"}, std::pair{"127.0.0.1:0", "127.0.0.1"}}) {
    std::optional<UdpSocket> ours = *UdpSocket::bind(address(former));
    UdpSocket* const others[] = {&*ours};
    const SocketAddress wanted = *SocketAddress::from_ip(next, ours->local().port());
    EXPECT_FALSE(UdpSocket::bind(wanted));
    auto opened = UdpSocket::bind_beside(others, wanted);
    ASSERT_TRUE(opened) << former << " " << opened.error().message;
    if (ours->local().is_any()) {
      const SocketAddress elsewhere = *SocketAddress::from_ip("127.0.0.2", wanted.port());
      EXPECT_FALSE(UdpSocket::bind_beside({}, elsewhere)) << "others do not get in, whatever they ask for";
    }
    ours.reset();
    EXPECT_FALSE(UdpSocket::bind_beside({}, wanted)) << "nor here";
    auto client = UdpSocket::bind(address("127.0.0.1:0"));
    client->send(*SocketAddress::from_ip("127.0.0.1", wanted.port()), pattern(10));
    EXPECT_EQ(receive(*opened, 1).size(), 1u) << former << " " << next;
  }
  auto ours = UdpSocket::bind(address("127.0.0.1:0"));
  UdpSocket* const others[] = {&*ours};
  const auto stranger = UdpSocket::bind(*SocketAddress::from_ip("127.0.0.2", ours->local().port()));
  ASSERT_TRUE(stranger) << stranger.error().message;
  for (const char* next : {"0.0.0.0", "::", "127.0.0.2"})
    EXPECT_FALSE(UdpSocket::bind_beside(others, *SocketAddress::from_ip(next, ours->local().port()))) << next;
}

TEST(UdpSocket, AnyAddressOfIpv6TakesBothFamilies) {
  auto server = UdpSocket::bind(address(":0"));
  ASSERT_TRUE(server);
  for (const char* client_address : {"127.0.0.1:0", "[::1]:0"}) {
    auto client = UdpSocket::bind(address(client_address));
    ASSERT_TRUE(client);
    SocketAddress to = client->local();
    to.set_port(server->local().port());
    ASSERT_EQ(client->send(to, pattern(20)).datagrams, 1u);
    SocketAddress from;
    ASSERT_TRUE(eventually([&] {
      const auto datagrams = server->receive();
      if (datagrams.empty()) return false;
      from = datagrams[0].from;
      return true;
    }));
    EXPECT_EQ(from, client->local());  // IPv4 is not seen as mapped IPv6
    ASSERT_EQ(server->send(from, pattern(30)).datagrams, 1u);
    EXPECT_EQ(receive(*client, 1), cut(pattern(30), 30));
    ASSERT_EQ(server->send_segments(from, pattern(3500), 1200).datagrams, 3u);
    EXPECT_EQ(receive(*client, 3), cut(pattern(3500), 1200));
  }
}

// A peer takes an answer only from where it asked; left alone the kernel answers from 127.0.0.1.
TEST(UdpSocket, AnswersFromTheAddressThatWasAsked) {
  for (const char* listen : {":0", "0.0.0.0:0"}) {
    auto server = UdpSocket::bind(address(listen));
    auto client = UdpSocket::bind(address("127.0.0.1:0"));
    const auto asked = *SocketAddress::from_ip("127.0.0.2", server->local().port());
    client->send(asked, pattern(20));
    SocketAddress came_to;
    ASSERT_TRUE(eventually([&] {
      const auto datagrams = server->receive();
      if (datagrams.empty()) return false;
      came_to = datagrams[0].to;
      return true;
    }));
    EXPECT_EQ(came_to.ip(), "127.0.0.2");
    for (const bool segmentation : {true, false}) {
      if (!segmentation) server->disable_segmentation();
      for (const size_t size : {size_t{100}, size_t{3500}}) {
        server->send_segments(client->local(), pattern(size), 1200, came_to);
        SocketAddress from;
        ASSERT_TRUE(eventually([&] {
          const auto datagrams = client->receive();
          if (datagrams.empty()) return false;
          from = datagrams.back().from;
          return true;
        }));
        EXPECT_EQ(from, asked) << listen << ", " << size << " bytes";
      }
    }
  }
}

TEST(UdpSocket, SendsAllTheSameWhenItsSourceIsGone) {
  auto server = UdpSocket::bind(address(":0"));
  auto client = UdpSocket::bind(address("127.0.0.1:0"));
  const auto lost = *SocketAddress::from_ip("192.0.2.77", 0);
  EXPECT_EQ(server->send_segments(client->local(), pattern(3500), 1200, lost).datagrams, 3u);
  EXPECT_TRUE(server->segmentation(client->local())) << "that was not the fault of GSO";
  EXPECT_EQ(receive(*client, 3), cut(pattern(3500), 1200));
}

class UdpSegments : public testing::TestWithParam<bool> {};

TEST_P(UdpSegments, ArriveAsTheyWereCut) {
  auto sender = UdpSocket::bind(address("127.0.0.1:0"));
  auto receiver = UdpSocket::bind(address("127.0.0.1:0"));
  if (!GetParam()) sender->disable_segmentation();
  for (const size_t segment : {200u, 1000u, 1200u, 1472u}) {
    for (const size_t size : {segment - 1, segment, segment + 1, 10 * segment, 10 * segment + 7, 100 * segment + 3}) {
      const Buffer bytes = pattern(size);
      const auto expected = cut(bytes, segment);
      const SendResult result = sender->send_segments(receiver->local(), bytes, segment);
      EXPECT_EQ(result.datagrams, expected.size());
      EXPECT_FALSE(result.blocked);
      EXPECT_EQ(result.error, 0);
      EXPECT_EQ(receive(*receiver, expected.size()), expected) << size << " bytes by " << segment;
    }
  }
  EXPECT_EQ(sender->segmentation(receiver->local()), GetParam());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutGso, UdpSegments, testing::Bool());

// UDP_SEGMENT needs checksums, so without them the kernel refuses it with EIO: here for IPv4 and not for IPv6, as when
// one peer of many is behind an interface that cannot do it.
TEST(UdpSocket, StaysOffSegmentationOnlyWhereItWasRefused) {
  auto sender = UdpSocket::bind(address(":0"), 1 << 20);
  auto refused = UdpSocket::bind(address("127.0.0.1:0"));
  auto other = UdpSocket::bind(address("[::1]:0"));
  ASSERT_TRUE(other);
  const int no_checksum = 1;
  ASSERT_EQ(setsockopt(sender->descriptor(), SOL_SOCKET, SO_NO_CHECK, &no_checksum, sizeof no_checksum), 0);
  const Buffer bytes = pattern(5000);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(sender->send_segments(refused->local(), bytes, 1200).datagrams, 5u);
    EXPECT_FALSE(sender->segmentation(refused->local()));
    EXPECT_EQ(receive(*refused, 5), cut(bytes, 1200));
    EXPECT_EQ(sender->send_segments(other->local(), bytes, 1200).datagrams, 5u);
    EXPECT_TRUE(sender->segmentation(other->local()));
    EXPECT_EQ(receive(*other, 5), cut(bytes, 1200));
  }
}

TEST(UdpSocket, ReportsUnreachableAndImpossibleTargets) {
  auto socket = UdpSocket::bind(address("127.0.0.1:0"));
  EXPECT_NE(socket->send(address("[2001:db8::1]:9"), pattern(10)).error, 0);
  EXPECT_NE(socket->send_segments(address("127.0.0.1:0"), pattern(3000), 1000).error, 0);
  EXPECT_TRUE(socket->segmentation(address("127.0.0.1:0")));
  EXPECT_NE(socket->send_segments(address("[2001:db8::1]:9"), pattern(3000), 1000).error, 0);
  EXPECT_TRUE(socket->segmentation(address("[2001:db8::1]:9"))) << "it fails without GSO as well";
}

TEST(UdpSocket, LeavesOutOversizedDatagrams) {
  auto sender = UdpSocket::bind(address("127.0.0.1:0"));
  auto receiver = UdpSocket::bind(address("127.0.0.1:0"));
  sender->send(receiver->local(), pattern(UdpSocket::kMaxDatagram + 1));
  sender->send(receiver->local(), pattern(UdpSocket::kMaxDatagram));
  EXPECT_EQ(receive(*receiver, 1), cut(pattern(UdpSocket::kMaxDatagram), UdpSocket::kMaxDatagram));
}

}  // namespace

}  // namespace reallive::rtc
