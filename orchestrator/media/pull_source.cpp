#include "media/pull_source.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "media/source_pipeline.h"

namespace reallive::media {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackOff{500};
constexpr milliseconds kLongestBackOff{30'000};
constexpr milliseconds kTick{250};
constexpr unsigned kTicksPerSecond = 4;
constexpr unsigned kStallSeconds = 5;
constexpr unsigned kStartSeconds = 15;    // until the first picture
constexpr unsigned kSettleSeconds = 2;    // after which tracks that stay silent are given up
constexpr unsigned kHealthySeconds = 10;  // online that long, and the next failure begins with a short wait

}  // namespace

PullSource::PullSource(std::string channel, pipeline::CameraSource source, std::function<void()> on_change)
    : channel_(std::move(channel)),
      source_(std::move(source)),
      on_change_(std::move(on_change)),
      // The test camera is always there; of another one nothing is known before it was asked.
      state_(source_.kind == pipeline::CameraSource::Kind::test ? StreamState::online : StreamState::offline),
      back_off_(kFirstBackOff) {}

void PullSource::want(bool wanted) {
  if (wanted == wanted_) return;
  wanted_ = wanted;
  if (wanted) {
    back_off_ = kFirstBackOff;
    start();
    return;
  }
  retry_.cancel();
  ticker_.cancel();
  runner_.reset();
  meter_.reset();
  // Idle is not a fault: what was reachable a moment ago stays online, what was being tried is not known to be.
  if (state_ == StreamState::connecting) change(StreamState::offline, "");
}

void PullSource::read(StreamStatus& status) const {
  if (meter_) meter_->read(status);
}

void PullSource::start() {
  meter_ = std::make_shared<TrackMeter>();
  last_units_ = 0;
  still_seconds_ = 0;
  online_seconds_ = 0;
  auto built = build_source(source_, channel_, meter_);
  if (!built) {
    // Trying again cannot help: an element is missing or this kind of source is not played.
    wanted_ = false;
    change(StreamState::error, built.error().message);
    return;
  }
  change(StreamState::connecting, error_);
  runner_ = std::make_unique<PipelineRunner>(built->pipeline, built->place, channel_,
                                             [this](const PipelineFault& fault) { restart_later(fault); });
  runner_->start();
  unsigned ticks = 0;
  ticker_.repeat(kTick, [this, ticks]() mutable {
    const uint64_t units = meter_->units();
    if (units > 0 && state_ != StreamState::online) change(StreamState::online, "");
    if (++ticks % kTicksPerSecond == 0) tick();
  });
}

void PullSource::tick() {
  meter_->sample();
  const uint64_t units = meter_->units();
  still_seconds_ = units == last_units_ ? still_seconds_ + 1 : 0;
  last_units_ = units;
  if (units > 0) ++online_seconds_;
  if (online_seconds_ == kSettleSeconds) forget_silent_tracks(runner_->element());
  if (online_seconds_ == kHealthySeconds) back_off_ = kFirstBackOff;
  if (units == 0 && still_seconds_ >= kStartSeconds) {
    restart_later({"unreachable", fmt::format("no picture within {} s", kStartSeconds)});
  } else if (units > 0 && still_seconds_ >= kStallSeconds) {
    restart_later({"unreachable", fmt::format("no picture for {} s", kStallSeconds)});
  }
}

void PullSource::restart_later(const PipelineFault& fault) {
  base::log::warning("media", "a source failed",
                     {{"stream", channel_},
                      {"source", pipeline::describe(source_)},
                      {"reason", fault.sentence},
                      {"retry_ms", std::to_string(back_off_.count())}});
  ticker_.cancel();
  runner_.reset();
  retry_.start(back_off_, [this] { start(); });
  back_off_ = std::min(back_off_ * 2, kLongestBackOff);
  change(StreamState::error, fault.sentence);
}

void PullSource::change(StreamState state, const std::string& error) {
  if (state == state_ && error == error_) return;
  state_ = state;
  error_ = error;
  on_change_();
}

}  // namespace reallive::media
