// PublisherSession: joins a Session (transport) to a Publisher (what the packets mean) and to whoever takes the media.
// Lives on the session's shard; request_keyframe(), stats() and close() are for any thread.
// It never outlives its usefulness: after on_gone() it holds nothing of the session's, and calls nobody.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rtc/receive/publisher.h"
#include "rtc/transport/session.h"

namespace reallive::rtc {

struct PublisherStats {
  SessionStats session;
  std::vector<TrackStats> tracks;
  uint64_t rejected = 0;
  uint64_t bandwidth_estimate = 0;  // bit/s, as REMB said it; 0 with transport-wide feedback
};

class PublisherSession final : public Session::Listener,
                               private Publisher::Output,
                               public std::enable_shared_from_this<PublisherSession> {
 public:
  /// On the shard.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_connected() = 0;
    virtual void on_media(size_t track, MediaPacket packet) = 0;
    /// The last call, once.
    virtual void on_gone(const std::string& reason) = 0;
  };

  /// `session` must not have been started yet; start() does it.
  PublisherSession(std::shared_ptr<Session> session, const ReceiveNegotiation& negotiation,
                   const Publisher::Config& config);

  // Any thread.
  /// Once. The listener is held from here to on_gone(): what is never started keeps nobody.
  void start(std::shared_ptr<Listener> listener);
  const std::string& id() const { return id_; }
  void request_keyframe(size_t track);
  void close(const std::string& reason);
  IceCredentials restart_ice(const IceCredentials& remote) { return session_->restart_ice(remote); }
  /// How long nothing has come from the other side, or since this was made.
  std::chrono::milliseconds silence() const;
  /// As of at most 100 ms ago.
  PublisherStats stats() const;

  // Session::Listener, on the shard.
  void on_connected(SrtpProfile profile) override;
  void on_rtp(std::span<const uint8_t> packet, TimePoint arrival) override;
  void on_rtcp(std::span<const uint8_t> packet, TimePoint arrival) override;
  void on_gone(const std::string& reason) override;

 private:
  void deliver(size_t track, MediaPacket packet) override;
  void send_rtcp(Bytes plain) override;
  void expired(const std::string& reason) override;
  void schedule();
  void publish_stats(TimePoint now, bool at_once = false);

  const std::shared_ptr<Session> session_;
  const std::string id_;
  std::atomic<TimePoint> heard_at_{};
  // Shard only.
  std::shared_ptr<Listener> listener_;
  Publisher publisher_;
  Timer timer_;
  TimePoint timer_at_{};
  TimePoint stats_at_{};

  mutable std::mutex mutex_;  // guards stats_; a leaf
  PublisherStats stats_;
};

}  // namespace reallive::rtc
