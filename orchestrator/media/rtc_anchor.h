// RtcAnchor: holds the server's WebRTC endpoint open (socket, certificate, limits) while no stream does. Main loop's
// thread. It never carries media itself.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "common/ref.h"
#include "media/source_pipeline.h"

namespace reallive::media {

class RtcAnchor {
 public:
  /// Opens the endpoint of `settings.listen`, or shares the one that is open there already; its limits are those of
  /// set_limits() only. Another anchor's address may overlap. Error code `failed`, with the reason.
  static base::Result<std::shared_ptr<RtcAnchor>> open(const RtcSettings& settings);
  /// Lets go of it on a thread of GStreamer's, as closing waits for sessions to say goodbye.
  ~RtcAnchor();
  RtcAnchor(const RtcAnchor&) = delete;
  RtcAnchor& operator=(const RtcAnchor&) = delete;

  /// Lets go of it before it returns.
  void close();
  void set_limits(const RtcLimits& limits);
  /// What was bound; 0 after close().
  uint16_t port() const;

 private:
  explicit RtcAnchor(Ref<GstElement> element);
  Ref<GstElement> element_;  // held below PLAYING; null after close()
};

}  // namespace reallive::media
