// The hub under many threads. Under ThreadSanitizer it shows that nothing is shared without the lock.
#include <atomic>
#include <cstdlib>
#include <thread>

#include "channel/hub_fixture.h"
#include "support/wait.h"

namespace reallive::channel::test {
namespace {

int factor() {
  const char* text = std::getenv("REALLIVE_SOAK");
  return text ? std::max(1, std::atoi(text)) : 1;
}

TEST(HubThreads, ReadersComeAndGoByThousands) {
  const int cycles = 1000 * factor();
  constexpr int reader_threads = 4;
  std::atomic<bool> done{false};
  std::atomic<int> requests{0};
  std::atomic<uint64_t> received{0};

  // The writer goes and comes back too.
  std::thread writing([&] {
    int64_t now = second;
    int count = 0;
    while (!done) {
      auto writer = Channel::open("busy")->attach_writer([&](TrackId) { ++requests; });
      ASSERT_TRUE(writer);
      writer->add_track(video);
      writer->add_track(audio);
      writer->set_format(video, number(1));
      writer->set_format(audio, number(2));
      for (int i = 0; i < 300 && !done; ++i) {
        now += frame;
        writer->push(video, picture(count++, i % 30 == 0, now), now);
        writer->push(audio, sound(count, now), now);
        if (i % 50 == 0) writer->stats(now);
      }
    }
  });

  std::vector<std::thread> readers;
  for (int t = 0; t < reader_threads; ++t) {
    readers.emplace_back([&, t] {
      for (int i = 0; i < cycles; ++i) {
        auto reader = Channel::open("busy")->attach_reader({second, 1u << 20});
        reader->start(i % 2 ? Start::cached : Start::now, second);
        std::thread sound_thread([&] {
          Delivery delivery;
          while (reader->pop(audio, delivery) == Reader::Popped::unit)
            ++received;
        });
        Delivery delivery;
        int64_t last = no_time;
        for (int n = 0; n < 3; ++n) {
          if (reader->pop(video, delivery) != Reader::Popped::unit) break;
          EXPECT_GT(delivery.unit.time(), last);
          last = delivery.unit.time();
          ++received;
        }
        reader->wait_tracks(0);
        if (t == 0) reader->request_key_frame(video, second);
        reader->interrupt(true);
        sound_thread.join();
      }
    });
  }
  for (std::thread& reader : readers)
    reader.join();
  done = true;
  writing.join();
  EXPECT_GE(received, static_cast<uint64_t>(cycles) * reader_threads);
  EXPECT_EQ(Channel::open("busy")->stats(0).readers, 0u);
}

TEST(HubThreads, AStoppedReaderNeverHoldsTheWriter) {
  auto channel = Channel::open("stopped");
  auto writer = channel->attach_writer(nullptr);
  for (const TrackId track : {video, audio}) {
    writer->add_track(track);
    writer->set_format(track, number(1));
  }
  auto stopped = channel->attach_reader();
  stopped->start(Start::cached, 0);
  auto reading = channel->attach_reader();
  reading->start(Start::cached, 0);
  std::atomic<int> read{0};
  std::thread reads([&] {
    Delivery delivery;
    while (reading->pop(video, delivery) == Reader::Popped::unit)
      ++read;
  });
  // Ten seconds of media, as fast as the other reader takes it: standstill_test.cpp has the clock.
  for (int i = 0; i < 300; ++i) {
    const int64_t now = second + i * frame;
    writer->push(video, picture(i, i % 60 == 0, now, 10'000), now);
    writer->push(audio, sound(i, now), now);
    ASSERT_TRUE(reallive::test::eventually([&] { return read == i + 1; })) << "the other reader is held up";
  }
  reading->end();
  reads.join();
  EXPECT_EQ(read, 300) << "the other reader loses nothing";
  EXPECT_EQ(stopped->stats().dropped_gops, 4u);
  const auto rest = drain(*stopped, video);
  ASSERT_FALSE(rest.empty());
  EXPECT_TRUE(rest.front().unit.key);
}

}  // namespace
}  // namespace reallive::channel::test
