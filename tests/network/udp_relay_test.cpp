// The bad network itself: it must be as bad as it says, and no worse.

#include "udp_relay.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "support/wait.h"

namespace reallive::test {

namespace {

using rtc::Buffer;
using rtc::SocketAddress;
using rtc::UdpSocket;

constexpr int kDatagrams = 2000;

class Relay : public testing::Test {
 protected:
  UdpSocket make() { return std::move(*UdpSocket::bind(*SocketAddress::parse("127.0.0.1:0"))); }

  // Numbers sent by a client through the relay, in the order in which the server got them.
  std::vector<int> arrivals(const Conditions& conditions, unsigned seed) {
    UdpRelay relay(server_.local(), conditions, {}, seed);
    std::vector<int> numbers;
    for (int i = 0; i < kDatagrams; ++i) {
      Buffer bytes(4);
      rtc::put_u32(bytes.data(), static_cast<uint32_t>(i));
      EXPECT_EQ(client_.send(relay.address(), bytes).datagrams, 1u);
      if (i % 100 != 99) continue;  // a few at a time: the kernel's queues must not lose any of their own
      EXPECT_TRUE(eventually([&] { return relay.to_server().carried == static_cast<uint64_t>(i) + 1; }));
      take(numbers);
    }
    const auto counts = relay.to_server();
    EXPECT_TRUE(eventually([&] {
      take(numbers);
      return numbers.size() == counts.carried - counts.lost + counts.duplicated;
    })) << numbers.size();
    return numbers;
  }
  void take(std::vector<int>& numbers) {
    for (const rtc::Datagram& datagram : server_.receive())
      numbers.push_back(static_cast<int>(rtc::read_u32(datagram.data.data())));
  }

  UdpSocket server_ = make();
  UdpSocket client_ = make();
};

TEST_F(Relay, CarriesEverythingInOrder) {
  const auto numbers = arrivals({}, 1);
  ASSERT_EQ(numbers.size(), static_cast<size_t>(kDatagrams));
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST_F(Relay, LosesAsManyAsItShould) {
  Conditions conditions;
  for (const double loss : {0.01, 0.05, 0.10}) {
    conditions.loss = loss;
    const auto numbers = arrivals(conditions, 7);
    EXPECT_NEAR(1 - static_cast<double>(numbers.size()) / kDatagrams, loss, 0.02);
    EXPECT_EQ(arrivals(conditions, 7), numbers);  // the same seed loses the same
    EXPECT_NE(arrivals(conditions, 8), numbers);
  }
}

TEST_F(Relay, RepeatsAndReorders) {
  Conditions conditions;
  conditions.duplication = 0.1;
  conditions.reordering = 0.1;
  const auto numbers = arrivals(conditions, 3);
  EXPECT_NEAR(static_cast<double>(numbers.size()), kDatagrams * 1.1, kDatagrams * 0.03);
  EXPECT_EQ(std::set<int>(numbers.begin(), numbers.end()).size(), static_cast<size_t>(kDatagrams));
  int backwards = 0;
  for (size_t i = 1; i < numbers.size(); ++i)
    backwards += numbers[i] < numbers[i - 1];
  EXPECT_GT(backwards, 20);
}

TEST_F(Relay, AnswersFindTheirClient) {
  Conditions slow;
  slow.delay = std::chrono::milliseconds(30);
  UdpRelay relay(server_.local(), slow, slow, 1);
  UdpSocket other = make();
  const auto before = std::chrono::steady_clock::now();
  client_.send(relay.address(), Buffer{1});
  other.send(relay.address(), Buffer{2});
  int answered = 0;
  ASSERT_TRUE(eventually([&] {
    for (const rtc::Datagram& datagram : server_.receive()) {
      server_.send(datagram.from, Buffer{static_cast<uint8_t>(datagram.data[0] + 10)});
      ++answered;
    }
    return answered == 2;
  }));
  for (UdpSocket* socket : {&client_, &other}) {
    Buffer got;
    ASSERT_TRUE(eventually([&] {
      for (const rtc::Datagram& datagram : socket->receive()) {
        EXPECT_EQ(datagram.from, relay.address());
        got.assign(datagram.data.begin(), datagram.data.end());
      }
      return !got.empty();
    }));
    EXPECT_EQ(got, Buffer{static_cast<uint8_t>(socket == &client_ ? 11 : 12)});
  }
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(60));
}

}  // namespace

}  // namespace reallive::test
