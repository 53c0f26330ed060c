// The two ends of a channel: Writer and Reader. See channel.h.
#include <algorithm>

#include "channel/channel.h"
#include "channel/reader_state.h"

namespace reallive::channel {

Writer::~Writer() {
  Trash trash;
  KeyFrameRequest request;
  const std::lock_guard lock(channel_->mutex_);
  request.swap(channel_->request_key_frame_);
  channel_->detach_writer(trash);
}

void Writer::add_track(TrackId id) {
  const std::lock_guard lock(channel_->mutex_);
  auto& track = channel_->tracks_[id];
  track.present = true;
  track.first = true;
  track.window_start = no_time;
  channel_->changed();
}

void Writer::remove_track(TrackId id) {
  Trash trash;
  const std::lock_guard lock(channel_->mutex_);
  auto& track = channel_->tracks_[id];
  track.present = false;
  trash.push_back(std::move(track.format));
  track.format = nullptr;
  channel_->cache_.remove(id, trash);
  channel_->changed();
}

void Writer::set_format(TrackId id, Payload format) {
  Trash trash;
  const std::lock_guard lock(channel_->mutex_);
  auto& track = channel_->tracks_[id];
  if (track.format) {
    channel_->cache_.remove(id, trash);
    for (const auto& reader : channel_->readers_) {
      if (id.kind != Kind::video || reader->start == Start::now) continue;
      if (const auto found = reader->queues.find(id); found != reader->queues.end()) {
        found->second->interrupt_stream(true);
      }
    }
  }
  trash.push_back(std::move(track.format));
  track.format = std::move(format);
  channel_->changed();
}

void Writer::push(TrackId id, Unit unit, int64_t now) {
  Trash trash;
  Channel::Requests requests;
  {
    const std::lock_guard lock(channel_->mutex_);
    Channel& channel = *channel_;
    auto& track = channel.tracks_[id];
    channel.retime(track, id, unit, now);
    channel.count(track, unit, now);
    if (unit.key) track.key_wanted = false;
    if (track.key_wanted) channel.want_key_frame(id, now, requests);
    if (!channel.cache_.push(id, unit, trash)) {
      for (const auto& [other, info] : channel.tracks_) {
        if (other.kind == Kind::video) channel.want_key_frame(other, now, requests);
      }
    }
    for (const auto& reader : channel.readers_) {
      if (!reader->running || reader->ended) continue;
      if (id.kind != Kind::video && channel.waits_for_picture(*reader)) continue;
      ReaderQueue& queue = channel.queue(*reader, id);
      if (queue.closed) continue;
      if (queue.push(unit, track.format, reader->limits, trash)) channel.want_key_frame(id, now, requests);
      queue.ready.notify_one();
    }
  }
  requests.send();
}

void Writer::set_cache_limits(CacheLimits limits) {
  const std::lock_guard lock(channel_->mutex_);
  channel_->cache_.set_limits(limits);
}

void Writer::set_latency(int64_t latency) {
  const std::lock_guard lock(channel_->mutex_);
  if (channel_->latency_ == latency) return;
  channel_->latency_ = latency;
  channel_->changed();
}

ChannelStats Writer::stats(int64_t now) const {
  return channel_->stats(now);
}

Reader::~Reader() {
  Trash trash;
  const std::lock_guard lock(channel_->mutex_);
  for (auto& [id, queue] : state_->queues) {
    channel_->dropped_gops_ += queue->dropped_gops();
    channel_->dropped_units_ += queue->dropped_units();
    queue->restart(false, trash);
  }
  channel_->dropped_gops_ += state_->dropped_gops;
  channel_->dropped_units_ += state_->dropped_units;
  std::erase(channel_->readers_, state_);
}

std::optional<Tracks> Reader::wait_tracks(uint64_t serial) {
  std::unique_lock lock(channel_->mutex_);
  state_->tracks_changed.wait(lock, [&] { return state_->interrupted || channel_->serial_ != serial; });
  if (state_->interrupted) return std::nullopt;
  Tracks tracks;
  tracks.serial = channel_->serial_;
  bool waiting = false;
  for (const auto& [id, track] : channel_->tracks_) {
    if (!track.present) continue;
    if (track.format) {
      tracks.known.push_back({id, track.format});
    } else {
      waiting = true;
    }
  }
  tracks.complete = channel_->has_writer_ && !waiting && !tracks.known.empty();
  return tracks;
}

void Reader::start(Start start, int64_t now) {
  Trash trash;
  Channel::Requests requests;
  {
    const std::lock_guard lock(channel_->mutex_);
    state_->start = start;
    state_->running = true;
    channel_->begin(*state_, now, requests, trash);
  }
  requests.send();
}

void Reader::stop() {
  Trash trash;
  const std::lock_guard lock(channel_->mutex_);
  state_->running = false;
  for (auto& [id, queue] : state_->queues)
    queue->restart(true, trash);
}

Reader::Popped Reader::pop(TrackId track, Delivery& delivery) {
  delivery = Delivery{};
  Trash trash;
  std::unique_lock lock(channel_->mutex_);
  // A pad's thread may come back from a push after its track was closed.
  if (state_->closed.count(track) != 0) return Popped::end;
  channel_->queue(*state_, track);
  const std::shared_ptr<ReaderQueue> queue = state_->queues[track];
  queue->ready.wait(lock, [&] { return state_->interrupted || !queue->empty() || state_->ended || queue->closed; });
  if (state_->interrupted) return Popped::interrupted;
  if (queue->empty()) return Popped::end;
  delivery = queue->pop(trash);
  return Popped::unit;
}

void Reader::interrupt(bool on) {
  const std::lock_guard lock(channel_->mutex_);
  state_->interrupted = on;
  state_->wake();
}

void Reader::end() {
  const std::lock_guard lock(channel_->mutex_);
  state_->ended = true;
  state_->wake();
}

void Reader::open_track(TrackId track) {
  const std::lock_guard lock(channel_->mutex_);
  state_->closed.erase(track);
}

void Reader::close_track(TrackId track) {
  const std::lock_guard lock(channel_->mutex_);
  state_->closed.insert(track);
  const auto found = state_->queues.find(track);
  if (found == state_->queues.end()) return;
  found->second->closed = true;
  found->second->ready.notify_all();
  state_->units += found->second->units();
  state_->bytes += found->second->bytes();
  state_->dropped_gops += found->second->dropped_gops();
  state_->dropped_units += found->second->dropped_units();
  state_->queues.erase(found);  // whoever waits in pop() holds it until it has seen `closed`
}

void Reader::request_key_frame(TrackId track, int64_t now) {
  Channel::Requests requests;
  {
    const std::lock_guard lock(channel_->mutex_);
    channel_->want_key_frame(track, now, requests);
  }
  requests.send();
}

int64_t Reader::latency() const {
  const std::lock_guard lock(channel_->mutex_);
  return channel_->latency_;
}

ReaderStats Reader::stats() const {
  const std::lock_guard lock(channel_->mutex_);
  ReaderStats stats{state_->units, state_->bytes, state_->dropped_gops, state_->dropped_units};
  for (const auto& [id, queue] : state_->queues) {
    stats.units += queue->units();
    stats.bytes += queue->bytes();
    stats.dropped_gops += queue->dropped_gops();
    stats.dropped_units += queue->dropped_units();
    stats.queued_units += queue->size();
    stats.queued_span = std::max(stats.queued_span, queue->span());
  }
  return stats;
}

ChannelStats Reader::channel_stats(int64_t now) const {
  return channel_->stats(now);
}

}  // namespace reallive::channel
