// RtcSessions: the main loop's side of one rtc element: offers in, answers out, and who is connected.
// Main loop's thread; the element's signals come through a mailbox. It never parses SDP.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/connection.h"
#include "media/mailbox.h"
#include "media/media.h"

namespace reallive::media {

/// What a session's owner is told. Calls come on the main loop, never inside a call to RtcSessions but close().
struct SessionEvents {
  std::function<void(const std::string& session)> connected;
  std::function<void(const std::string& session, const std::string& reason)> gone;
};

class RtcSessions {
 public:
  enum class Side { view, publish };

  /// `element` is a reallivertcsink (view) or a reallivertcsrc (publish).
  RtcSessions(Side side, Ref<GstElement> element, SessionEvents events);

  base::Result<SessionReply> answer(const std::string& offer);
  bool trickle(const std::string& session, const std::string& fragment);
  base::Result<std::string> restart_ice(const std::string& session, const std::string& fragment);
  bool remove(const std::string& session);
  /// Comma-separated addresses for answers from now on, in the place of this machine's own.
  void announce(const std::string& addresses);
  /// Ends every session and tells `gone` of each with `reason`; nothing is told afterwards.
  void close(const std::string& reason);

  size_t count() const { return sessions_.size(); }
  bool contains(const std::string& session) const { return sessions_.count(session) > 0; }
  void append_stats(const std::string& stream, std::vector<SessionStats>& to) const;
  /// Nothing when there is no such session.
  std::optional<SessionStats> stats(const std::string& stream, const std::string& session) const;

 private:
  struct Names;
  const Side side_;
  const Names& names_;
  const Ref<GstElement> element_;
  const SessionEvents events_;
  std::set<std::string> sessions_;
  Mailbox mailbox_;
  Connection connected_;
  Connection gone_;
};

}  // namespace reallive::media
