// Stream: one camera: its source (pulled or published), the output that viewers share, and when each of them runs.
// Main loop's thread. It never outlives Media, and it starts nothing that nobody wants.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/conversion.h"
#include "media/mailbox.h"
#include "media/media.h"
#include "media/output.h"
#include "media/pull_source.h"
#include "media/rtc_sessions.h"
#include "media/source_pipeline.h"

namespace reallive::media {

/// What a stream tells its owner.
class StreamListener {
 public:
  virtual ~StreamListener() = default;
  virtual void changed(const std::string& stream) = 0;
  virtual void session_opened(const std::string& stream, const std::string& session) = 0;
  virtual void session_connected(const std::string& session) = 0;
  virtual void session_gone(const std::string& session, const std::string& reason) = 0;
};

class Stream {
 public:
  Stream(SourceSpec spec, const Config& config, const RtcSettings& rtc, const PullSettings& pull,
         StreamListener& listener);
  /// Ends every session ("removed") and refuses whoever waits.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const SourceSpec& spec() const { return spec_; }
  void view(const std::string& offer, SessionCallback done);
  void publish(const std::string& offer, SessionCallback done);
  /// The configuration is another now; the streams of a server share it.
  void settings_changed();
  /// The sources' settings are others now.
  void sources_changed();
  /// Ends every session; who waits is answered by the endpoint that comes.
  void endpoint_changed();
  /// The sessions that hold `session`, or null.
  RtcSessions* sessions_with(const std::string& session) const;
  StreamStatus status() const;
  void append_sessions(std::vector<SessionStats>& to) const;
  std::optional<SessionStats> session(const std::string& session) const;

 private:
  using Picture = Output::Picture;

  struct Waiting {
    std::string offer;
    SessionCallback done;
    Picture picture = Picture::native;
    Timer deadline;
  };
  struct Place {  // of an output: one that sends the camera's picture, one that sends it converted
    std::unique_ptr<Output> output;
    Timer linger;
  };
  struct Ingest {
    std::unique_ptr<PipelineRunner> runner;
    std::unique_ptr<RtcSessions> sessions;
    std::shared_ptr<TrackMeter> meter;
    Timer sampler;
    std::string offer;
    SessionCallback waiting;  // until the offer is answered: a former publisher may still be ending
    unsigned flowing_seconds = 0;
  };

  bool source_can_come() const;
  Place& place(Picture picture) { return places_[static_cast<size_t>(picture)]; }
  base::Result<void> open_output(Picture picture);
  void close_output(Picture picture, const std::string& reason);
  void output_failed(Picture picture, const std::string& sentence);
  void answer_waiting();
  /// False when it goes on waiting.
  bool answer(Waiting& waiting);
  bool wants_sound_converted(Picture picture);
  void convert_sound();
  void convert_picture();
  void convert_picture_failed();
  void refuse(Waiting& waiting, const std::string& code, const std::string& sentence);
  void tell_waiting_of_error();
  void settle();
  SessionEvents viewer_events();
  SessionEvents publisher_events();
  void open_ingest(const std::string& offer, SessionCallback done);
  void answer_publisher();
  void sample_ingest();
  void close_ingest(const std::string& reason);

  const SourceSpec spec_;
  const Config& config_;
  const RtcSettings& rtc_;
  StreamListener& listener_;

  std::unique_ptr<PullSource> pull_;  // null for `publish`
  std::unique_ptr<Ingest> ingest_;    // while somebody publishes
  std::array<Place, 2> places_;       // their outputs are there while somebody watches, and a little longer
  std::unique_ptr<Conversion> sound_, picture_;
  Timer sound_linger_;
  std::string picture_error_;  // why the last conversion of the picture ended, while it rests
  Timer picture_rest_;
  std::list<std::unique_ptr<Waiting>> waiting_;
  Mailbox mailbox_;  // last: what it holds refers to the rest
};

}  // namespace reallive::media
