// Cameras as the API writes and reads them. Pure functions; any thread.
// What only owners and admins may see is left out for others; passwords in source addresses are never written.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "catalog/camera.h"
#include "http/message.h"

namespace reallive::api {

base::Json camera_json(const catalog::Camera& camera, bool with_secrets);
/// What everybody may know of a public camera: how to name it and whether there is something to watch.
base::Json public_camera_json(const catalog::Camera& camera);

/// What may be set in a new camera (`existing` null) or changed in this one. A source address exactly as camera_json()
/// shows it, passwords hidden, leaves the real one as it is. VALIDATION_FAILED with the field's path.
base::Result<catalog::CameraFields> read_camera_fields(const http::Request& request, const catalog::Camera* existing);

/// Of what people configure; what media reports does not change it.
std::string camera_etag(const catalog::Camera& camera);

}  // namespace reallive::api
