// Output: one pipeline that sends a stream to its WebRTC viewers: the camera's tracks as they are, and converted ones
// in the place of those that browsers cannot play. Main loop's thread; pads are linked on the elements' own. It never
// converts anything itself, and never waits for a converted track: offers are answered with it before it delivers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "media/conversion.h"
#include "media/rtc_sessions.h"
#include "media/source_pipeline.h"

namespace reallive::media {

/// What an output tells its owner. Calls come on the main loop, never inside a call to the output but close().
struct OutputEvents {
  std::function<void()> changed;                            ///< tracks, or whether offers can be answered
  std::function<void(const std::string& sentence)> failed;  ///< may destroy the output
  SessionEvents sessions;
};

class Output {
 public:
  enum class Picture { native, converted };

  static base::Result<std::unique_ptr<Output>> open(const RtcSettings& settings, const std::string& stream,
                                                    Picture picture, OutputEvents events);

  /// The source's writer has named all its tracks.
  bool tracks_known() const { return tracks_known_; }
  /// The codec of the camera's own track, as codec_of() names it; empty when it has none.
  std::string codec(bool video) const;
  /// Sends what `target` makes, from now on. Once is enough; false when the pipeline refuses it.
  bool carry(Conversion::Target target);
  bool carries(Conversion::Target target) const { return carried_.count(target) > 0; }
  /// Offers can be answered.
  bool ready() const;
  /// It has no track for anybody.
  bool empty() const;

  /// Beside the element's own codes: `not-ready`, to be asked again after `changed`.
  base::Result<SessionReply> answer(const std::string& offer);
  /// A viewer has a track of sound.
  bool heard() const;
  RtcSessions& sessions() { return *sessions_; }
  const RtcSessions& sessions() const { return *sessions_; }

 private:
  Output(std::string stream, OutputEvents events);
  void watch_tracks(GstElement* channel, Picture picture);
  void fail(const std::string& sentence);

  const std::string stream_;
  const OutputEvents events_;
  std::unique_ptr<PipelineRunner> runner_;
  Ref<GstElement> rtc_;
  std::unique_ptr<RtcSessions> sessions_;
  bool tracks_known_ = false;
  std::map<std::string, std::string> codecs_;  // by the channel's pad name: "video_0" → "H265"
  std::set<Conversion::Target> carried_;
  std::set<std::string> listeners_;  // sessions that were offered sound
  Mailbox mailbox_;
  Connection ready_;
};

}  // namespace reallive::media
