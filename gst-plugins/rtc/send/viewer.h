// Viewer: one peer that watches one stream: its tracks' feeds and senders, RTCP both ways, statistics.
// Belongs to its shard; told the time and given a transport, so that it runs in tests without sockets and clocks.
// It never touches another viewer, and never waits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rtc/send/negotiate.h"
#include "rtc/send/track_sender.h"
#include "rtc/send/video_feed.h"
#include "rtc/wire/rtcp.h"

namespace reallive::rtc {

/// What the viewers of one shard see of their stream.
struct StreamView {
  explicit StreamView(FrameHistory frames, TimePoint running_zero = {})
      : history(std::move(frames)), zero(running_zero) {}
  FrameHistory history;
  TimePoint zero{};  // when running time was 0: what RTP time is counted from
};

struct ViewerTrackStats {
  CodecKind codec = CodecKind::kH264;
  TrackSenderStats sender;
  bool rtx = false;
  uint64_t frames_skipped = 0;
  bool catching_up = false;
  std::chrono::milliseconds behind{0};  // the age of the picture that went last, while catching up
};

struct ViewerStats {
  std::vector<ViewerTrackStats> tracks;
  uint64_t picture_losses = 0;  // PLI and FIR
  uint64_t remb_bps = 0;        // 0: never told
};

class Viewer {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    /// A key frame of `track` would help; may come often.
    virtual void on_key_frame_wanted(size_t track) = 0;
  };

  /// `codecs` by the stream's track numbers. `listener`, `view` and, from connect() on, `transport` outlive the viewer.
  Viewer(std::vector<TrackPlan> plan, std::string cname, const std::vector<CodecKind>& codecs, const StreamView& view,
         Listener& listener);
  ~Viewer();

  /// Keys exist: starts with what is cached. Returns, as advance() and on_rtcp() do, when advance() is due again.
  TimePoint connect(ViewerTransport& transport, Instant now);
  /// New frames are there, or time has come.
  TimePoint advance(Instant now);
  TimePoint on_rtcp(Bytes packet, Instant now);
  /// RTCP BYE for all tracks (RFC 3550 section 6.6).
  void say_bye(const std::string& reason);

  ViewerStats stats() const;

 private:
  struct Track;

  void send_reports(Instant now);
  void handle(const rtcp::Record& record, Instant now);
  void on_picture_lost(Track& track, Instant now);
  void on_full_intra_request(const rtcp::FullIntraRequest& request, Instant now);
  Track* video_track(uint32_t ssrc);
  void advance_audio(Track& track, Instant now);

  const std::string cname_;
  const StreamView& view_;
  Listener& listener_;
  ViewerTransport* transport_ = nullptr;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::optional<TimePoint> next_report_;  // nothing before the first packet
  rtcp::ReceiverReferenceTime reference_time_;
  std::optional<TimePoint> reference_time_arrival_;
  Buffer rtcp_;  // kept for its capacity
  uint64_t picture_losses_ = 0;
  uint64_t remb_bps_ = 0;
};

}  // namespace reallive::rtc
