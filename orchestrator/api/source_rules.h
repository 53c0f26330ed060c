// SourceRules: which sources the API lets somebody set or try. Plain values and a pure function; any thread.
// Names are not resolved here: where they lead is checked when the camera is connected to.
// It never repeats user or password of a source.
#pragma once

#include <vector>

#include "auth/principal.h"
#include "base/network.h"
#include "base/result.h"
#include "pipeline/address_rule.h"
#include "pipeline/camera_source.h"

namespace reallive::api {

struct SourceRules {
  pipeline::AddressRule addresses = {};  ///< what numeric hosts are held against
  bool launch = false;                   ///< admins may set launch lines
  bool operator==(const SourceRules&) const = default;
};

/// `own`: what base::own_addresses() says. SOURCE_NOT_ALLOWED or AUTH_INSUFFICIENT_PERMISSIONS, field `source.url`.
base::Result<void> check_source(const SourceRules& rules, const auth::Principal& principal,
                                const pipeline::CameraSource& source, const std::vector<base::IpAddress>& own);

}  // namespace reallive::api
