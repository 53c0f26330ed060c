// Channel: a named place in this process where one writer leaves access units and any number of readers take them.
// Any thread; one mutex guards a channel. It never blocks the writer for a reader, and never calls back or frees a
// payload while it holds that mutex.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "channel/reader_queue.h"
#include "channel/unit.h"

namespace reallive::channel {

class Channel;
struct ReaderState;

/// Called without locks, from any thread that reads or writes: the writer should make a key frame on this track.
using KeyFrameRequest = std::function<void(TrackId)>;

/// The writer's end. Leaves the channel when it goes; readers stay and wait for the next writer.
class Writer {
 public:
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// A track that will have a format and units; until it has a format the channel is not complete.
  void add_track(TrackId track);
  void remove_track(TrackId track);
  /// A new format drops what the cache has of this track.
  void set_format(TrackId track, Payload format);
  /// Gives a unit to the cache and to all readers. `now` is the monotonic clock; a unit without times gets it. Times
  /// that would go back (a new writer, a jump) are moved on, so that readers see time rise.
  void push(TrackId track, Unit unit, int64_t now);

  void set_cache_limits(CacheLimits limits);
  /// Delay of the units behind their times, ns; readers add it to their own.
  void set_latency(int64_t latency);
  ChannelStats stats(int64_t now) const;

 private:
  friend class Channel;
  explicit Writer(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  const std::shared_ptr<Channel> channel_;
};

/// A reader's end.
class Reader {
 public:
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Waits until the channel's tracks differ from those of `serial` (0 at first); nothing when interrupted.
  std::optional<Tracks> wait_tracks(uint64_t serial);

  /// From now on units are queued, beginning as `start` says. Again: begins anew.
  void start(Start start, int64_t now);
  /// Nothing is queued any more.
  void stop();

  enum class Popped { unit, end, interrupted };
  /// Waits for the next unit of a track, in any thread, one a track. `end` after end() or close_track().
  Popped pop(TrackId track, Delivery& delivery);
  /// Frees whoever waits in pop() and wait_tracks() until it is called with false.
  void interrupt(bool on);
  /// What waits is still delivered, then pop() says `end`.
  void end();
  /// Until open_track(), pop() says `end` for this track at once.
  void close_track(TrackId track);
  void open_track(TrackId track);

  /// Asks the writer for a key frame; at most one request per 500 ms and track reaches it.
  void request_key_frame(TrackId track, int64_t now);
  int64_t latency() const;
  ReaderStats stats() const;
  ChannelStats channel_stats(int64_t now) const;

 private:
  friend class Channel;
  Reader(std::shared_ptr<Channel> channel, std::shared_ptr<ReaderState> state)
      : channel_(std::move(channel)), state_(std::move(state)) {}
  const std::shared_ptr<Channel> channel_;
  const std::shared_ptr<ReaderState> state_;
};

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  static constexpr int64_t key_frame_interval = 500 * millisecond;

  /// The channel of that name; it lives as long as somebody holds it or one of its ends.
  static std::shared_ptr<Channel> open(const std::string& name);
  ~Channel();

  /// Nothing when there is a writer already.
  std::unique_ptr<Writer> attach_writer(KeyFrameRequest request_key_frame, CacheLimits limits = {});
  std::unique_ptr<Reader> attach_reader(QueueLimits limits = {});
  ChannelStats stats(int64_t now) const;
  const std::string& name() const { return name_; }

 private:
  friend class Writer;
  friend class Reader;
  struct Track {
    bool present = false;  ///< the writer of now has it
    bool first = true;     ///< no unit yet in this writer's time
    Payload format = {};
    int64_t last_time = no_time;
    int64_t key_asked = no_time;  ///< when a request last went to the writer
    bool key_wanted = false;      ///< a request came too early after that one
    uint64_t units = 0, key_units = 0, bytes = 0;
    int64_t window_start = no_time;  ///< of the rates
    uint64_t window_bytes = 0, window_units = 0;
    double bits_per_second = 0, units_per_second = 0;
  };
  /// Requests that are sent after the mutex is released.
  struct Requests {
    KeyFrameRequest call = {};
    std::vector<TrackId> tracks = {};
    void send() const {
      for (const TrackId track : tracks)
        call(track);
    }
  };

  explicit Channel(std::string name) : name_(std::move(name)) {}

  // All below with mutex_ held.
  void changed();
  void detach_writer(Trash& trash);
  void begin(ReaderState& reader, int64_t now, Requests& requests, Trash& trash);
  ReaderQueue& queue(ReaderState& reader, TrackId track);
  bool waits_for_picture(const ReaderState& reader) const;
  void retime(Track& track, TrackId id, Unit& unit, int64_t now);
  void count(Track& track, const Unit& unit, int64_t now);
  void want_key_frame(TrackId track, int64_t now, Requests& requests);
  ChannelStats collect_stats(int64_t now) const;

  const std::string name_;
  mutable std::mutex mutex_;  // guards all below, the readers' states and queues; taken alone
  std::map<TrackId, Track> tracks_;
  GopCache cache_;
  std::vector<std::shared_ptr<ReaderState>> readers_;
  KeyFrameRequest request_key_frame_;  // set while there is a writer
  bool has_writer_ = false;
  uint64_t serial_ = 1;
  int64_t latency_ = 0;
  int64_t shift_ = 0;            // added to the writer's times
  bool anchored_ = false;        // shift_ holds for this writer
  int64_t last_time_ = no_time;  // the newest time given to readers
  uint64_t key_frame_requests_ = 0;
  uint64_t dropped_gops_ = 0, dropped_units_ = 0;  // of readers that left
};

}  // namespace reallive::channel
