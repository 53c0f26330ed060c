#include <atomic>
#include <gmock/gmock.h>
#include <thread>

#include "channel/hub_fixture.h"

namespace reallive::channel::test {
namespace {

using testing::ElementsAre;

class Hub : public testing::Test {
 protected:
  std::unique_ptr<Writer> write(CacheLimits limits = {}) {
    auto writer = channel->attach_writer([this](TrackId track) { asked.push_back(to_string(track)); }, limits);
    writer->add_track(video);
    writer->add_track(audio);
    writer->set_format(video, number(264));
    writer->set_format(audio, number(48));
    return writer;
  }
  std::unique_ptr<Reader> read(Start start, int64_t now, QueueLimits limits = {}) {
    auto reader = channel->attach_reader(limits);
    reader->start(start, now);
    return reader;
  }

  std::shared_ptr<Channel> channel = Channel::open("hub-test");
  std::vector<std::string> asked;
};

TEST_F(Hub, OneNameIsOneChannelWhileSomebodyHoldsIt) {
  EXPECT_EQ(Channel::open("hub-test"), channel);
  EXPECT_NE(Channel::open("other"), channel);
  const std::weak_ptr<Channel> gone = Channel::open("gone");
  EXPECT_TRUE(gone.expired());
}

TEST_F(Hub, HasOneWriterAtATime) {
  auto writer = write();
  EXPECT_EQ(channel->attach_writer(nullptr), nullptr);
  writer.reset();
  EXPECT_NE(channel->attach_writer(nullptr), nullptr);
}

TEST_F(Hub, GivesTheSamePayloadToEveryReader) {
  auto writer = write();
  auto one = read(Start::cached, 0);
  auto two = read(Start::cached, 0);
  const Unit unit = picture(1, true, second);
  writer->push(video, unit, second);
  EXPECT_EQ(drain(*one, video).at(0).unit.payload, unit.payload);
  EXPECT_EQ(drain(*two, video).at(0).unit.payload, unit.payload);
}

TEST_F(Hub, KeepsTheDataOfTheCachedPictures) {
  const TrackId data{Kind::data, 0};
  auto writer = write();
  writer->add_track(data);
  writer->set_format(data, number(336));
  const auto note = [](int value, int64_t time) { return Unit{number(value), time, no_time, 20, true}; };
  writer->push(data, note(70, second - 1), second);
  writer->push(video, picture(1, true, second), second);
  writer->push(data, note(71, second + 1), second);
  auto reader = read(Start::cached, second);
  writer->push(data, note(72, second + 2), second);
  const auto notes = drain(*reader, data);
  EXPECT_THAT(numbers(notes), ElementsAre(71, 72));
  EXPECT_EQ(number_of(notes.at(0).format), 336);
  EXPECT_TRUE(notes.at(0).cached);
  EXPECT_FALSE(notes.at(1).cached);
}

TEST_F(Hub, StartsFromTheCache) {
  auto writer = write();
  writer->push(audio, sound(90, second - 1), second);
  writer->push(video, picture(1, true, second), second);
  writer->push(audio, sound(91, second + 1), second);
  writer->push(video, picture(2, false, second + frame), second + frame);
  auto reader = read(Start::cached, 2 * second);
  writer->push(video, picture(3, false, second + 2 * frame), 2 * second);
  const auto pictures = drain(*reader, video);
  EXPECT_THAT(numbers(pictures), ElementsAre(1, 2, 3));
  EXPECT_TRUE(pictures[0].cached);
  EXPECT_TRUE(pictures[0].discontinuity);
  EXPECT_EQ(number_of(pictures[0].format), 264);
  EXPECT_EQ(pictures[0].live_from, second + frame + 1);
  EXPECT_FALSE(pictures[1].format);
  EXPECT_FALSE(pictures[2].cached);
  EXPECT_FALSE(pictures[2].discontinuity);
  EXPECT_THAT(numbers(drain(*reader, audio)), ElementsAre(91)) << "sound from before the key frame";
  EXPECT_TRUE(asked.empty());
}

TEST_F(Hub, StartsWithTheNextKeyFrame) {
  auto writer = write();
  writer->push(video, picture(1, true, second), second);
  auto reader = read(Start::next_key_frame, 2 * second);
  EXPECT_THAT(asked, ElementsAre("video_0"));
  writer->push(video, picture(2, false, second + frame), 2 * second);
  writer->push(audio, sound(91, second + frame), 2 * second);
  writer->push(video, picture(3, true, second + 2 * frame), 2 * second);
  writer->push(audio, sound(92, second + 2 * frame), 2 * second);
  EXPECT_THAT(numbers(drain(*reader, video)), ElementsAre(3));
  EXPECT_THAT(numbers(drain(*reader, audio)), ElementsAre(92)) << "sound waits for the first picture";
}

TEST_F(Hub, StartsNow) {
  auto writer = write();
  writer->push(video, picture(1, true, second), second);
  auto reader = read(Start::now, 2 * second);
  writer->push(video, picture(2, false, second + frame), 2 * second);
  EXPECT_THAT(numbers(drain(*reader, video)), ElementsAre(2));
  EXPECT_TRUE(asked.empty());
}

TEST_F(Hub, CarriesSoundAlone) {
  auto writer = channel->attach_writer(nullptr);
  writer->add_track(audio);
  writer->set_format(audio, number(48));
  auto reader = read(Start::cached, second);
  writer->push(audio, sound(1, second), second);
  EXPECT_THAT(numbers(drain(*reader, audio)), ElementsAre(1));
}

TEST_F(Hub, DropsTheCacheOverItsTimeAndAsksForAKeyFrame) {
  auto writer = write({second, 1u << 20});
  for (int i = 0; i < 30; ++i)
    writer->push(video, picture(i, i == 0, second + i * frame), second + i * frame);
  EXPECT_EQ(channel->stats(2 * second).cached_units, 30u);
  EXPECT_TRUE(asked.empty());
  writer->push(video, picture(31, false, 2 * second + 1), 2 * second + 1);
  EXPECT_EQ(channel->stats(2 * second).cached_units, 0u);
  EXPECT_EQ(channel->stats(2 * second).cached_bytes, 0u);
  EXPECT_THAT(asked, ElementsAre("video_0"));
}

TEST_F(Hub, DropsTheCacheOverItsBytes) {
  auto writer = write({second, 2500});
  writer->push(video, picture(1, true, second), second);
  writer->push(video, picture(2, false, second + 1), second);
  EXPECT_EQ(channel->stats(second).cached_bytes, 2000u);
  writer->push(video, picture(3, false, second + 2), second);
  EXPECT_EQ(channel->stats(second).cached_bytes, 0u);
  writer->push(video, picture(4, false, second + 3), second);
  EXPECT_EQ(channel->stats(second).cached_bytes, 0u) << "nothing to decode it with";
  EXPECT_THAT(asked, ElementsAre("video_0"));
  writer->push(video, picture(5, true, second + 4), second);
  EXPECT_EQ(channel->stats(second).cached_bytes, 1000u);
}

TEST_F(Hub, KeepsNothingWhenALimitIsZero) {
  auto writer = write({0, 1u << 20});
  writer->push(video, picture(1, true, second), second);
  writer->push(video, picture(2, false, second + frame), second);
  EXPECT_EQ(channel->stats(second).cached_units, 0u);
  EXPECT_TRUE(asked.empty());
}

TEST_F(Hub, AsksForKeyFramesAtMostEveryHalfSecond) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  asked.clear();
  const int64_t start = 10 * second;
  for (int64_t t = 0; t < 2 * second; t += 10 * millisecond)
    reader->request_key_frame(video, start + t);
  EXPECT_EQ(asked.size(), 4u);
}

TEST_F(Hub, SendsAnEarlyRequestWhenTheIntervalIsOver) {
  auto writer = write();
  auto reader = read(Start::now, 0);
  reader->request_key_frame(video, 10 * second);
  reader->request_key_frame(video, 10 * second + 100 * millisecond);
  writer->push(video, picture(1, false, 10 * second), 10 * second + 400 * millisecond);
  EXPECT_EQ(asked.size(), 1u);
  writer->push(video, picture(2, false, 10 * second + 1), 10 * second + 500 * millisecond);
  EXPECT_EQ(asked.size(), 2u);
  reader->request_key_frame(video, 10 * second + 600 * millisecond);
  writer->push(video, picture(3, true, 10 * second + 2), 10 * second + 700 * millisecond);
  writer->push(video, picture(4, false, 10 * second + 3), 12 * second);
  EXPECT_EQ(asked.size(), 2u) << "the key frame came by itself";
}

TEST_F(Hub, ASlowReaderLosesWholeGops) {
  auto writer = write();
  auto slow = read(Start::cached, 0, {second, 1u << 20});
  auto fast = read(Start::cached, 0, {second, 1u << 20});
  Delivery delivery;
  // Ten frames a GOP, four seconds.
  for (int i = 0; i < 120; ++i) {
    writer->push(video, picture(i, i % 10 == 0, second + i * frame), second + i * frame);
    ASSERT_EQ(fast->pop(video, delivery), Reader::Popped::unit);
    EXPECT_EQ(number_of(delivery.unit.payload), i);
    EXPECT_EQ(delivery.lost_units, 0u);
  }
  const auto rest = drain(*slow, video);
  ASSERT_FALSE(rest.empty());
  EXPECT_EQ(number_of(rest.front().unit.payload), 90);
  EXPECT_TRUE(rest.front().unit.key);
  EXPECT_TRUE(rest.front().discontinuity);
  EXPECT_EQ(rest.front().lost_gops, 9u);
  EXPECT_EQ(rest.front().lost_units, 90u);
  EXPECT_EQ(rest.size(), 30u);
  EXPECT_EQ(slow->stats().dropped_gops, 9u);
  EXPECT_EQ(fast->stats().dropped_gops, 0u);
  EXPECT_EQ(channel->stats(second).dropped_gops, 9u);
  slow.reset();
  EXPECT_EQ(channel->stats(second).dropped_gops, 9u) << "the channel remembers";
}

TEST_F(Hub, AGopLongerThanTheQueueIsLostAsAWhole) {
  auto writer = write();
  auto reader = read(Start::cached, 0, {second, 1u << 20});
  for (int i = 0; i < 60; ++i)
    writer->push(video, picture(i, i == 0, second + i * frame), second + i * frame);
  EXPECT_FALSE(asked.empty());
  writer->push(video, picture(60, true, 3 * second), 3 * second);
  const auto rest = drain(*reader, video);
  EXPECT_THAT(numbers(rest), ElementsAre(60));
  EXPECT_EQ(rest[0].lost_units, 60u);
  EXPECT_EQ(rest[0].lost_gops, 1u);
}

TEST_F(Hub, ASlowReaderLosesTheOldestSound) {
  auto writer = write();
  auto reader = read(Start::now, 0, {second, 1u << 20});
  for (int i = 0; i < 100; ++i)
    writer->push(audio, sound(i, second + i * 20 * millisecond), second);
  const auto rest = drain(*reader, audio);
  EXPECT_EQ(number_of(rest.front().unit.payload), 49);
  EXPECT_EQ(rest.front().lost_units, 49u);
  EXPECT_EQ(rest.front().lost_gops, 0u);
}

TEST_F(Hub, WhatTheCacheGaveDoesNotCountAsFallingBehind) {
  auto writer = write();
  for (int i = 0; i < 90; ++i)
    writer->push(video, picture(i, i == 0, second + i * frame), second + i * frame);
  auto reader = read(Start::cached, 4 * second, {second, 40'000});
  writer->push(video, picture(90, false, 4 * second), 4 * second);
  EXPECT_EQ(drain(*reader, video).size(), 91u);
}

TEST_F(Hub, AReaderMayComeFirst) {
  auto reader = read(Start::cached, 0);
  const auto none = reader->wait_tracks(0);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->known.empty());
  EXPECT_FALSE(none->complete);
  std::optional<Tracks> tracks;
  std::thread waiting([&] {
    tracks = none;
    while (tracks && !tracks->complete)
      tracks = reader->wait_tracks(tracks->serial);
  });
  auto writer = write();
  waiting.join();
  ASSERT_TRUE(tracks);
  ASSERT_EQ(tracks->known.size(), 2u);
  EXPECT_EQ(to_string(tracks->known[0].id), "video_0");
  EXPECT_EQ(to_string(tracks->known[1].id), "audio_0");
  writer->push(video, picture(1, false, second), second);
  EXPECT_THAT(asked, ElementsAre("video_0")) << "a picture that cannot be decoded";
  writer->push(video, picture(2, true, second + frame), second);
  EXPECT_THAT(numbers(drain(*reader, video)), ElementsAre(2));
}

TEST_F(Hub, TracksAreCompleteWhenEachHasAFormat) {
  auto writer = channel->attach_writer(nullptr);
  auto reader = channel->attach_reader();
  writer->add_track(video);
  writer->add_track(audio);
  writer->set_format(video, number(1));
  auto tracks = reader->wait_tracks(0);
  EXPECT_EQ(tracks->known.size(), 1u);
  EXPECT_FALSE(tracks->complete);
  writer->remove_track(audio);
  tracks = reader->wait_tracks(tracks->serial);
  EXPECT_TRUE(tracks->complete);
}

TEST_F(Hub, StaysWhenTheWriterGoesAndTimeRisesWhenItReturns) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  for (int i = 0; i < 3; ++i)
    writer->push(video, picture(i, i == 0, 100 * second + i * frame), second);
  writer->push(audio, sound(50, 100 * second + 3 * frame), second);
  writer.reset();
  EXPECT_FALSE(reader->wait_tracks(0)->complete);
  EXPECT_EQ(channel->stats(second).cached_units, 0u);

  writer = write();  // its times begin anew
  writer->push(video, picture(10, false, 5 * second), second);
  writer->push(video, picture(11, true, 5 * second + frame), second);
  writer->push(audio, sound(51, 5 * second), second);
  writer->push(video, picture(12, false, 5 * second + 2 * frame), second);
  writer->push(audio, sound(52, 5 * second + 2 * frame), second);
  const auto pictures = drain(*reader, video);
  EXPECT_THAT(numbers(pictures), ElementsAre(0, 1, 2, 11, 12));
  EXPECT_TRUE(pictures[3].discontinuity);
  EXPECT_TRUE(pictures[3].format) << "the format is told anew";
  EXPECT_EQ(pictures[4].unit.time() - pictures[3].unit.time(), frame);
  const auto sounds = drain(*reader, audio);
  EXPECT_THAT(numbers(sounds), ElementsAre(50, 51, 52));
  for (size_t i = 1; i < pictures.size(); ++i)
    EXPECT_GT(pictures[i].unit.time(), pictures[i - 1].unit.time());
  for (size_t i = 1; i < sounds.size(); ++i)
    EXPECT_GT(sounds[i].unit.time(), sounds[i - 1].unit.time());
  // Sound and picture of one moment stay together.
  EXPECT_EQ(sounds[2].unit.time(), pictures[4].unit.time());
}

TEST_F(Hub, AReturningWriterThatIsLaterKeepsItsTimes) {
  auto writer = write();
  auto reader = read(Start::cached, 0, {10 * second, 1u << 20});
  writer->push(video, picture(1, true, 100 * second), second);
  writer = nullptr;
  writer = write();
  writer->push(video, picture(2, true, 105 * second), second);
  EXPECT_EQ(drain(*reader, video).at(1).unit.time(), 105 * second);
}

TEST_F(Hub, TimeRisesOverAJumpBack) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  writer->push(video, picture(1, true, 100 * second), second);
  writer->push(video, picture(2, false, 50 * second), second);
  writer->push(video, picture(3, false, 50 * second + frame), second);
  const auto pictures = drain(*reader, video);
  EXPECT_GT(pictures[1].unit.time(), pictures[0].unit.time());
  EXPECT_EQ(pictures[2].unit.time() - pictures[1].unit.time(), frame);
}

