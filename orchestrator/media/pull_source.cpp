#include "media/pull_source.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/interfaces.h"
#include "base/log.h"
#include "media/source_pipeline.h"

namespace reallive::media {

namespace {

using std::chrono::milliseconds;
using Kind = pipeline::CameraSource::Kind;
using Transport = pipeline::CameraSource::Transport;

constexpr int kLongestBackOff = 60;  // times the first: 30 s of 0.5 s
constexpr milliseconds kTick{250};
constexpr unsigned kTicksPerSecond = 4;
constexpr unsigned kStallSeconds = 5;
constexpr unsigned kStartSeconds = 15;  // until the first picture
constexpr unsigned kSettleSeconds = 2;  // after which tracks that stay silent are given up

}  // namespace

PullSource::PullSource(std::string channel, pipeline::CameraSource source, const PullSettings& settings,
                       std::function<void()> on_change)
    : channel_(std::move(channel)),
      source_(std::move(source)),
      settings_(settings),
      on_change_(std::move(on_change)),
      // What is this machine's own counts as there; of a camera nothing is known before it was asked.
      state_(source_.kind == Kind::rtsp ? StreamState::offline : StreamState::idle),
      back_off_(settings_.first_back_off, settings_.first_back_off * kLongestBackOff),
      udp_(source_.transport == Transport::udp) {
  if (is_probed()) probe_timer_.start(milliseconds(0), [this] { probe(); });
}

void PullSource::want(bool wanted) {
  if (wanted == wanted_) return;
  wanted_ = wanted;
  if (wanted) {
    probe_timer_.cancel();
    probe_.reset();
    back_off_.reset();
    start();
    return;
  }
  retry_.cancel();
  halt();
  meter_.reset();
  // Idle is not a fault: what was reachable a moment ago still is; of what was being tried a probe tells.
  if (state_ == StreamState::online || source_.kind != Kind::rtsp) {
    if (state_ != StreamState::error) change(StreamState::idle, "");
  } else if (state_ == StreamState::connecting) {
    change(StreamState::offline, error_);
  }
  if (is_probed()) {
    const bool known = state_ == StreamState::idle;
    probe_timer_.start(known ? settings_.probe_interval : milliseconds(0), [this] { probe(); });
  }
}

base::Result<void> PullSource::check_address() const {
  const auto address = pipeline::parse_address(address_);
  return address ? settings_.allow.check(*address, base::own_addresses()) : base::Result<void>{};
}

bool PullSource::settings_changed() {
  if (!wanted_) {
    probe_timer_.cancel();
    probe_.reset();
    if (is_probed()) probe_timer_.start(milliseconds(0), [this] { probe(); });
    return true;
  }
  if (const auto allowed = check_address(); !allowed) {
    restart_later({allowed.error().code, allowed.error().message});
    return false;
  }
  // What looks an address up does it by the former rule; what was forbidden may be allowed now.
  const bool looks_up = lookup_ && !runner_;
  const bool was_forbidden = retry_.running() && fault_code_ == "not-allowed";
  if (looks_up || was_forbidden) {
    retry_.cancel();
    halt();
    start();
  }
  return true;
}

/// Ends the attempt that runs.
void PullSource::halt() {
  ticker_.cancel();
  address_.clear();
  lookup_.reset();
  runner_.reset();
}

bool PullSource::is_probed() const {
  return source_.kind == Kind::rtsp && settings_.prober && settings_.probe_interval.count() > 0;
}

void PullSource::probe() {
  const bool suspect = state_ != StreamState::idle;
  probe_ = settings_.prober->ask(source_, suspect, [this](const PipelineFault* fault) { probed(fault); });
}

void PullSource::probed(const PipelineFault* fault) {
  const auto spread = g_random_double_range(0.9, 1.1) * static_cast<double>(settings_.probe_interval.count());
  probe_timer_.start(milliseconds(static_cast<int64_t>(spread)), [this] { probe(); });
  if (fault) {
    const bool forbidden = fault->code == "not-allowed";
    if (forbidden) fault_code_ = fault->code;
    change(forbidden ? StreamState::error : StreamState::offline, fault->sentence);
  } else if (state_ != StreamState::error || fault_code_ == "unreachable" || fault_code_ == "ended" ||
             fault_code_ == "not-allowed") {
    // A camera that answers may still refuse the password: such words stay until a start succeeds.
    change(StreamState::idle, "");
  }
}

void PullSource::read(StreamStatus& status) const {
  if (meter_) meter_->read(status);
  status.start_ms = start_ms_;
}

void PullSource::start() {
  meter_ = std::make_shared<TrackMeter>();
  started_us_ = g_get_monotonic_time();
  last_units_ = 0;
  still_seconds_ = 0;
  online_seconds_ = 0;
  change(StreamState::connecting, error_);
  if (source_.kind != Kind::rtsp) return play({});
  lookup_ = std::make_unique<HostLookup>(source_.host, settings_.allow, [this](const auto& found) {
    if (!found) return failed({found.error().code, found.error().message});
    connect(*found);
  });
}

void PullSource::connect(const std::vector<std::string>& addresses) {
  address_ = addresses[attempts_++ % addresses.size()];
  play({address_, udp_});
}

void PullSource::play(const RtspRoute& route) {
  auto built = build_source(source_, route, channel_, meter_);
  if (!built) {
    // Trying again cannot help: an element is missing or this kind of source is not played.
    wanted_ = false;
    change(StreamState::error, built.error().message);
    return;
  }
  runner_ = std::make_unique<PipelineRunner>(built->pipeline, built->place, channel_,
                                             [this](const PipelineFault& fault) { failed(fault); });
  runner_->start();
  unsigned ticks = 0;
  ticker_.repeat(kTick, [this, ticks]() mutable {
    const uint64_t units = meter_->units();
    if (units > 0 && state_ != StreamState::online) {
      transport_changed_ = false;
      fault_code_.clear();
      start_ms_ = static_cast<unsigned>(std::max<int64_t>(meter_->first_unit_us() - started_us_, 0) / 1000);
      change(StreamState::online, "");
    }
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
  if (std::chrono::seconds(online_seconds_) >= settings_.healthy) back_off_.reset();
  if (units == 0 && still_seconds_ >= kStartSeconds) {
    failed({"unreachable", fmt::format("no picture within {} s", kStartSeconds)});
  } else if (units > 0 && still_seconds_ >= kStallSeconds) {
    failed({"unreachable", fmt::format("no picture for {} s", kStallSeconds)});
  }
}

void PullSource::failed(const PipelineFault& fault) {
  if (fault.code == "transport" && source_.transport == Transport::automatic && !transport_changed_) {
    // TCP first: most cameras and every Wi-Fi lose UDP. Then the other one, at once.
    transport_changed_ = true;
    udp_ = !udp_;
    base::log::info("media", "a camera refuses a transport", {{"stream", channel_}, {"next", udp_ ? "udp" : "tcp"}});
    halt();
    return start();
  }
  transport_changed_ = false;
  restart_later(fault);
}

void PullSource::restart_later(const PipelineFault& fault) {
  const milliseconds back_off = back_off_.next();
  base::log::warning("media", "a source failed",
                     {{"stream", channel_},
                      {"source", pipeline::describe(source_)},
                      {"reason", fault.sentence},
                      {"retry_ms", std::to_string(back_off.count())}});
  halt();
  fault_code_ = fault.code;
  // Cameras that went together, as by a power cut, do not come back together.
  const double jitter = g_random_double_range(0.75, 1.25);
  retry_.start(milliseconds(static_cast<int64_t>(static_cast<double>(back_off.count()) * jitter)), [this] { start(); });
  change(StreamState::error, fault.sentence);
}

void PullSource::change(StreamState state, const std::string& error) {
  if (state == state_ && error == error_) return;
  state_ = state;
  error_ = error;
  on_change_();
}

}  // namespace reallive::media
