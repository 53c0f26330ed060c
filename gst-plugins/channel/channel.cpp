#include "channel/channel.h"

#include <algorithm>

#include "channel/reader_state.h"

namespace reallive::channel {

namespace {

// Rates are over windows of at least this length.
constexpr int64_t rate_window = second;
// Small steps back are noise of the mapping between clocks; more than this is a jump of the writer's time.
constexpr int64_t largest_noise = second;

struct Registry {
  std::mutex mutex;  // guards channels; taken before no other
  std::map<std::string, std::weak_ptr<Channel>> channels;
};

Registry& registry() {
  static auto* const instance = new Registry;  // outlives whatever still runs at exit
  return *instance;
}

}  // namespace

std::string to_string(TrackId id) {
  static constexpr const char* names[] = {"video_", "audio_", "data_"};
  return names[static_cast<int>(id.kind)] + std::to_string(id.index);
}

std::shared_ptr<Channel> Channel::open(const std::string& name) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto& entry = all.channels[name];
  if (auto channel = entry.lock()) return channel;
  auto channel = std::shared_ptr<Channel>(new Channel(name));
  entry = channel;
  return channel;
}

Channel::~Channel() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.channels.find(name_);
  // Somebody may have opened a new channel of this name meanwhile.
  if (found != all.channels.end() && found->second.expired()) all.channels.erase(found);
}

std::unique_ptr<Writer> Channel::attach_writer(KeyFrameRequest request_key_frame, CacheLimits limits) {
  const std::lock_guard lock(mutex_);
  if (has_writer_) return nullptr;
  has_writer_ = true;
  request_key_frame_ = std::move(request_key_frame);
  cache_.set_limits(limits);
  anchored_ = false;
  latency_ = 0;
  changed();
  return std::unique_ptr<Writer>(new Writer(shared_from_this()));
}

std::unique_ptr<Reader> Channel::attach_reader(QueueLimits limits) {
  auto state = std::make_shared<ReaderState>(limits);
  const std::lock_guard lock(mutex_);
  readers_.push_back(state);
  return std::unique_ptr<Reader>(new Reader(shared_from_this(), std::move(state)));
}

ChannelStats Channel::stats(int64_t now) const {
  const std::lock_guard lock(mutex_);
  return collect_stats(now);
}

void Channel::changed() {
  ++serial_;
  for (const auto& reader : readers_)
    reader->tracks_changed.notify_all();
}

void Channel::detach_writer(Trash& trash) {
  cache_.clear(trash);
  for (auto& [id, track] : tracks_) {
    track.present = false;
    track.first = true;
    track.key_wanted = false;
    trash.push_back(std::move(track.format));
    track.format = nullptr;
  }
  for (const auto& reader : readers_) {
    for (auto& [id, queue] : reader->queues)
      queue->interrupt_stream(reader->start != Start::now);
  }
  has_writer_ = false;
  changed();
}

void Channel::begin(ReaderState& reader, int64_t now, Requests& requests, Trash& trash) {
  for (auto& [id, queue] : reader.queues)
    queue->restart(reader.start != Start::now, trash);
  for (const auto& [id, track] : tracks_) {
    if (!track.present || !track.format) continue;
    ReaderQueue& target = queue(reader, id);
    const auto& kept = cache_.units(id);
    if (reader.start == Start::cached) {
      for (const Unit& unit : kept)
        target.push_cached(unit, track.format);
      if (!kept.empty()) target.ready.notify_all();
    }
    const bool has_picture = reader.start == Start::cached && !kept.empty();
    if (id.kind == Kind::video && reader.start != Start::now && !has_picture) want_key_frame(id, now, requests);
  }
}

ReaderQueue& Channel::queue(ReaderState& reader, TrackId track) {
  auto& entry = reader.queues[track];
  if (!entry) {
    entry = std::make_shared<ReaderQueue>(track.kind);
    Trash none;
    entry->restart(reader.start != Start::now, none);
  }
  return *entry;
}