TEST_F(Hub, PicturesWithoutDtsMayStepBackInPts) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  const auto push = [&](int index, bool key, int64_t pts) {
    writer->push(video, {number(index), pts, no_time, 100, key}, second);
  };
  push(1, true, 10 * second);
  push(2, false, 10 * second + 3 * frame);
  push(3, false, 10 * second + frame);
  const auto pictures = drain(*reader, video);
  EXPECT_EQ(pictures[2].unit.pts, 10 * second + frame);
}

TEST_F(Hub, AUnitWithoutTimeGetsThatOfItsArrival) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  writer->push(video, {number(1), no_time, no_time, 100, true}, 7 * second);
  EXPECT_EQ(drain(*reader, video).at(0).unit.pts, 7 * second);
}

TEST_F(Hub, ANewFormatNeedsAKeyFrame) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  writer->push(video, picture(1, true, second), second);
  writer->set_format(video, number(265));
  EXPECT_EQ(channel->stats(second).cached_units, 0u);
  writer->push(video, picture(2, false, second + 1), second);
  writer->push(video, picture(3, true, second + 2), second);
  const auto pictures = drain(*reader, video);
  EXPECT_THAT(numbers(pictures), ElementsAre(1, 3));
  EXPECT_EQ(number_of(pictures[1].format), 265);
}

