// StreamShare and ViewerSession: the part of a stream that one shard serves, and one viewer with its transport there.
// Both live on the shard's thread (but for construction). They share nothing with other shards but immutable frames,
// and a share that is overrun loses pictures up to the next key frame rather than memory.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "rtc/send/viewer.h"
#include "rtc/transport/session.h"

namespace reallive::rtc {

class Stream;
class ViewerSession;

struct ViewerReport {
  std::string id;
  SessionStats session;
  ViewerStats viewer;
};

class StreamShare : public std::enable_shared_from_this<StreamShare> {
 public:
  StreamShare(std::shared_ptr<Shard> shard, FrameHistory history, TimePoint zero)
      : shard_(std::move(shard)), view_(std::move(history), zero) {}

  /// Any thread, one at a time: hands a frame over. When too many wait it is lost, and of a video track all that
  /// follows up to the next key frame with it. True when a key frame is needed.
  bool post(const FrameHistory::Entry& entry, TimePoint zero);

  const std::shared_ptr<Shard>& shard() const { return shard_; }
  const StreamView& view() const { return view_; }
  void attach(ViewerSession& viewer);
  void detach(ViewerSession& viewer);
  /// The stream begins anew: nothing cached is of use.
  void clear();
  uint64_t frames_lost() const { return frames_lost_; }

 private:
  void take(const FrameHistory::Entry& entry, TimePoint zero);

  const std::shared_ptr<Shard> shard_;
  std::atomic<unsigned> queued_{0};
  std::atomic<uint64_t> frames_lost_{0};
  std::set<size_t> broken_;  // video tracks that miss a picture; whoever posts

  StreamView view_;
  std::vector<ViewerSession*> viewers_;
};

class ViewerSession final : public Session::Listener, public ViewerTransport, public Viewer::Listener {
 public:
  ViewerSession(std::shared_ptr<Session> session, std::shared_ptr<StreamShare> share, std::weak_ptr<Stream> stream,
                ViewerPlan plan, const std::vector<CodecKind>& codecs);

  const std::shared_ptr<Session>& session() const { return session_; }
  const std::shared_ptr<StreamShare>& share() const { return share_; }
  void advance(Instant now) { settle(viewer_.advance(now), now.steady); }
  /// Any thread, at once: as of at most half a second ago.
  ViewerReport report() const;

  void on_connected(SrtpProfile profile) override;
  void on_rtp(std::span<const uint8_t>, TimePoint) override {}
  void on_rtcp(std::span<const uint8_t> packet, TimePoint arrival) override;
  void on_gone(const std::string& reason) override;
  SrtpSender& srtp() override { return session_->srtp(); }
  SendResult send(Bytes datagrams, size_t segment_size) override { return session_->send(datagrams, segment_size); }
  void send_rtcp(Bytes plain) override { session_->send_rtcp(plain); }
  void on_key_frame_wanted(size_t track) override;

 private:
  void settle(TimePoint wake, TimePoint now);
  void publish_report(TimePoint now);

  const std::shared_ptr<Session> session_;
  const std::shared_ptr<StreamShare> share_;
  const std::weak_ptr<Stream> stream_;
  Viewer viewer_;
  Timer timer_;
  TimePoint timer_at_{};
  TimePoint reported_at_{};
  TimePoint connected_at_ = {};

  mutable std::mutex mutex_;  // guards report_; a leaf
  ViewerReport report_;
};

}  // namespace reallive::rtc