// Sound before the first picture would make players and files begin with black.
bool Channel::waits_for_picture(const ReaderState& reader) const {
  if (reader.start == Start::now) return false;
  bool has_video = false;
  for (const auto& [id, track] : tracks_) {
    if (id.kind != Kind::video || !track.present || !track.format) continue;
    has_video = true;
    const auto found = reader.queues.find(id);
    if (found != reader.queues.end() && found->second->started()) return false;
  }
  return has_video;
}

void Channel::retime(Track& track, TrackId id, Unit& unit, int64_t now) {
  if (unit.time() == no_time) unit.pts = now;
  const bool jumped = track.last_time != no_time && unit.time() + shift_ < track.last_time - largest_noise;
  if (!anchored_ || jumped) {
    anchored_ = true;
    shift_ = 0;
    if (last_time_ != no_time && unit.time() <= last_time_) shift_ = last_time_ + millisecond - unit.time();
  }
  int64_t move = shift_;
  // Pictures without dts come in decoding order: their pts may step back.
  const bool ordered = unit.dts != no_time || id.kind != Kind::video || track.first;
  if (ordered && track.last_time != no_time && unit.time() + move <= track.last_time) {
    move = track.last_time + 1 - unit.time();
  }
  if (unit.pts != no_time) unit.pts += move;
  if (unit.dts != no_time) unit.dts += move;
  track.first = false;
  track.last_time = std::max(track.last_time, unit.time());
  last_time_ = std::max(last_time_, unit.time());
}

void Channel::count(Track& track, const Unit& unit, int64_t now) {
  ++track.units;
  track.bytes += unit.bytes;
  if (unit.key) ++track.key_units;
  if (track.window_start == no_time) track.window_start = now;
  ++track.window_units;
  track.window_bytes += unit.bytes;
  const int64_t length = now - track.window_start;
  if (length < rate_window) return;
  const double seconds = static_cast<double>(length) / second;
  track.bits_per_second = static_cast<double>(track.window_bytes) * 8 / seconds;
  track.units_per_second = static_cast<double>(track.window_units) / seconds;
  track.window_start = now;
  track.window_bytes = track.window_units = 0;
}

void Channel::want_key_frame(TrackId id, int64_t now, Requests& requests) {
  const auto found = tracks_.find(id);
  if (found == tracks_.end() || !found->second.present || !request_key_frame_) return;
  Track& track = found->second;
  if (track.key_asked != no_time && now - track.key_asked < key_frame_interval) {
    track.key_wanted = true;  // push() sends it when the interval is over
    return;
  }
  track.key_asked = now;
  track.key_wanted = false;
  ++key_frame_requests_;
  requests.call = request_key_frame_;
  requests.tracks.push_back(id);
}

ChannelStats Channel::collect_stats(int64_t now) const {
  ChannelStats stats;
  stats.has_writer = has_writer_;
  stats.readers = static_cast<unsigned>(readers_.size());
  stats.dropped_gops = dropped_gops_;
  stats.dropped_units = dropped_units_;
  for (const auto& reader : readers_) {
    stats.dropped_gops += reader->dropped_gops;
    stats.dropped_units += reader->dropped_units;
    for (const auto& [id, queue] : reader->queues) {
      stats.dropped_gops += queue->dropped_gops();
      stats.dropped_units += queue->dropped_units();
    }
  }
  stats.key_frame_requests = key_frame_requests_;
  stats.cached_span = cache_.span();
  stats.cached_bytes = cache_.bytes();
  stats.cached_units = cache_.count();
  for (const auto& [id, track] : tracks_) {
    stats.bytes += track.bytes;
    if (!track.present) continue;
    TrackStats one{id, track.units, track.key_units, track.bytes, track.bits_per_second, track.units_per_second};
    // A writer that fell silent has the rate of its silence.
    if (track.window_start != no_time && now - track.window_start > 2 * rate_window) {
      const double seconds = static_cast<double>(now - track.window_start) / second;
      one.bits_per_second = static_cast<double>(track.window_bytes) * 8 / seconds;
      one.units_per_second = static_cast<double>(track.window_units) / seconds;
    }
    stats.bits_per_second += one.bits_per_second;
    stats.tracks.push_back(one);
  }
  return stats;
}

}  // namespace reallive::channel
