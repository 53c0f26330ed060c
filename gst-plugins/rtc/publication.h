// Publication: one publisher's life inside reallivertcsrc, from the answered offer to the last pad's removal.
// Media and endings come on the shard, key-frame wishes from any thread, building and signals on the worker.
// It never does GStreamer's slow work on the shard, and never drops silently what it was given.
#pragma once

#include <gst/gst.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rtc/receive/publisher_session.h"
#include "rtc/track_bin.h"

namespace reallive::rtc {

class Publication final : public PublisherSession::Listener,
                          public TrackBin::Listener,
                          public std::enable_shared_from_this<Publication> {
 public:
  /// The element's side.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// On the shard.
    virtual void on_connected(const std::shared_ptr<Publication>& publication) = 0;
    virtual void on_gone(const std::shared_ptr<Publication>& publication, const std::string& reason) = 0;
    /// From streaming threads.
    virtual std::string name_pad(const ReceiveTrack& track) = 0;
    virtual void on_all_exposed() = 0;
    virtual void on_finished(const std::shared_ptr<TrackBin>& bin) = 0;
  };

  Publication(Ref<GstElement> element, std::shared_ptr<Owner> owner, ReceiveNegotiation negotiation);

  /// Gives it its transport, not started yet. Before anybody else knows of this publication.
  void prepare(std::shared_ptr<Session> session, const Publisher::Config& config);
  /// Begins to answer the publisher, who has its answer.
  void start() { session_->start(shared_from_this()); }
  /// On the worker: builds the elements of every track and starts them. The element's state lock is held.
  Result<std::vector<std::shared_ptr<TrackBin>>> build(GstClockTime latency);
  /// Sends EOS on all tracks, and lets go of them.
  void finish();

  PublisherSession& session() { return *session_; }
  const std::string& id() const { return session_->id(); }
  const std::vector<ReceiveTrack>& tracks() const { return negotiation_.tracks; }
  bool gone() const;

  // PublisherSession::Listener
  void on_connected() override;
  void on_media(size_t track, MediaPacket packet) override;
  void on_gone(const std::string& reason) override;
  // TrackBin::Listener
  void on_keyframe_wanted(size_t track) override;
  std::string name_pad(const ReceiveTrack& track) override { return owner_->name_pad(track); }
  void on_exposed(size_t track) override;
  void on_finished(const std::shared_ptr<TrackBin>& bin) override { owner_->on_finished(bin); }

 private:
  struct Waiting {
    size_t track = 0;
    MediaPacket packet;
  };
  static constexpr size_t kMaxWaiting = 1000;  // packets that come while the elements are being built

  std::vector<std::shared_ptr<TrackBin>> bins() const;
  GstClockTime running_time(int64_t time_us);
  void hand_on(size_t track, MediaPacket packet);

  const Ref<GstElement> element_;
  const std::shared_ptr<Owner> owner_;
  const ReceiveNegotiation negotiation_;
  std::shared_ptr<PublisherSession> session_;

  mutable std::mutex mutex_;  // guards what follows; a leaf
  std::vector<std::shared_ptr<TrackBin>> bins_;
  size_t exposed_ = 0;
  bool gone_ = false;

  // Shard only.
  std::vector<std::shared_ptr<TrackBin>> ready_;  // a copy of bins_ once there are any
  std::vector<Waiting> waiting_;
  std::vector<bool> dropped_;               // by track: the depayloader misses something and cannot know
  std::optional<int64_t> clock_offset_ns_;  // running time less steady clock
};

}  // namespace reallive::rtc
