// What reallivertcsink answers with: plain results and statistics as GstStructures.
// Pure functions for any thread. They never name a field without its unit.
#pragma once

#include "common/ref.h"
#include "rtc/send/stream.h"

namespace reallive::rtc {

/// "answer" with `id_field` ("viewer") and sdp, or "error" with code and reason.
StructurePtr to_structure(const Result<ViewerAnswer>& answer, const char* id_field);
StructurePtr to_structure(const ViewerReport& report);
StructurePtr to_structure(const StreamStats& stats, const EndpointStats& endpoint);

}  // namespace reallive::rtc
