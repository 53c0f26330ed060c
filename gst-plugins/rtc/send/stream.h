// Stream: what one element sends: its tracks, the cache that first pictures and repeats come from, and its viewers.
// Any thread; each track is pushed by one thread at a time. It packetizes once and hands frames to the shards that
// have viewers of it. It never waits for a viewer, and only stop() waits for the shards.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "rtc/send/payloader.h"
#include "rtc/send/stream_share.h"
#include "rtc/transport/endpoint.h"

namespace reallive::rtc {

/// When an access unit was made, as its pipeline tells it.
struct UnitTime {
  int64_t running_ns = 0;  // running time; below zero for what lies before the start
  TimePoint zero;          // when running time was 0
  TimePoint arrival;       // now; for frames out of a cache, when they would have come
  std::optional<int64_t> capture_unix_ns;
};

struct ViewerAnswer {
  std::string viewer;
  std::string sdp;
};

struct StreamStats {
  unsigned viewers = 0;
  unsigned viewers_connected = 0;
  uint64_t viewers_total = 0;
  uint64_t frames_in = 0;
  uint64_t bytes_in = 0;
  uint64_t units_refused = 0;  // not of their codec's form
  uint64_t key_frame_requests = 0;
  uint64_t packets_sent = 0;
  uint64_t bytes_sent = 0;  // datagrams, all viewers that are there
  uint64_t packets_repeated = 0;
  uint64_t packets_refused = 0;  // not sealed, as their number was used before: anything but 0 is a bug
  uint64_t frames_lost = 0;      // shards were overrun
  uint64_t cached_bytes = 0;
  std::chrono::milliseconds cached_span{0};
  uint64_t bitrate = 0;  // bits a second over the cache
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  /// Called on shard threads, which must not be held up.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_viewer_connected(const std::string& viewer) = 0;
    virtual void on_viewer_gone(const std::string& viewer, const std::string& reason) = 0;
    /// At most every 500 ms.
    virtual void on_key_frame_wanted(size_t track) = 0;
  };

  Stream(const CacheLimits& limits, std::shared_ptr<Listener> listener);

  /// Tracks keep their numbers until the stream ends.
  size_t add_track();
  void remove_track(size_t track);
  /// Another codec than before ends all viewers ("codec-changed"). `profile` is what upstream says (see
  /// Payloader::profile()), until the stream itself tells.
  void set_codec(size_t track, CodecKind codec, const std::string& profile);
  /// True when there is a track and each has its codec: offers can be answered.
  bool ready() const;

  Result<void> push(size_t track, Bytes access_unit, const UnitTime& time);
  /// Forgets codecs and what is cached: what comes next does not continue it.
  void reset();
  /// Before the first frame only.
  void set_limits(const CacheLimits& limits);

  /// Error codes "bad-offer", "no-common-codec", "not-ready", "too-many-sessions".
  Result<ViewerAnswer> add_viewer(Endpoint& endpoint, std::string_view offer,
                                  const std::vector<std::string>& announced);
  /// True when the viewer is known and the fragment parses. Candidates themselves are not needed: the viewer's checks
  /// tell where it is.
  bool add_candidates(const Endpoint& endpoint, const std::string& viewer, std::string_view fragment);
  Result<ViewerAnswer> restart_ice(Endpoint& endpoint, const std::string& viewer, std::string_view fragment,
                                   const std::vector<std::string>& announced);
  bool remove_viewer(const std::string& viewer, const std::string& reason);
  /// Ends all viewers and returns when they have been told; not on a shard's thread.
  void stop(const std::string& reason);

  /// At once: viewers' figures are as of at most half a second ago.
  std::optional<ViewerReport> viewer_stats(const std::string& viewer) const;
  StreamStats stats() const;

 private:
  friend class ViewerSession;

  struct Codecs {
    std::vector<TrackDescription> descriptions;
    std::vector<size_t> numbers;   // of the tracks described
    std::vector<CodecKind> kinds;  // by number
    uint64_t generation = 0;
  };
  struct Track {
    bool present = true;
    std::optional<CodecKind> codec;
    std::string profile;
    std::shared_ptr<Payloader> payloader;
    TimePoint key_frame_asked{};
  };

  // Shard threads.
  void on_viewer_connected(const std::string& viewer);
  void on_viewer_gone(const std::string& viewer, const std::string& reason);
  void on_key_frame_wanted(size_t track);

  void forget_frames();
  Codecs codecs() const;
  std::shared_ptr<StreamShare> share_for(const std::shared_ptr<Session>& session);
  std::shared_ptr<ViewerSession> find(const std::string& viewer) const;

  const std::shared_ptr<Listener> listener_;

  // Guards what follows. Shards' queues are locked inside it, nothing else; no callback is made while it is held.
  mutable std::mutex mutex_;
  std::vector<Track> tracks_;
  uint64_t generation_ = 0;  // of codecs: an offer is answered with those that it was negotiated with, or not at all
  FrameHistory history_;
  TimePoint zero_{};
  std::map<std::string, std::shared_ptr<ViewerSession>> viewers_;
  struct SharedBy {
    std::shared_ptr<StreamShare> share;
    unsigned viewers = 0;
  };
  std::map<Shard*, SharedBy> shares_;
  StreamStats totals_;
};

}  // namespace reallive::rtc