TEST_F(Hub, InterruptFreesWhoWaits) {
  auto reader = read(Start::cached, 0);
  Delivery delivery;
  auto popped = Reader::Popped::unit;
  std::optional<Tracks> tracks = Tracks{};
  std::thread pops([&] { popped = reader->pop(video, delivery); });
  std::thread waits([&] {
    while (tracks)
      tracks = reader->wait_tracks(tracks->serial);
  });
  reader->interrupt(true);
  pops.join();
  waits.join();
  EXPECT_EQ(popped, Reader::Popped::interrupted);
}

TEST_F(Hub, AClosedTrackEnds) {
  auto reader = read(Start::cached, 0);
  Delivery delivery;
  std::atomic<Reader::Popped> popped{Reader::Popped::unit};
  std::thread pops([&] { popped = reader->pop(video, delivery); });
  reader->close_track(video);  // whether the thread waits already or not yet
  pops.join();
  EXPECT_EQ(popped, Reader::Popped::end);
  EXPECT_EQ(reader->pop(video, delivery), Reader::Popped::end) << "a late pop opened the track again";

  auto writer = write();
  reader->open_track(video);
  writer->push(video, picture(0, true, second), second);
  EXPECT_EQ(reader->pop(video, delivery), Reader::Popped::unit);
}

