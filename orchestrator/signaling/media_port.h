// MediaPort: what signaling asks of media, declared by the one who asks. Main loop's thread.
// Answers may come within the call or later; each callback is called exactly once.
// It never sees HTTP, users or rights.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace reallive::signaling {

struct MediaAnswer {
  std::string session;  ///< media's own id of the viewer or publisher
  std::string sdp;
};

/// Error codes: `bad-offer`, `no-common-codec`, `not-live`, `already-published`, `not-publishable`, `no-such-stream`,
/// `too-many-sessions`; every other one is a failure of the server.
class MediaPort {
 public:
  using Callback = std::function<void(base::Result<MediaAnswer>)>;

  virtual ~MediaPort() = default;
  virtual void view(const std::string& stream, const std::string& offer, Callback done) = 0;
  virtual void publish(const std::string& stream, const std::string& offer, Callback done) = 0;
  /// False when the session is unknown.
  virtual bool trickle(const std::string& session, const std::string& fragment) = 0;
  /// The answer's fragment; codes `no-such-session`, `bad-offer`.
  virtual base::Result<std::string> restart_ice(const std::string& session, const std::string& fragment) = 0;
  virtual bool end_session(const std::string& session) = 0;
};

}  // namespace reallive::signaling
