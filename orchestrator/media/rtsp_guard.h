// RtspGuard: keeps every rtspsrc of this process at the address that it was given. Cameras may answer with a redirect,
// with a transport that was not asked for, or with a sender elsewhere; none of these is followed.
// Lives on rtspsrc's own threads. It never looks at media, and belongs to this process alone: it is in no plugin.
#pragma once

#include <string>

#include "common/ref.h"

namespace reallive::media {

/// Makes the guard known to rtspsrc, which asks once in a process which extensions of RTSP there are: call it before
/// the first rtspsrc is made. Further calls do nothing.
void install_rtsp_guard();

/// Whatever `rtspsrc` sends by UDP goes to `address`, whatever the camera says (`source=` in its Transport header).
void pin_datagrams(GstElement* rtspsrc, const std::string& address);

}  // namespace reallive::media
