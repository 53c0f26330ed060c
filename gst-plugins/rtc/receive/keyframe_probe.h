// Tells from an RTP payload whether a key frame begins in it.
// Pure function for any thread. It never reads past the payload and never decodes.
#pragma once

#include "rtc/receive/negotiate.h"
#include "rtc/wire/bytes.h"

namespace reallive::rtc {

/// H.264: an IDR slice or a parameter set, alone, in a STAP-A or as the first fragment (RFC 6184 section 5).
/// VP8: the first partition of a frame whose P bit is clear (RFC 7741 sections 4.2 and 4.3). Audio always is one.
bool begins_keyframe(ReceiveCodec codec, Bytes payload);

}  // namespace reallive::rtc
