// Reference time: the capture time that travels with each buffer as its one GstReferenceTimestampMeta.
// Pure functions on a writable buffer, any thread. It never leaves two on a buffer and never invents a sender's time.
#pragma once

#include <cstdint>
#include <gst/gst.h>

namespace reallive::channel {

/// Leaves exactly one GstReferenceTimestampMeta on the buffer: UNIX time in ns, reference
/// `timestamp/x-unix, origin=(string)sender` from the first `timestamp/x-unix` or `timestamp/x-ntp` (ns since 1900)
/// that came with it, or `origin=(string)arrival` with `arrival` (ns since 1970). An origin that is there already
/// stays.
void settle_reference_time(GstBuffer* buffer, int64_t arrival);

}  // namespace reallive::channel
