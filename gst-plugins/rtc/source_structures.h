// What reallivertcsrc answers with: plain results and statistics as GstStructures.
// Pure functions for any thread. They never name a field without its unit.
#pragma once

#include "common/ref.h"
#include "rtc/rtc_source.h"

namespace reallive::rtc {

/// "answer" with publisher and sdp, or "error" with code and reason.
StructurePtr to_structure(const Result<PublisherAnswer>& answer);
StructurePtr to_structure(const PublisherReport& report);
StructurePtr to_structure(const SourceTotals& totals, const std::optional<PublisherStats>& publisher,
                          const EndpointStats& endpoint);

}  // namespace reallive::rtc