TEST_F(Hub, CountsAndMeasures) {
  auto writer = write();
  auto reader = read(Start::cached, 0);
  for (int i = 0; i <= 60; ++i)
    writer->push(video, picture(i, i % 30 == 0, second + i * frame), second + i * frame);
  const int64_t end = second + 60 * frame;
  const ChannelStats stats = channel->stats(end);
  EXPECT_TRUE(stats.has_writer);
  EXPECT_EQ(stats.readers, 1u);
  EXPECT_EQ(stats.bytes, 61'000u);
  ASSERT_EQ(stats.tracks.size(), 2u);
  EXPECT_EQ(stats.tracks[0].key_units, 3u);
  EXPECT_NEAR(stats.tracks[0].units_per_second, 30, 2);
  EXPECT_NEAR(stats.bits_per_second, 240'000, 16'000);
  EXPECT_EQ(stats.cached_units, 1u);
  // Silence shows.
  EXPECT_LT(channel->stats(end + 60 * second).tracks[0].units_per_second, 1);
}

TEST_F(Hub, ForgetsWhatNobodyHolds) {
  const Payload kept = number(7);
  {
    auto writer = write();
    auto reader = read(Start::cached, 0);
    writer->push(video, {kept, second, second, 10, true}, second);
    EXPECT_GT(kept.use_count(), 1);
  }
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace reallive::channel::test
